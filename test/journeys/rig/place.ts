/**
 * A place of its own for a journey: a temporary folder with configuration and data folder, the program run in it as
 * users run it, and a look at what still runs there. Nothing outside of the folder is read, written or ended.
 */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary.ts';
import { dreyBin, packageRoot } from '../demo/node.ts';

/** The variable by which processes without the folder in their words are known to belong to it. */
const markName = 'DREY_JOURNEY';
/** A program that does not end by itself is a failure, and ended. */
const runMsMax = 110_000;

export interface Place {
  readonly folder: string;
  readonly dataFolder: string;
  readonly config: string;
  /** What a program is started with here: nothing of the machine's own Drey, and the mark. */
  readonly env: Record<string, string>;
  writeConfig(content: object): Promise<void>;
  /** The processes that belong to this place, with their words. */
  running(): readonly SeenProcess[];
  remove(): Promise<void>;
}

export interface SeenProcess {
  readonly pid: number;
  readonly words: string;
}

/** Makes the folder and writes `drey.json`; a free port is taken unless the content names one. */
export async function createPlace(content: object = {}): Promise<Place> {
  const folder = await temporaryFolder('drey-journey');
  const config = join(folder.path, 'drey.json');
  const env = { ...cleanEnv(), [markName]: folder.path };
  const writeConfig = (now: object): Promise<void> => writeFile(config, JSON.stringify({ port: 0, ...now }));
  await writeConfig(content);
  return {
    folder: folder.path,
    dataFolder: join(folder.path, 'data'),
    config,
    env,
    writeConfig,
    running: () => findRunning(folder.path),
    remove: () => folder.remove(),
  };
}

/** The environment without what would lead to other servers or data; the nats-server to use may be named in it. */
function cleanEnv(): Record<string, string> {
  const kept = new Set(['DREY_NATS_SERVER', 'DREY_NATS_RELEASES', 'DREY_CACHE']);
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ||
      name === 'DATABASE_URL' ||
      name.startsWith('OTEL_') ||
      (name.startsWith('DREY_') && !kept.has(name))
        ? []
        : [[name, value] as const],
    ),
  );
}

/** An MCP reference server for `mcpServers`, from the installed packages. */
export function referenceServer(place: Pick<Place, 'folder'>, name: string, ...args: string[]): object {
  return {
    command: process.execPath,
    args: [join(packageRoot, 'node_modules/@modelcontextprotocol', name, 'dist/index.js'), ...args],
    env: { [markName]: place.folder },
  };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `drey` with these words to its end. */
export async function runDrey(
  place: Place,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ended> {
  const child = spawn(process.execPath, [dreyBin, ...words], {
    cwd: place.folder,
    env: { ...place.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const bound = setTimeout(() => child.kill('SIGKILL'), runMsMax);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(bound);
  return { code, stdout, stderr };
}

/** By words, by the mark in the environment, or by working folder; on systems without /proc nothing is seen. */
function findRunning(folder: string): SeenProcess[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const words = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      const belongs =
        words.includes(folder) ||
        read(`/proc/${name}/environ`).includes(`${markName}=${folder}\0`) ||
        readWorkingFolder(name).startsWith(`${folder}/`);
      // A process that has ended and was not collected yet has no words.
      return belongs && words !== '' ? [{ pid: Number(name), words }] : [];
    });
}

function readWorkingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
