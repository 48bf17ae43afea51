/** The walls between namespaces, tried from inside, with SQL that the store itself would never send. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { ensureNamespace, saveCalls, saveEpisode, saveSessions, saveSop } from '../../../src/store/store.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { call, episode, session, sop } from '../../support/store-rows.ts';

describe('the walls between namespaces', () => {
  let opened: TestStore;
  /** A connection as the pool makes them. */
  let app: Client;

  beforeAll(async () => {
    opened = await openTestStore(inject('postgresUrl'));
    for (const namespace of ['acme', 'globex']) {
      await opened.store.inNamespace(namespace, async (trx) => {
        await ensureNamespace(trx);
        await saveSessions(trx, [session('s-same')]);
        const whole = { ...episode('e-same', { calls: 0, minute: 0 }), namespace };
        await saveEpisode(trx, whole);
        await saveCalls(trx, [{ ...call(`k-${namespace}`), episodeId: 'e-same', position: 0 }]);
        await saveSop(trx, sop(namespace, 1), { cause: { by: 'test', reason: 'test' } });
      });
    }
    app = new Client({ connectionString: opened.url, options: '-c role=drey_app' });
    await app.connect();
  });
  afterAll(async () => {
    await app.end();
    await opened.close();
  });

  /** Runs SQL as the application within a namespace and rolls back; answers rows or the state it failed with. */
  async function asApp(
    namespace: string | undefined,
    sql: string,
    parameters: unknown[] = [],
  ): Promise<unknown> {
    await app.query('begin');
    try {
      if (namespace !== undefined)
        await app.query(`select set_config('drey.namespace', $1, true)`, [namespace]);
      return (await app.query(sql, parameters)).rows;
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error;
    } finally {
      await app.query('rollback');
    }
  }

  /** How often an index was read so far. */
  async function scansOf(index: string): Promise<number> {
    await app.query('select pg_stat_force_next_flush()');
    const rows = await opened.ask<{ n: number }>('select pg_stat_get_numscans($1::regclass)::int as n', [
      index,
    ]);
    return rows[0]?.n ?? 0;
  }

  test('connections act as drey_app, which owns nothing and passes no wall', async () => {
    expect(await asApp('acme', 'select current_user')).toEqual([{ current_user: 'drey_app' }]);
    const [role] = await opened.ask(
      `select rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb,
         has_schema_privilege('drey_app', 'public', 'create') as creates,
         (select count(*)::int from pg_class where relowner = r.oid) as owns
       from pg_roles r where rolname = 'drey_app'`,
    );
    expect(role).toEqual({
      rolsuper: false,
      rolbypassrls: false,
      rolcanlogin: false,
      rolcreaterole: false,
      rolcreatedb: false,
      creates: false,
      owns: 0,
    });
    const truncate = await opened.ask(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
         and (has_table_privilege('drey_app', oid, 'truncate') or has_table_privilege('drey_relay', oid, 'truncate'))`,
    );
    expect(truncate).toEqual([]);
    expect(await asApp('acme', 'truncate sessions')).toBe('42501');
  });

  test('every table with a namespace has forced row-level security and policies that check what is written', async () => {
    const open = await opened.ask(
      `select c.relname from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'namespace' and not a.attisdropped
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not (
         c.relrowsecurity and c.relforcerowsecurity
         and exists (select from pg_policies p where p.tablename = c.relname and p.schemaname = 'public'
           and p.roles = '{drey_app}' and p.qual like '%drey.namespace%' and p.with_check like '%drey.namespace%')
         and not exists (select from pg_policies p where p.tablename = c.relname and p.schemaname = 'public'
           and p.roles && '{public,drey_app}' and (p.qual not like '%drey.namespace%'
             or p.with_check is null or p.with_check not like '%drey.namespace%')))`,
    );
    expect(open).toEqual([]);
  });

  test('every table belongs to a namespace and goes with it', async () => {
    const loose = await opened.ask(
      `select c.relname from pg_class c
       where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
         and c.relname not like 'drey_migration%' and c.relname <> 'namespaces'
         and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
           and k.confrelid = 'namespaces'::regclass and k.confdeltype = 'c')`,
    );
    expect(loose).toEqual([]);
  });

  test('every unique key begins with the namespace, and every other foreign key contains it', async () => {
    const oracles = await opened.ask(
      `select c.relname, i.indexrelid::regclass::text as key from pg_index i
       join pg_class c on c.oid = i.indrelid
       join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
       where i.indisunique and c.relnamespace = 'public'::regnamespace
         and c.relname not like 'drey_migration%' and a.attname <> 'namespace'`,
    );
    expect(oracles).toEqual([]);
    const simple = await opened.ask(
      `select conrelid::regclass::text, conname from pg_constraint k
       where contype = 'f' and confrelid <> 'namespaces'::regclass and not exists (
         select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey) and a.attname = 'namespace')`,
    );
    expect(simple).toEqual([]);
  });

  test('a namespace sees its own rows only, and nobody sees any without a namespace', async () => {
    const seen = 'select distinct namespace from sessions';
    expect(await asApp('acme', seen)).toEqual([{ namespace: 'acme' }]);
    expect(await asApp('nobody', seen)).toEqual([]);
    expect(await asApp(undefined, seen)).toEqual([]);
    expect(await asApp('', seen)).toEqual([]);
  });

  test('a row of another namespace is neither inserted, changed, nor moved', async () => {
    const insert = `insert into agents (namespace, id) values ('globex', 'a')`;
    expect(await asApp('acme', insert)).toBe('42501');
    expect(await asApp(undefined, insert)).toBe('42501');
    expect(await asApp('acme', `update sessions set namespace = 'globex' where id = 's-same'`)).toBe('42501');
    expect(
      await asApp('acme', `update sessions set calls = 99 where namespace = 'globex' returning id`),
    ).toEqual([]);
    expect(await asApp('acme', `delete from sessions where namespace = 'globex' returning id`)).toEqual([]);
  });

  test('keys tell nothing about other namespaces: the same id is free, and a foreign row cannot be pointed at', async () => {
    expect(
      await asApp(
        'acme',
        `insert into evidence (namespace, sop_id, call_id, position)
         values ('acme', $1, 'k-globex', 1)`,
        [sop('acme', 1).sopId.slice(2)],
      ),
    ).toBe('23503');
    expect(
      await asApp(
        'acme',
        `insert into evidence (namespace, sop_id, call_id, position)
         values ('acme', $1, 'k-never-existed', 1)`,
        [sop('acme', 1).sopId.slice(2)],
      ),
    ).toBe('23503');
    const rows = await opened.ask(`select namespace from sessions where id = 's-same' order by 1`);
    expect(rows).toEqual([{ namespace: 'acme' }, { namespace: 'globex' }]);
  });

  test('the setting ends with the transaction, whether it commits or not', async () => {
    await app.query('begin');
    await app.query(`select set_config('drey.namespace', 'acme', true)`);
    await app.query('commit');
    const { rows } = await app.query(`select current_setting('drey.namespace', true) as left_over`);
    expect(rows).toEqual([{ left_over: '' }]);
    expect((await app.query('select count(*)::int as seen from sessions')).rows).toEqual([{ seen: 0 }]);
  });

  test('switching row-level security off fails instead of showing everything', async () => {
    await app.query('set row_security = off');
    expect(await asApp('acme', 'select * from sessions')).toBe('42501');
    await app.query('reset row_security');
  });

  test('the audit log is written and read, never changed', async () => {
    expect(await asApp('acme', `update audit_log set action = 'x'`)).toBe('42501');
    expect(await asApp('acme', 'delete from audit_log')).toBe('42501');
  });

  test('the relay sees outbox and timers of all namespaces and nothing of what they hold besides', async () => {
    const asRelay = (sql: string) => asApp(undefined, `set local role drey_relay; ${sql}`);
    for (const table of ['sessions', 'acontext_sops', 'calls', 'memories', 'api_keys', 'actors']) {
      expect(await asRelay(`select * from ${table}`)).toBe('42501');
    }
    await opened.store.inSystem(async () => undefined);
    expect(await asRelay('insert into namespaces (namespace, display_name) values (1, 1)')).toBe('42501');
  });

  test('searches run as the owner but stay in the namespace of the transaction, with an index at any size', async () => {
    await opened.ask(
      `insert into acontext_sops (id, namespace, trigger, steps, procedure, status, confidence, occurrences)
       select gen_random_uuid(), 'acme', 'rotate key number ' || n, '[]', '[]', 'active', 0.5, 1
       from generate_series(1, 5000) n`,
    );
    await opened.ask('analyze acontext_sops');
    const search = `select count(*)::int as found from drey_search_sops($1, 10)`;
    expect(await asApp('globex', search, ['rotate'])).toEqual([{ found: 0 }]);
    expect(await asApp(undefined, search, ['rotate'])).toEqual([{ found: 0 }]);
    expect(await asApp('acme', search, ['4321'])).toEqual([{ found: 1 }]);
    const before = await scansOf('acontext_sops_trigger');
    await asApp('acme', search, ['4322']);
    expect(await scansOf('acontext_sops_trigger')).toBeGreaterThan(before);
  });

  test('memories are found by words and by tags, by index and within their namespace', async () => {
    await opened.ask(
      `insert into memories (id, namespace, principal, content, auto_tags)
       select gen_random_uuid(), 'acme', 'local', 'note ' || n, jsonb_build_object('tags', jsonb_build_array('t' || n))
       from generate_series(1, 5000) n`,
    );
    await opened.ask('analyze memories');
    for (const [index, search, sought] of [
      [
        'memories_words',
        `select json_array_length(ranked) as found
         from drey_look_for_memories('', $1, null, 'local', now(), null, 10)`,
        '4321',
      ],
      [
        'memories_auto_tags',
        'select count(*)::int as found from drey_find_tagged_memories($1, 10)',
        '{"tags":["t7"]}',
      ],
    ] as const) {
      const before = await scansOf(index);
      expect(await asApp('acme', search, [sought])).toEqual([{ found: 1 }]);
      expect(await scansOf(index)).toBeGreaterThan(before);
      expect(await asApp('globex', search, [sought])).toEqual([{ found: 0 }]);
    }
  });

  test('deleting a namespace removes everything of it and nothing of another', async () => {
    await opened.ask(`delete from namespaces where namespace = 'globex'`);
    const left = await opened.ask(
      `select (select count(*)::int from sessions where namespace = 'globex') as sessions,
         (select count(*)::int from calls where namespace = 'globex') as calls,
         (select count(*)::int from acontext_sops where namespace = 'globex') as sops,
         (select count(*)::int from sessions where namespace = 'acme') as others`,
    );
    expect(left).toEqual([{ sessions: 0, calls: 0, sops: 0, others: 1 }]);
  });

  test.each(['NaN', '-0.1', '1.1', 'Infinity'])('the tables refuse a confidence of %s', async (value) => {
    expect(
      await asApp(
        'acme',
        `insert into acontext_sops (id, namespace, trigger, steps, procedure, status, confidence, occurrences)
         values (gen_random_uuid(), 'acme', 't', '[]', '[]', 'active', $1::float8, 1)`,
        [value],
      ),
    ).toBe('23514');
    expect(
      await asApp(
        'acme',
        `insert into acontext_patterns (id, namespace, pattern_type, condition, action, confidence)
         values (gen_random_uuid(), 'acme', 't', '{}', '{}', $1::float8)`,
        [value],
      ),
    ).toBe('23514');
  });
});
