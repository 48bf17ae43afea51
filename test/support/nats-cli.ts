/** The NATS CLI where the machine has one. It is never fetched; what needs it is skipped and says so. */
import { execFile, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const natsCliPlaces = 'DREY_NATS_CLI, the PATH and GOBIN';

/** The program's path; undefined where there is none that runs. */
export async function findNatsCli(env = process.env): Promise<string | undefined> {
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter),
    env['GOBIN'] ?? '',
    ...(env['GOPATH'] ?? join(homedir(), 'go')).split(delimiter).map((folder) => join(folder, 'bin')),
  ];
  const places = [
    env['DREY_NATS_CLI'] ?? '',
    ...folders.filter(Boolean).map((folder) => join(folder, 'nats')),
  ];
  for (const place of places.filter(Boolean)) {
    const version = await run(place, ['--version'], { timeout: 10_000 }).catch(() => undefined);
    if (version !== undefined && /\d+\.\d+/.test(version.stdout + version.stderr)) return place;
  }
  return undefined;
}

export interface Line {
  readonly code: number | null;
  readonly text: string;
  readonly elapsedMs: number;
}

/** Runs a line of shell to its end; in a terminal of its own where one is asked for (util-linux has `script`). */
export async function runLine(
  line: string,
  env: Readonly<Record<string, string | undefined>>,
  terminal = false,
): Promise<Line> {
  const begun = performance.now();
  const words = terminal
    ? (['script', ['-qec', line, '/dev/null']] as const)
    : (['sh', ['-c', line]] as const);
  const child = spawn(words[0], words[1], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const bound = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(bound);
  return { code, text, elapsedMs: performance.now() - begun };
}
