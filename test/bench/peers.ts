/**
 * Other gateways from the npm registry in front of the same upstream, for the gateway's bench: installed into the cache
 * folder, never into the project.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheFolder } from '../../infra/servers/servers.ts';
import { until } from '../support/until.ts';
import { openHttpTarget } from './load.ts';
import type { Target } from './load.ts';
import { openSseTarget } from './sse-target.ts';

export interface Peer {
  readonly name: string;
  readonly pid: number;
  /** A session that calls the upstream's tool through it. */
  open(): Promise<Target>;
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  readonly bin: string;
  words(port: number, upstream: readonly string[], folder: string): readonly string[];
  /** Without it: the streamable transport, and the tool under its own name. */
  readonly open?: (url: string) => Promise<Target>;
}

const kinds: readonly Kind[] = [
  {
    name: 'supergateway',
    package: 'supergateway',
    version: '4.0.0',
    bin: 'dist/index.js',
    words: (port, upstream) => [
      '--stdio',
      upstream.map((word) => JSON.stringify(word)).join(' '),
      '--outputTransport',
      'streamableHttp',
      '--stateful',
      '--logLevel',
      'none',
      '--port',
      String(port),
    ],
  },
  {
    name: 'mcpproxy',
    package: 'mcp-proxy',
    version: '6.7.19',
    bin: 'dist/bin/mcp-proxy.mjs',
    words: (port, upstream) => ['--port', String(port), '--server', 'stream', ...upstream],
  },
  {
    name: 'mcphub',
    package: 'mcp-hub',
    version: '4.2.1',
    bin: 'dist/cli.js',
    words: (port, [command, ...args], folder) => {
      const config = join(folder, 'mcp-hub.json');
      writeFileSync(config, JSON.stringify({ mcpServers: { up: { command, args } } }));
      return ['--port', String(port), '--config', config];
    },
    open: (url) => openSseTarget(url, 'up__tool_0'),
  },
];
const startMs = 30_000;
const installMs = 300_000;

/** Installs what is missing and starts them all; none is left running when one does not come up. */
export async function startPeers(upstream: string): Promise<readonly Peer[]> {
  const folder = join(defaultCacheFolder(process.env, process.getuid?.()), 'bench-peers');
  await install(folder);
  const started: Peer[] = [];
  try {
    for (const kind of kinds) started.push(await start(folder, kind, [process.execPath, upstream]));
    return started;
  } catch (error) {
    await Promise.all(started.map((peer) => peer.stop()));
    throw error;
  }
}

async function install(folder: string): Promise<void> {
  const missing = kinds.filter((kind) => !existsSync(join(folder, 'node_modules', kind.package, kind.bin)));
  if (missing.length === 0) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}\n');
  const wanted = kinds.map((kind) => `${kind.package}@${kind.version}`);
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--save-exact', ...wanted], {
    cwd: folder,
    timeout: installMs,
  });
}

async function start(folder: string, kind: Kind, upstream: readonly string[]): Promise<Peer> {
  const port = await takePort();
  const program = join(folder, 'node_modules', kind.package, kind.bin);
  const child = spawn(process.execPath, [program, ...kind.words(port, upstream, folder)], {
    stdio: ['ignore', 'ignore', 'ignore'],
    detached: true,
  });
  const { pid } = child;
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (pid === undefined) throw new Error(`${kind.name} could not be started`);
  const stop = async (): Promise<void> => {
    // Its upstreams are its own group.
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    await gone;
  };
  const url = `http://127.0.0.1:${port}/mcp`;
  try {
    await until(`${kind.name} listens`, () => answers(url), startMs);
  } catch (error) {
    await stop();
    throw error;
  }
  const open = (): Promise<Target> => kind.open?.(url) ?? openHttpTarget(url, 'tool_0');
  return { name: kind.name, pid, open, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

async function takePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
