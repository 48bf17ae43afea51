/** What was served and held out on a real database, with a clock that only the test moves: what is too old goes, the rest stays. */
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import {
  firstInsightSweepMs,
  openInsightSweep,
  servedKeptMs,
  servedPerCommit,
} from '../../../src/node/insight-sweep.ts';
import {
  addInjection,
  ensureNamespace,
  getSop,
  listPatterns,
  recordFeedback,
  savePattern,
  saveSop,
} from '../../../src/store/store.ts';
import type { Trx } from '../../../src/store/store.ts';
import { weighVotes } from '../../../src/store/tables/sop-votes.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createSimulatedClock } from '../actors/world.ts';

let database: TestStore;
const clock = createSimulatedClock();
beforeEach(async () => {
  database = await openTestStore(inject('postgresUrl'));
  for (const namespace of ['acme', 'beta']) await database.store.inNamespace(namespace, ensureNamespace);
});
afterEach(() => database.close());

const at = (agoMs: number) => new Date(clock.now() + firstInsightSweepMs - agoMs).toISOString();

async function fill(namespace: string, rows: number, agoMs: number): Promise<void> {
  await database.ask(
    `insert into injections (namespace, id, target_id, target_kind, relevance, principal, served_at)
     select $1, 'i-' || n || $2::text, gen_random_uuid(), 'sop', 1, 'ann', $2::timestamptz from generate_series(1, $3::int) n`,
    [namespace, at(agoMs), rows],
  );
  await database.ask(
    `insert into held_out (namespace, id, principal, at)
     select $1, 'h-' || n || $2::text, 'ann', $2::timestamptz from generate_series(1, $3::int) n`,
    [namespace, at(agoMs), rows],
  );
}
const count = (table: 'injections' | 'held_out') =>
  database.ask(`select namespace, count(*)::int from ${table} group by 1 order by 1`);

async function sweepOnce(store: Parameters<typeof openInsightSweep>[0]['store'] = database.store) {
  const sweep = openInsightSweep({ store, databaseUrl: database.url, clock, log });
  await clock.advance(firstInsightSweepMs);
  await until('it has been round', () => clock.pending === 1, 20_000);
  await sweep.stop();
}

it('what no report looks back to goes in bounded steps; what one may still count stays', async () => {
  let steps = 0;
  await fill('acme', servedPerCommit + 1, servedKeptMs + 1);
  await fill('acme', 2, servedKeptMs - 1);
  await fill('beta', 3, servedKeptMs + 86_400_000);
  await fill('beta', 1, 0);
  await sweepOnce({
    inSystem: database.store.inSystem,
    inNamespace: (namespace, work) => {
      steps += 1;
      return database.store.inNamespace(namespace, work);
    },
  });
  const left = [
    { namespace: 'acme', count: 2 },
    { namespace: 'beta', count: 1 },
  ];
  expect([await count('injections'), await count('held_out'), steps]).toEqual([left, left, 3]);
});

it('what people said of an old answer, and what they followed, counts after the sweep as before', async () => {
  const on = <T>(work: (trx: Trx) => Promise<T>) => database.store.inNamespace('acme', work);
  const learned = sop('acme', 1, { confidence: 0.7, occurrences: 3 });
  const patternId = 'a-00000000-0000-4000-8000-000000000001';
  const items = [
    { kind: 'sop', id: learned.sopId, relevance: 1 },
    { kind: 'pattern', id: patternId, relevance: 1 },
  ] as const;
  await on(async (trx) => {
    await saveSop(trx, learned, { cause: { by: 'learning', reason: 'derived' } });
    const rest = { condition: ['any'], action: 'any', confidence: 1, metadata: {} };
    await savePattern(trx, { patternId, patternType: 'own', ...rest });
    for (const [n, injectionId] of ['i-reported', 'i-followed', 'i-left'].entries())
      await addInjection(trx, {
        injectionId,
        principal: 'ann',
        session: 's',
        task: 't',
        items,
        at: at(servedKeptMs + 1_000 - n),
      });
    for (const { id } of items)
      await recordFeedback(trx, {
        patternId: id,
        principal: 'ann',
        helpful: false,
        application: 'i-reported',
      });
  });
  await database.ask(
    `update injections set followed_at = served_at, succeeded = true where id = 'i-followed'`,
  );
  await fill('acme', 1, servedKeptMs + 1);
  await sweepOnce();
  const kept = await database.ask('select distinct id from injections order by 1');
  expect(kept).toEqual([{ id: 'i-followed' }, { id: 'i-reported' }]);
  // A new report counts all of it anew.
  for (const { id } of items)
    await on((trx) => recordFeedback(trx, { patternId: id, principal: 'bob', helpful: true }));
  const confidence = (await on((trx) => getSop(trx, learned.sopId)))?.confidence;
  expect(confidence).toBe(weighVotes(0.7, 3, { helpful: 0, all: 1 }));
  const [pattern] = await on((trx) => listPatterns(trx, { activeOnly: false, limit: 9 }));
  expect(pattern).toMatchObject({ appliedCount: 3, successCount: 2 });
});

it('what was said long ago goes, but for the last words of each on each: confidence is what it was, and their answers stay', async () => {
  const on = <T>(work: (trx: Trx) => Promise<T>) => database.store.inNamespace('acme', work);
  const learned = sop('acme', 1, { confidence: 0.7, occurrences: 3 });
  await on(async (trx) => {
    await saveSop(trx, learned, { cause: { by: 'learning', reason: 'derived' } });
    for (let n = 0; n < 5; n += 1) {
      const injectionId = `i-${n}`;
      const items = [{ kind: 'sop', id: learned.sopId, relevance: 1 }] as const;
      await addInjection(trx, {
        injectionId,
        principal: 'ann',
        session: 's',
        task: 't',
        items,
        at: at(servedKeptMs + 1_000),
      });
    }
    for (const application of ['i-0', 'i-1', 'i-2', 'i-3', 'i-4', 'about-nothing'])
      await recordFeedback(trx, {
        patternId: learned.sopId,
        principal: 'ann',
        helpful: application === 'i-1',
        application,
      });
    await recordFeedback(trx, {
      patternId: learned.sopId,
      principal: 'bob',
      helpful: true,
      application: 'about-nothing',
    });
  });
  await database.ask(
    `update feedback set updated_at = $1::timestamptz
       + case when application like 'i-%' then right(application, 1)::int else 9 end * interval '1 ms'
     where principal = 'ann'`,
    [at(servedKeptMs + 60_000)],
  );
  const confidence = async () => {
    await on((trx) =>
      recordFeedback(trx, { patternId: learned.sopId, principal: 'eve', helpful: true, application: '' }),
    );
    return (await on((trx) => getSop(trx, learned.sopId)))?.confidence;
  };
  const before = await confidence();
  await sweepOnce();
  const left = await database.ask(`select principal, application from feedback order by 1, 2`);
  expect(left).toEqual([
    { principal: 'ann', application: 'i-2' },
    { principal: 'ann', application: 'i-3' },
    { principal: 'ann', application: 'i-4' },
    { principal: 'bob', application: 'about-nothing' },
    { principal: 'eve', application: '' },
  ]);
  expect(await confidence()).toBe(before);
  await sweepOnce();
  expect(await database.ask('select id from injections order by 1')).toEqual([
    { id: 'i-2' },
    { id: 'i-3' },
    { id: 'i-4' },
  ]);
});
