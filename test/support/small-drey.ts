/**
 * `drey` with a small node inside: everything of the command line is real, processes, signals and the data folder's lock
 * included; only what `up` starts is an HTTP server that echoes over /stdio. Run as a program by tests.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { lockDataFolder } from '../../infra/servers/servers.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { leave, openWorld, runCli } from '../../src/cli/cli.ts';
import type { StartedNode, World } from '../../src/cli/cli.ts';
import { sendJson, startSmallNode } from './small-node.ts';
import type { Route } from './small-node.ts';

const startNode: World['startNode'] = async ({ env, flags }): Promise<StartedNode> => {
  const dataDir = flags.data ?? '';
  if (env['SMALL_DREY_FAILS'] !== undefined)
    throw new DreyError('postgres_missing', 'There is no Postgres here.');
  if (env['SMALL_DREY_PORT_IN_USE'] !== undefined && flags.port !== 0) {
    throw new DreyError('port_in_use', 'Port 7333 is in use.');
  }
  if (env['SMALL_DREY_DIES'] !== undefined) process.exit(3);
  const lock = await lockDataFolder({ dataDir, pid: process.pid, now: () => Date.now() });
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const sockets = new Set<Duplex>();
  const drain = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await rm(join(dataDir, 'node.json'), { force: true });
    await node.close();
    await lock.release();
    stop();
  };
  const shutdown: Route = (_req, res) => {
    sendJson(res, { stopping: true }, 202);
    res.once('finish', () => void drain());
  };
  const idle = flags.stopWhenIdleSeconds ?? null;
  const node = await startSmallNode({
    routes: {
      'GET /healthz': { status: 'ok' },
      'GET /api/v1/status': { state: 'running', pid: process.pid, idle, sessions: sockets.size },
      'POST /api/v1/shutdown': shutdown,
    },
    onUpgrade: (req, socket, head) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: drey-stdio\r\n\r\n');
      // The first line tells who answers; then everything comes back as it was.
      socket.write(`${process.pid} ${req.url ?? ''}\n`);
      if (head.length > 0) socket.unshift(head);
      socket.pipe(socket);
    },
  });
  await writeFile(
    join(dataDir, 'node.json'),
    JSON.stringify({ url: node.url, pid: process.pid, version: '0.1.0' }),
  );
  return { url: node.url, dataDir, pid: process.pid, stopped, drain, reload: () => undefined };
};

const world = openWorld(process, fileURLToPath(import.meta.url), startNode);
await leave(process, await runCli(process.argv.slice(2), world));
