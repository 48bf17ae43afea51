// Real servers that are killed, left behind and started again, as whoever runs the tests and as an ordinary user.
import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { findProcesses, isAlive } from '../../../infra/servers/processes.ts';
import {
  defaultCacheFolder,
  findNatsServer,
  startNats,
  startPostgres,
  unprivilegedUser,
} from '../../../infra/servers/servers.ts';
import type { RunningServer } from '../../../infra/servers/servers.ts';
import { copyHouse, postgresPackage, repository, runProgram } from '../../support/programs.ts';
import type { Program, Who } from '../../support/programs.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
const user = unprivilegedUser();
const isRoot = user !== undefined;
// Processes are started and killed by the dozen here; a busy machine may take its time.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let binary: string;
let folder: TemporaryFolder;
let running: RunningServer[];
let programs: Program[];

beforeAll(async () => {
  binary = (await findNatsServer({ env: process.env, cacheDir, log: quietLog })).path;
});

beforeEach(async () => {
  folder = await temporaryFolder('drey-embedded');
  running = [];
  programs = [];
});

afterEach(async () => {
  await Promise.all(programs.map((program) => program.kill()));
  await Promise.all(running.map((server) => server.stop()));
  await folder.remove();
});

const how = () => ({ dataDir: join(folder.path, 'data'), cacheDir, user, log: quietLog });

async function openNats(o: Partial<Parameters<typeof startNats>[0]> = {}): Promise<RunningServer> {
  const server = await startNats({ ...how(), binary, ...o });
  running.push(server);
  return server;
}

async function openPostgres(o: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<RunningServer> {
  const server = await startPostgres({ ...how(), ...o });
  running.push(server);
  return server;
}

async function onNats<Answer>(
  url: string,
  work: (nc: Awaited<ReturnType<typeof connect>>) => Promise<Answer>,
) {
  const { host, username } = new URL(url);
  const nc = await connect({ servers: host, token: username });
  try {
    return await work(nc);
  } finally {
    await nc.close();
  }
}

/** Publishes so many acknowledged messages to a stream on disk; answers how many the stream holds then. */
const store = (url: string, count: number): Promise<number> =>
  onNats(url, async (nc) => {
    const streams = (await jetstreamManager(nc)).streams;
    await streams.add({ name: 'KEPT', subjects: ['kept'] }).catch(() => streams.info('KEPT'));
    for (let i = 0; i < count; i += 1) await jetstream(nc).publish('kept', `${i}`);
    return (await streams.info('KEPT')).state.messages;
  });

/** Inserts so many committed rows; answers how many there are then. */
async function insert(url: string, count: number): Promise<number> {
  return onPostgres(url, async (client) => {
    await client.query('create table if not exists kept (n int)');
    for (let i = 0; i < count; i += 1) await client.query('insert into kept values ($1)', [i]);
    return Number((await client.query('select count(*) as n from kept')).rows[0].n);
  });
}

async function onPostgres<Answer>(url: string, work: (client: Client) => Promise<Answer>): Promise<Answer> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Who a process runs as; where the system does not say, the test's own user. */
async function ownerOf(pid: number): Promise<number | undefined> {
  return process.platform === 'linux' ? (await stat(`/proc/${pid}`)).uid : process.getuid?.();
}

function takePort(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

describe('the embedded nats-server', () => {
  test('keeps every acknowledged message when it is killed, and is found again where it was', async () => {
    const first = await openNats();
    expect(await store(first.url, 50)).toBe(50);
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await openNats();
    expect(second.url).toBe(first.url);
    expect(await store(second.url, 0)).toBe(50);
  });

  test('asks for its token, listens on loopback only and runs without rights', async () => {
    const server = await openNats();
    await expect(connect({ servers: `127.0.0.1:${server.port}`, reconnect: false })).rejects.toThrow(
      /authorization/i,
    );
    expect(await ownerOf(server.pid)).toBe(user?.uid ?? process.getuid?.());
    expect((await stat(join(folder.path, 'data', 'nats', 'token'))).mode & 0o777).toBe(0o600);
    const contextFile = join(folder.path, 'data', 'nats', 'context.json');
    expect((await stat(contextFile)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(contextFile, 'utf8'))).toMatchObject({
      url: `nats://127.0.0.1:${server.port}`,
      token: new URL(server.url).username,
    });
    expect((await stat(join(folder.path, 'data', 'nats', 'nats.conf'))).mode & 0o777).toBe(0o600);
  });

  test('takes another port when somebody else has its own by now', async () => {
    const first = await openNats();
    await first.stop();
    const other = await takePort(first.port);
    const second = await openNats();
    other.close();
    expect(second.port).not.toBe(first.port);
  });

  test('refuses an explicit port that is taken', async () => {
    const other = await takePort(0);
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(openNats({ port })).rejects.toMatchObject({ code: 'port_in_use', details: { port } });
    other.close();
  });

  test('stops a left-over on the same data before it starts', async () => {
    const first = await openNats();
    await store(first.url, 10);
    const second = await openNats();
    await first.exited;
    expect(second.pid).not.toBe(first.pid);
    expect(await store(second.url, 0)).toBe(10);
  });

  test('that cannot start says why', async () => {
    const program = join(folder.path, 'not-nats');
    await writeFile(program, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    await expect(openNats({ binary: program })).rejects.toMatchObject({ code: 'process_failed' });
    await expect(openNats({ binary: join(folder.path, 'nothing') })).rejects.toThrow(/nothing/);
  });

  test('that cannot sync each message is refused where that was promised', async () => {
    const old = join(folder.path, 'nats-server');
    await writeFile(old, '#!/bin/sh\necho "nats-server: v2.9.10"\n', { mode: 0o755 });
    await expect(openNats({ binary: old, syncAlways: true })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  test.runIf(isRoot)('runs from the cache folder when it lies where only root can go', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await copyFile(binary, join(closed, 'nats-server'));
    await chmod(join(closed, 'nats-server'), 0o755);
    const ownCache = join(folder.path, 'cache');
    const server = await openNats({ binary: join(closed, 'nats-server'), cacheDir: ownCache });
    expect(await store(server.url, 1)).toBe(1);
  });
});

describe('the embedded Postgres', () => {
  let template: TemporaryFolder;

  // Making a cluster takes most of a start's time; it is made once, and each test works on a copy of its own.
  beforeAll(async () => {
    template = await temporaryFolder('drey-template');
    const server = await startPostgres({ dataDir: template.path, cacheDir, user, log: quietLog });
    await insert(server.url, 3);
    await server.stop();
  });

  beforeEach(async () => {
    await promisify(execFile)('cp', ['-a', template.path, join(folder.path, 'data')]);
  });

  afterAll(async () => {
    await template.remove();
  });

  test('keeps every committed row when its postmaster is killed under a busy session', async () => {
    const first = await openPostgres();
    expect(await insert(first.url, 50)).toBe(53);
    const busy = onPostgres(first.url, (client) => client.query('select pg_sleep(60)'));
    busy.catch(() => undefined);
    await onPostgres(first.url, (client) =>
      until('the session is busy', async () => {
        const sleeping =
          "select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'";
        return (await client.query(sleeping)).rowCount === 1;
      }),
    );
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await openPostgres();
    expect(second.url).toBe(first.url);
    expect(await insert(second.url, 0)).toBe(53);
    await expect(busy).rejects.toThrow(/terminat|closed|reset/i);
  });

  test('is a Postgres 18 with a database of its own, asks for its password and runs without rights', async () => {
    const server = await openPostgres();
    expect(server.version).toMatch(/^18\./);
    const setting = (client: Client, name: string) =>
      client.query(`show ${name}`).then((result) => Object.values(result.rows[0] as object)[0]);
    await onPostgres(server.url, async (client) => {
      expect((await client.query('select current_database() as name')).rows[0].name).toBe('drey');
      expect(await setting(client, 'fsync')).toBe('on');
      expect(await setting(client, 'listen_addresses')).toBe('127.0.0.1');
      expect(await setting(client, 'server_encoding')).toBe('UTF8');
      expect(await setting(client, 'max_connections')).toBe('60');
      expect((await client.query("select lower('ÄÖ') as text")).rows[0].text).toBe('äö');
    });
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(onPostgres(wrong.href, (client) => client.query('select 1'))).rejects.toThrow(/password/);
    expect(await ownerOf(server.pid)).toBe(user?.uid ?? process.getuid?.());
  });

  test('takes another port when somebody else has its own by now', async () => {
    const first = await openPostgres();
    await first.stop();
    const other = await takePort(first.port);
    const second = await openPostgres();
    other.close();
    expect(second.port).not.toBe(first.port);
  });

  test('refuses an explicit port that is taken', async () => {
    const other = await takePort(0);
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(openPostgres({ port })).rejects.toMatchObject({ code: 'port_in_use', details: { port } });
    other.close();
  });

  test('starts although the pid in its stale pid file belongs to a stranger, who is left alone', async () => {
    const first = await openPostgres();
    const data = join(folder.path, 'data', 'postgres', 'data');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    // Only a process of the same user stands in the way of Postgres.
    const as = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      ...as,
      cwd: '/',
      stdio: 'ignore',
    });
    const pidFile = join(data, 'postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await writeFile(pidFile, [String(stranger.pid), ...lines.slice(1)].join('\n'));
    const second = await openPostgres();
    expect(await insert(second.url, 0)).toBe(3);
    expect(isAlive(stranger.pid ?? 0)).toBe(true);
    stranger.kill('SIGKILL');
  });

  test('learns a new password when the file with the old one is lost', async () => {
    const first = await openPostgres();
    await first.stop();
    await rm(join(folder.path, 'data', 'postgres', 'password'));
    const second = await openPostgres();
    expect(second.url).not.toBe(first.url);
    expect(await insert(second.url, 0)).toBe(3);
  });

  test('makes its data anew when the first start was killed half way', async () => {
    const folderOfServer = join(folder.path, 'data', 'postgres');
    await rename(join(folderOfServer, 'data'), join(folderOfServer, 'data.draft-0badcafe'));
    const server = await openPostgres();
    expect(await insert(server.url, 1)).toBe(1);
    expect(await stat(join(folderOfServer, 'data.draft-0badcafe')).catch(() => 'gone')).toBe('gone');
  });

  test('refuses the data of another major version instead of touching it', async () => {
    await writeFile(join(folder.path, 'data', 'postgres', 'data', 'PG_VERSION'), '17\n');
    await expect(openPostgres()).rejects.toMatchObject({
      code: 'data_folder_unusable',
      details: { made: '17' },
    });
  });

  test('can be stopped twice, and after it was killed', async () => {
    const server = await openPostgres();
    await server.stop();
    await server.stop();
    const next = await openPostgres();
    process.kill(next.pid, 'SIGKILL');
    await next.exited;
    await next.stop();
    expect([server.pid, next.pid].filter(isAlive)).toEqual([]);
  });
});

test.runIf(isRoot)(
  'servers go on as the owner of their data when another user is preferred by now',
  async () => {
    const before = { uid: 65_534, gid: 65_534, name: 'nobody' };
    const preferred = { uid: 65_533, gid: 65_533, name: 'another' };
    const first = [await openNats({ user: before }), await openPostgres({ user: before })];
    await store(first[0]?.url ?? '', 4);
    await Promise.all(first.map((server) => server.stop()));
    const nats = await openNats({ user: preferred });
    const postgres = await openPostgres({ user: preferred });
    expect([await ownerOf(nats.pid), await ownerOf(postgres.pid)]).toEqual([before.uid, before.uid]);
    expect(await store(nats.url, 0)).toBe(4);
  },
);

test.runIf(isRoot)(
  'a data folder that the servers cannot reach is refused, naming the closed folder above it',
  async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const refused = { code: 'data_folder_unusable', details: { closed } };
    await expect(openNats({ dataDir: join(closed, 'drey') })).rejects.toMatchObject(refused);
    await expect(openPostgres({ dataDir: join(closed, 'drey') })).rejects.toMatchObject(refused);
    await expect(openPostgres({ dataDir: join(closed, 'drey') })).rejects.toThrow(/DREY_DATA/);
  },
);

interface Started {
  readonly nats: { url: string; port: number; pid: number };
  readonly postgres: { url: string; port: number; pid: number };
}

interface Place {
  readonly who: Who | undefined;
  readonly house: string;
  readonly dataDir: string;
  readonly cacheDir: string;
}

const ordinary: Who = { uid: 65_534, gid: 65_534 };

describe.each(isRoot ? ['as root', 'as an ordinary user'] : ['as an ordinary user'])('a node %s', (name) => {
  let home: TemporaryFolder;
  let place: Place;

  beforeAll(async () => {
    home = await temporaryFolder('drey-home');
    const house = join(home.path, 'house');
    if (isRoot && name === 'as an ordinary user') {
      await copyHouse(house, ordinary);
      place = { who: ordinary, house, dataDir: join(house, 'data'), cacheDir: join(house, 'cache') };
    } else {
      place = { who: undefined, house: repository, dataDir: join(home.path, 'data'), cacheDir };
    }
  });

  afterAll(async () => {
    // What a failed test left behind is known by the folder that it works in.
    const left = await findProcesses(({ command }) => command.some((word) => word.includes(home.path)));
    left.forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
    await home.remove();
  });

  async function launch(): Promise<{ program: Program; started: Started }> {
    const program = runProgram('starter', [place.dataDir, place.cacheDir, binary], place.who, place.house);
    programs.push(program);
    return { program, started: JSON.parse(await program.line()) as Started };
  }

  async function end(program: Program, started: Started): Promise<void> {
    program.say('stop\n');
    await program.ended;
    expect([started.nats.pid, started.postgres.pid].filter(isAlive)).toEqual([]);
  }

  test('killed with kill -9 leaves servers behind that the next one stops and replaces, data and ports kept', async () => {
    const first = await launch();
    const counts = [await store(first.started.nats.url, 20), await insert(first.started.postgres.url, 20)];
    await first.program.kill();
    expect([first.started.nats.pid, first.started.postgres.pid].filter(isAlive)).toHaveLength(2);
    const second = await launch();
    expect([first.started.nats.pid, first.started.postgres.pid].filter(isAlive)).toEqual([]);
    expect(second.started.nats.url).toBe(first.started.nats.url);
    expect(second.started.postgres.url).toBe(first.started.postgres.url);
    expect([await store(second.started.nats.url, 0), await insert(second.started.postgres.url, 0)]).toEqual(
      counts,
    );
    await end(second.program, second.started);
  });

  test('killed together with both of its servers loses nothing', async () => {
    const first = await launch();
    const counts = [await store(first.started.nats.url, 20), await insert(first.started.postgres.url, 20)];
    for (const pid of [first.program.pid, first.started.postgres.pid, first.started.nats.pid]) {
      process.kill(pid, 'SIGKILL');
    }
    await first.program.ended;
    const second = await launch();
    expect([await store(second.started.nats.url, 0), await insert(second.started.postgres.url, 0)]).toEqual(
      counts,
    );
    await end(second.program, second.started);
  });

  test.runIf(isRoot && name === 'as an ordinary user')(
    'starts although the links between the Postgres libraries were never made',
    async () => {
      const native = await postgresPackage(place.house);
      const link =
        (await stat(join(native, 'lib', 'libpq.so.5')).catch(() => undefined)) &&
        join(native, 'lib', 'libpq.so.5');
      if (link !== undefined) await rename(link, `${link}.aside`);
      const { program, started } = await launch();
      expect(await insert(started.postgres.url, 0)).toBeGreaterThan(0);
      await end(program, started);
      expect(await stat(join(native, 'lib', 'libpq.so.5')).catch(() => 'not made')).toBe('not made');
    },
  );
});
