/** What a report asks of 100,000 rows: indexes are read, never a whole table. */
import { expect, inject, it, onTestFinished } from 'vitest';
import { countLift, countPeriod } from '../../../src/store/store.ts';
import { openTestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';

const since = '2026-11-20T00:00:00.000Z';
const moment = `'${since}'::timestamptz + interval '1 day' - n * interval '5 minutes'`;

it('a report of a day reads indexes only, however much was served before', async () => {
  const database = await openTestStore(inject('postgresUrl'));
  onTestFinished(() => database.close());
  const { ask, store } = database;
  await ask(`insert into namespaces (namespace, display_name) values ('acme', 'acme')`);
  await ask(`insert into episodes (namespace, id, principal, session, task, outcome, ended_by, started_at, ended_at)
    select 'acme', 'e-' || n, 'ann', 's-' || n, 'task', 'success', 'told', ${moment}, ${moment}
    from generate_series(1, 100000) n`);
  await ask(`insert into injections (namespace, id, target_id, target_kind, relevance, principal, session, task, served_at, followed_at)
    select 'acme', 'i-' || n, gen_random_uuid(), 'sop', 1, 'ann', 's-' || n, 'task', ${moment}, ${moment}
    from generate_series(1, 100000) n`);
  await ask(`insert into held_out (namespace, id, principal, session, task, at)
    select 'acme', 'h-' || n, 'ann', 's-' || n, 'task', ${moment} from generate_series(1, 100000, 3) n`);
  await ask(`insert into feedback (namespace, target_id, target_kind, principal, helpful, updated_at)
    select 'acme', gen_random_uuid(), 'sop', 'ann', true, ${moment} from generate_series(1, 20000) n`);
  await ask(`insert into acontext_patterns (id, namespace, pattern_type, condition, action, confidence, created_at)
    select gen_random_uuid(), 'acme', 't', '{}', '{}', 1, ${moment} from generate_series(1, 20000) n`);
  await ask('vacuum analyze');
  const read = async () =>
    Object.fromEntries(
      (
        await ask<{ relname: string; scans: number; looks: number }>(
          `select relname, seq_scan::int as scans, idx_scan::int as looks from pg_stat_user_tables
           where relname in ('episodes', 'injections', 'held_out', 'feedback', 'acontext_patterns')`,
        )
      ).map(({ relname, scans, looks }) => [relname, { scans, looks }]),
    );
  const before = await read();
  const count = () =>
    store.inNamespace('acme', async (trx) => ({
      counts: await countPeriod(trx, since),
      lift: await countLift(trx, since),
    }));
  const counted = await count();
  expect(counted.counts).toMatchObject({ served: 288, followed: 288, reports: 288, patternsDiscovered: 288 });
  expect(counted.lift.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(288);
  // Backends tell what they did a moment later.
  const after = await until(
    'what was read is known',
    async () => {
      await count();
      const now = await read();
      return Object.entries(now).every(([name, { looks }]) => looks > (before[name]?.looks ?? 0))
        ? now
        : undefined;
    },
    20_000,
  );
  for (const [name, { scans }] of Object.entries(after))
    expect([name, scans]).toEqual([name, before[name]?.scans]);
}, 120_000);
