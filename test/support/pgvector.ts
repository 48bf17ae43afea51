/**
 * A Postgres with the extension `vector`, where the machine has one: Debian's package, or the folder with the programs of
 * any other in `DREY_PGVECTOR_BIN`. It is never fetched; what needs it is skipped and says so.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

import { unprivilegedUser } from '../../infra/servers/servers.ts';
import { temporaryFolder } from './temporary.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const debian = '/usr/lib/postgresql';

/** For titles of what is skipped. */
export const pgvectorPlaces = `DREY_PGVECTOR_BIN or ${debian}`;

/** The folder of its programs; undefined where there is none. */
export async function findPgvector(): Promise<string | undefined> {
  const named = process.env['DREY_PGVECTOR_BIN'];
  if (named) return named;
  const versions = await readdir(debian).catch(() => []);
  return versions
    .filter((version) => existsSync(`/usr/share/postgresql/${version}/extension/vector.control`))
    .map((version) => join(debian, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

export interface PgvectorServer {
  /** Its superuser's, with the database `postgres`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one on a free port with data of its own. */
export async function startPgvector(programs: string): Promise<PgvectorServer> {
  const folder = await temporaryFolder('drey-pgvector');
  const data = join(folder.path, 'data');
  const user = unprivilegedUser();
  const who = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  await mkdir(data);
  if (user !== undefined) await chown(data, user.uid, user.gid);
  const how = { ...who, cwd: folder.path };
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], how);
  const port = await findFreePort();
  const words = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off'];
  const child = spawn(join(programs, 'postgres'), words, { ...how, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await until('Postgres answers', () => ping(url), 30_000);
  return {
    url,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      await folder.remove();
    },
  };
}

async function ping(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } finally {
    await client.end();
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
