/** Migrations on a real server: up, down and up again, several at once, and as an owner who is no superuser. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Migration } from 'kysely';
import { Client, Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { boundedLists } from '../../../infra/postgres/0030-bounded-lists.ts';
import { migrateUp, migrationNames } from '../../../infra/postgres/migrations.ts';
import {
  addMemory,
  countOpenRuns,
  ensureNamespace,
  lookForMemories,
  migrateStore,
  openStore,
  saveSop,
  searchSops,
  unmigrateStore,
} from '../../../src/store/store.ts';
import { createDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { sop } from '../../support/store-rows.ts';

const now = (): number => performance.now();
const memory = {
  memoryId: 'm-019a0000-0000-7000-8000-000000000001',
  viewer: { principal: 'ann', now: '2026-03-01T00:00:00.000Z' },
  facts: {
    content: 'kubernetes runs here',
    kind: 'fact',
    visibility: 'namespace',
    importance: 0.5,
    tags: [],
    autoTags: { acontext_version: 1, tags: [], confidence: {}, discovered_at: '2026-03-01T00:00:00.000Z' },
    metadata: {},
    expiresAt: null,
    digest: 'one',
    terms: 'kubernetes runs here',
  },
} as const;

describe('migrations', () => {
  let admin: Client;
  const databases: TestDatabase[] = [];

  beforeAll(async () => {
    admin = new Client({ connectionString: inject('postgresUrl') });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await Promise.all(databases.map((database) => database.drop()));
  });

  async function fresh(): Promise<TestDatabase> {
    const database = await createDatabase(inject('postgresUrl'));
    databases.push(database);
    return database;
  }

  test('an upgrade that fails midway keeps what was done before, and goes on from there', async () => {
    const { url } = await fresh();
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }),
    });
    const making = (text: string): Migration => ({
      up: async (trx) => {
        await sql.raw(text).execute(trx);
      },
    });
    const one = making('create table one ()');
    const two = making('create table two ()');
    const broken = making('create table three (); create table two ()');
    const tables = async () => {
      const { rows } = await sql<{ name: string }>`select relname as name from pg_class
        where relname in ('one', 'two', 'three') order by 1`.execute(db);
      return rows.map(({ name }) => name);
    };
    expect(await migrateUp(db, { '0001': one })).toEqual(['0001']);
    await expect(migrateUp(db, { '0001': one, '0002': two, '0003': broken })).rejects.toMatchObject({
      code: 'migration_failed',
    });
    expect(await tables()).toEqual(['one', 'two']);
    expect(
      await migrateUp(db, { '0001': one, '0002': two, '0003': making('create table three ()') }),
    ).toEqual(['0003']);
    expect(await tables()).toEqual(['one', 'three', 'two']);
    // Of two nodes that upgraded in turns one had a slow clock.
    await sql`update drey_migrations set timestamp = '2000-01-01T00:00:00.000Z' where name = '0003'`.execute(
      db,
    );
    const four = {
      '0001': one,
      '0002': two,
      '0003': making('create table three ()'),
      '0004': making('create table four ()'),
    };
    expect(await migrateUp(db, four)).toEqual(['0004']);
    await db.destroy();
  });

  test('go up, down to nothing, and up again to the same tables', async () => {
    const { url } = await fresh();
    expect(await migrateStore({ url, log })).toEqual(migrationNames);
    const first = await describeTables(url);
    expect(await migrateStore({ url, log })).toEqual([]);
    expect(await unmigrateStore({ url, log })).toEqual(migrationNames.toReversed());
    expect((await describeTables(url)).filter((line) => !line.startsWith('drey_migration'))).toEqual([]);
    expect(await migrateStore({ url, log })).toEqual(migrationNames);
    expect(await describeTables(url)).toEqual(first);
  });

  test('of several nodes that start at once one migrates, and all of them can work', async () => {
    const { url } = await fresh();
    const applied = await Promise.all([1, 2, 3].map(() => migrateStore({ url, log })));
    expect(applied.flat()).toEqual(migrationNames);
    const store = await openStore({ url, log, now });
    expect(await store.inNamespace('acme', (trx) => ensureNamespace(trx))).toBe(true);
    await store.close();
  });

  test('several databases of one server share the roles, also when they are prepared at once', async () => {
    const urls = (await Promise.all([fresh(), fresh(), fresh()])).map((database) => database.url);
    const applied = await Promise.all(urls.map((url) => migrateStore({ url, log })));
    expect(applied.map((names) => names.length)).toEqual(urls.map(() => migrationNames.length));
  });

  test('an owner who is no superuser, only allowed to create roles, can migrate, work and search', async () => {
    const { url } = await fresh();
    const owner = `owner_${new URL(url).pathname.slice(1)}`;
    await admin.query(`create role ${owner} login createrole password 'secret'`);
    await admin.query(`alter database ${new URL(url).pathname.slice(1)} owner to ${owner}`);
    // Roles that exist already were made by somebody else: an administrator hands them out.
    await admin.query(`grant drey_app, drey_relay to ${owner}`);
    const ownUrl = Object.assign(new URL(url), { username: owner, password: 'secret' }).href;
    await migrateStore({ url: ownUrl, log });
    const store = await openStore({ url: ownUrl, log, now });
    const found = await store.inNamespace('acme', async (trx) => {
      await ensureNamespace(trx);
      await saveSop(trx, sop('acme', 1, { trigger: 'rotate keys' }), {
        cause: { by: 'test', reason: 'test' },
      });
      return searchSops(trx, { text: 'rotate', limit: 5 });
    });
    const similar = await store.inNamespace('acme', async (trx) => {
      await addMemory(trx, memory.memoryId, memory.viewer, memory.facts);
      const asked = { text: '', terms: ['kuberentes'], spelled: ['kuberentes'], limit: 5 };
      return (await lookForMemories(trx, memory.viewer, asked)).similar;
    });
    expect(similar).toEqual([{ wanted: 'kuberentes', word: 'kubernetes' }]);
    expect(found).toHaveLength(1);
    expect(await store.inNamespace('globex', (trx) => searchSops(trx, { text: 'rotate', limit: 5 }))).toEqual(
      [],
    );
    await store.close();
    await databases.pop()?.drop();
    await admin.query(`drop role ${owner}`);
  });

  test.each([
    ['that can be read', '{}'],
    ['of which one cannot be read', String.raw`{"machine":{"context":{"plan":{"principal":"\u0000"}}}}`],
  ])('runs %s get their owners, and count as open unless they are known to be over', async (_what, odd) => {
    const { url } = await fresh();
    await migrateStore({ url, log });
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }),
    });
    const store = await openStore({ url, log, now });
    await store.inNamespace('acme', (trx) => ensureNamespace(trx));
    const client = new Client({ connectionString: url });
    await client.connect();
    await db.transaction().execute(boundedLists.down ?? (async () => undefined));
    const toRun = (value: string) =>
      JSON.stringify({ machine: { value, context: { plan: { principal: 'ann' } } } });
    for (const [id, snapshot] of Object.entries({ over: toRun('done'), under: toRun('waiting'), odd }))
      await client.query(
        `insert into actors (namespace, kind, id, revision, snapshot, machine_version) values ('acme', 'run', $1, 1, $2, '1')`,
        [id, snapshot],
      );
    await db.transaction().execute(boundedLists.up);
    const { rows } = await client.query(`select id, owner, open from actors order by id`);
    expect(rows).toEqual([
      { id: 'odd', owner: null, open: null },
      { id: 'over', owner: 'ann', open: false },
      { id: 'under', owner: 'ann', open: true },
    ]);
    expect(await store.inNamespace('acme', countOpenRuns)).toBe(2);
    await Promise.all([store.close(), db.destroy(), client.end()]);
  });

  test('a node that is not upgraded yet still finds the functions that it searches memories with', async () => {
    const { url } = await fresh();
    await migrateStore({ url, log });
    const lines = await describeTables(url);
    for (const name of ['drey_weigh_memory_words', 'drey_search_memories', 'drey_look_for_memories'])
      expect(lines).toContainEqual(expect.stringContaining(`function ${name} `));
  });

  test('opening a database that was never migrated says what to do', async () => {
    const { url } = await fresh();
    await expect(openStore({ url, log, now })).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringContaining('migrate it first'),
    });
  });
});

/** Columns, keys, policies, functions and rights of all tables, as lines. */
async function describeTables(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(
      `select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable as line
         from information_schema.columns where table_schema = 'public'
       union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'public'::regnamespace
       union all select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'drey_migration%'
       union all select tablename || ' ' || policyname || ' ' || roles::text from pg_policies where schemaname = 'public'
       union all select 'function ' || proname || ' ' || proacl::text from pg_proc
         where pronamespace = 'public'::regnamespace
       order by 1`,
    );
    return rows.map((row) => row.line);
  } finally {
    await client.end();
  }
}
