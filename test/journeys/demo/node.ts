/** Starts a real node as a child process in a folder of its own, and speaks to its REST face. Stops it by its own pid. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** The package's folder, whether this runs from `test/` or from the build. */
export const packageRoot = existsSync(join(here, '../../../package.json'))
  ? join(here, '../../..')
  : join(here, '../../../..');
export const dreyBin = join(packageRoot, 'dist/src/cli/drey.js');

export interface NodeProcess {
  readonly url: string;
  readonly pid: number;
  readonly dataFolder: string;
  /** Everything it wrote on stderr and stdout. */
  readonly output: () => string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  stop(): Promise<number | null>;
  readonly child: ChildProcess;
}

export interface NodeProcessOptions {
  readonly dataFolder: string;
  readonly config: string;
  readonly port?: number;
  readonly env?: Record<string, string>;
  readonly args?: readonly string[];
}

/** Starts `drey up` and waits until it answers. */
export async function startNodeProcess(options: NodeProcessOptions): Promise<NodeProcess> {
  const { dataFolder, config, port = 0 } = options;
  const args = [
    'up',
    '--config',
    config,
    '--data',
    dataFolder,
    '--port',
    String(port),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, [dreyBin, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-200_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const gone = exit.then((code) => {
    throw new Error(`the node ended with code ${code} before it answered:\n${output}`);
  });
  const { url } = await Promise.race([
    gone,
    until('the node answers', () => readAddress(dataFolder, child.pid), 120_000),
  ]);
  gone.catch(() => undefined);
  return {
    url,
    pid: child.pid ?? 0,
    dataFolder,
    output: () => output,
    child,
    get: (path) => ask(url + path),
    post: (path, body) =>
      ask(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async stop() {
      child.kill('SIGTERM');
      return exit;
    },
  };
}

async function readAddress(
  dataFolder: string,
  pid: number | undefined,
): Promise<{ url: string } | undefined> {
  try {
    const address = JSON.parse(await readFile(join(dataFolder, 'node.json'), 'utf8')) as {
      url: string;
      pid: number;
    };
    if (address.pid !== pid) return undefined;
    const answer = await fetch(`${address.url}/api/v1/status`);
    return answer.ok ? address : undefined;
  } catch {
    return undefined;
  }
}

async function ask<T>(url: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok)
    throw new Error(`${init?.method ?? 'GET'} ${url} answered ${answer.status}: ${text.slice(0, 500)}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
