/** A Postgres that restarts, freezes, is not there or refuses: the process lives on and the sentence says what to do. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { defaultCacheFolder, startPostgres, unprivilegedUser } from '../../../infra/servers/servers.ts';
import type { RunningServer } from '../../../infra/servers/servers.ts';
import {
  addToOutbox,
  ensureNamespace,
  measureOutbox,
  migrateStore,
  openStore,
} from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { event } from '../../support/store-rows.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

const now = (): number => performance.now();

describe('a store whose server restarts', () => {
  let folder: TemporaryFolder;
  let server: RunningServer;

  const start = (): Promise<RunningServer> =>
    startPostgres({
      dataDir: folder.path,
      cacheDir: defaultCacheFolder(process.env, process.getuid?.()),
      user: unprivilegedUser(),
      log,
    });

  beforeAll(async () => {
    folder = await temporaryFolder('drey-outage');
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  test('a server that was never prepared is named as such', async () => {
    await expect(openStore({ url: server.url, log, now })).rejects.toMatchObject({
      code: 'migration_failed',
    });
  });

  test('the process survives, callers are told, and work goes on when the server is back', async () => {
    await migrateStore({ url: server.url, log });
    const store = await openStore({ url: server.url, log, now });
    const broken: string[] = [];
    store.onError((error) => broken.push(error.code));
    await store.inNamespace('acme', async (trx) => {
      await ensureNamespace(trx);
      await addToOutbox(trx, [event('acme', 'before')]);
    });
    await server.stop();
    await until('the pool has noticed', () => broken.includes('database_unavailable'));
    await expect(store.ping()).rejects.toMatchObject({ code: 'database_unavailable', retry: 'later' });
    server = await start();
    expect(await measureOutbox(store)).toMatchObject({ waiting: 1 });
    await store.close();
    await store.close();
  });
});

describe('a store whose connection breaks or freezes', () => {
  let opened: TestStore;

  beforeAll(async () => {
    opened = await openTestStore(inject('postgresUrl'));
    await opened.store.inNamespace('acme', (trx) => ensureNamespace(trx));
  });
  afterAll(() => opened.close());

  test('a connection that dies inside a transaction loses the transaction and nothing else', async () => {
    const work = opened.store.inNamespace('acme', async (trx) => {
      await addToOutbox(trx, [event('acme', 'lost')]);
      await opened.killBackends();
      await addToOutbox(trx, [event('acme', 'never')]);
    });
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable', retry: 'later' });
    expect(await measureOutbox(opened.store)).toMatchObject({ waiting: 0 });
  });

  test('idle connections that died are replaced before any work begins', async () => {
    await Promise.all(Array.from({ length: 6 }, () => opened.store.ping()));
    for (let round = 1; round <= 5; round += 1) {
      await opened.killBackends();
      expect(await opened.store.inNamespace('acme', (trx) => ensureNamespace(trx))).toBe(false);
    }
  });

  test('a frozen connection is given up in time and never used again, so half of a transaction stays unwritten', async () => {
    const store = await openStore({ url: opened.url, log, now, poolMax: 1, statementTimeoutMs: 300 });
    let pid = 0;
    const work = store.inNamespace('acme', async (trx) => {
      await addToOutbox(trx, [event('acme', 'half')]);
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx.db);
      pid = rows[0]?.pid ?? 0;
      process.kill(pid, 'SIGSTOP');
      await addToOutbox(trx, [event('acme', 'other half')]);
    });
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' });
    process.kill(pid, 'SIGCONT');
    expect(await store.inNamespace('acme', (trx) => ensureNamespace(trx))).toBe(false);
    const { rows } = await store.inNamespace('acme', (trx) =>
      sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx.db),
    );
    expect(rows[0]?.pid).not.toBe(pid);
    expect(await measureOutbox(store)).toMatchObject({ waiting: 0 });
    await store.close();
  });

  test('a statement that takes too long is ended by the server', async () => {
    const store = await openStore({ url: opened.url, log, now, statementTimeoutMs: 200 });
    await expect(
      store.inNamespace('acme', (trx) => sql`select pg_sleep(5)`.execute(trx.db)),
    ).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining('took too long'),
    });
    await store.close();
  });

  test('a failure that somebody swallowed does not pass for a commit', async () => {
    const work = opened.store.inNamespace('acme', async (trx) => {
      await addToOutbox(trx, [event('acme', 'swallowed')]);
      await sql`select 1 / 0`.execute(trx.db).catch(() => undefined);
      return 'stored';
    });
    await expect(work).rejects.toMatchObject({ code: 'unexpected' });
  });

  test('what the work itself throws comes out unchanged', async () => {
    const own = new Error('the bus said no');
    await expect(opened.store.inNamespace('acme', () => Promise.reject(own))).rejects.toBe(own);
    await expect(opened.store.inSystem(() => Promise.reject(own))).rejects.toBe(own);
  });

  test('a closed store says that it is closed', async () => {
    const store = await openStore({ url: opened.url, log, now });
    await store.close();
    await expect(store.inSystem(async () => undefined)).rejects.toMatchObject({
      code: 'database_unavailable',
    });
  });

  test('a namespace that is none is refused before any statement', async () => {
    for (const name of ['', 'A', 'a.b', 'a>', "x'; drop table sessions", 'ä', 'x'.repeat(256)]) {
      await expect(opened.store.inNamespace(name, async () => undefined)).rejects.toThrow(
        /1 to 255 characters/,
      );
    }
    expect(await opened.store.inNamespace('x'.repeat(255), (trx) => ensureNamespace(trx))).toBe(true);
  });
});

describe('a database URL that leads nowhere', () => {
  test('nobody listens: the sentence names host and port and not the password', async () => {
    const port = await freePort();
    const failure = openStore({ url: `postgres://me:s3cret@127.0.0.1:${port}/x`, log, now });
    await expect(failure).rejects.toMatchObject({
      code: 'database_unavailable',
      retry: 'later',
      message: `the database at 127.0.0.1:${port} is not reachable (ECONNREFUSED)`,
    });
    const error: unknown = await failure.catch((reason: unknown) => reason);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
    await expect(migrateStore({ url: `postgres://127.0.0.1:${port}/x`, log })).rejects.toMatchObject({
      code: 'database_unavailable',
    });
  });

  test('somebody listens who never answers: it is given up in time', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await until('it listens', () => silent.listening);
    const { port } = silent.address() as AddressInfo;
    await expect(openStore({ url: `postgres://127.0.0.1:${port}/x`, log, now })).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    silent.close();
  });

  test('an unknown database is a matter of configuration', async () => {
    const url = Object.assign(new URL(inject('postgresUrl')), { pathname: '/no_such_database' }).href;
    await expect(openStore({ url, log, now })).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test.each(['', 'localhost:5432', 'mysql://me:s3cret@h/x', 'postgres://me:s3cret@h:99999999/x'])(
    'a malformed URL %o is refused without repeating it',
    async (url) => {
      const error: unknown = await openStore({ url, log, now }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'config_invalid' });
      expect(String(error)).not.toContain('s3cret');
    },
  );
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await until('the probe listens', () => probe.listening);
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
