/** Figures of a period over a real database: what is counted by hand is what the report says, for its namespace alone. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  addHeldOut,
  addInjection,
  addUptime,
  countLift,
  countPeriod,
  ensureNamespace,
  followInjection,
  forgetLearned,
  readUptime,
  recordFeedback,
  saveCalls,
  saveEpisode,
  saveSop,
} from '../../../src/store/store.ts';
import type { Trx } from '../../../src/store/store.ts';
import { sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { toEpisode } from '../learning/episodes.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const since = '2026-01-01T00:00:00.000Z';
const within = <T>(namespace: string, work: (trx: Trx) => Promise<T>): Promise<T> =>
  database.store.inNamespace(namespace, async (trx) => {
    await ensureNamespace(trx);
    return work(trx);
  });
const cause = { by: 'test', reason: 'test' };

/** A task with so many calls that took so many seconds. */
async function toTask(
  trx: Trx,
  n: number,
  { calls, seconds, outcome }: { calls: number; seconds: number; outcome: 'success' | 'failure' | 'unknown' },
): Promise<{
  readonly session: string;
  readonly task: string;
  readonly at: string;
  readonly principal: string;
}> {
  const made = toEpisode(
    n,
    `task ${n}`,
    Array.from({ length: calls }, () => ({ tool: 'a__b' })),
    { namespace: trx.namespace, outcome },
  );
  const endedAt = new Date(Date.parse(made.startedAt) + seconds * 1_000).toISOString();
  await saveEpisode(trx, { ...made, endedAt });
  await saveCalls(
    trx,
    made.calls.map((call, position) => ({ ...call, episodeId: made.episodeId, position })),
  );
  return { session: made.session, task: made.task, at: made.startedAt, principal: 'ada' };
}

test('tasks that were served are put beside those that were held out', async () => {
  const lift = await within('lift', async (trx) => {
    for (const n of [1, 2, 3, 4]) {
      const outcome = n === 4 ? 'failure' : n === 3 ? 'unknown' : 'success';
      const done = await toTask(trx, n, { calls: 2, seconds: 10 * n, outcome });
      const items = [{ kind: 'sop' as const, id: sop('lift', 1).sopId, relevance: 1 }];
      await addInjection(trx, { injectionId: `i-${n}`, ...done, items });
      // Asked again within the same task: it is one task still.
      await addInjection(trx, { injectionId: `i-${n}-again`, ...done, items });
    }
    for (const n of [5, 6]) {
      const done = await toTask(trx, n, { calls: 5, seconds: 60, outcome: n === 5 ? 'success' : 'failure' });
      await addHeldOut(trx, { id: `h-${n}`, ...done });
      await addHeldOut(trx, { id: `h-${n}`, ...done });
    }
    // Nothing was there for this one: it says nothing about serving.
    await toTask(trx, 7, { calls: 50, seconds: 600, outcome: 'failure' });
    return countLift(trx, since);
  });
  expect(lift).toEqual([
    { isHeldOut: false, tasks: 4, told: 3, successes: 2, calls: 2, seconds: 25 },
    { isHeldOut: true, tasks: 2, told: 2, successes: 1, calls: 5, seconds: 60 },
  ]);
  expect(await within('elsewhere', (trx) => countLift(trx, since))).toEqual([]);
});

test('a task counts by when it was asked about, too: agents ask in words of their own', async () => {
  const lift = await within('words', async (trx) => {
    const items = [{ kind: 'sop' as const, id: sop('words', 1).sopId, relevance: 1 }];
    const serve = (injectionId: string, asked: { session: string; at: string }) =>
      addInjection(trx, { injectionId, ...asked, task: 'in other words', principal: 'ada', items });
    const served = await toTask(trx, 1, { calls: 2, seconds: 10, outcome: 'success' });
    await serve('i-1', { ...served, at: new Date(Date.parse(served.at) + 5_000).toISOString() });
    // Asked in other words, after the task was over: this belongs to none.
    const late = await toTask(trx, 2, { calls: 3, seconds: 10, outcome: 'failure' });
    await serve('i-2', { ...late, at: new Date(Date.parse(late.at) + 11_000).toISOString() });
    // Asked twice, held out once.
    const held = await toTask(trx, 3, { calls: 4, seconds: 20, outcome: 'success' });
    await serve('i-3', held);
    await addHeldOut(trx, { id: 'h-3', ...held });
    return countLift(trx, since);
  });
  expect(lift).toEqual([
    { isHeldOut: false, tasks: 1, told: 1, successes: 1, calls: 2, seconds: 10 },
    { isHeldOut: true, tasks: 1, told: 1, successes: 1, calls: 4, seconds: 20 },
  ]);
});

test('forgetting a principal takes along what was held out from it', async () => {
  await within('forgotten', async (trx) => {
    for (const principal of ['ada', 'bob'])
      await addHeldOut(trx, { id: `h-${principal}`, principal, session: 's', task: 't', at: since });
    await forgetLearned(trx, { kind: 'principal', id: 'ada' });
  });
  expect(await database.ask("select principal from held_out where namespace = 'forgotten'")).toEqual([
    { principal: 'bob' },
  ]);
});

test('applications are counted once, however they became known, and a period ends where it begins', async () => {
  const procedure = sop('counts', 1);
  const id = procedure.sopId;
  const counts = await within('counts', async (trx) => {
    await saveSop(trx, procedure, { cause });
    for (const n of [1, 2, 3]) {
      const at = `2026-01-0${n}T00:00:00.000Z`;
      const items = [{ kind: 'sop' as const, id, relevance: 0.9 }];
      await addInjection(trx, {
        injectionId: `i-${n}`,
        principal: 'ada',
        session: 's',
        task: 't',
        at,
        items,
      });
    }
    const at = '2026-01-04T00:00:00.000Z';
    await followInjection(trx, { injectionId: 'i-1', kind: 'sop', id, at, succeeded: true });
    await followInjection(trx, { injectionId: 'i-2', kind: 'sop', id, at, succeeded: false });
    for (const [application, helpful] of [
      ['i-1', true],
      ['i-3', false],
    ] as const)
      await recordFeedback(trx, { patternId: id, principal: 'ada', helpful, application });
    return countPeriod(trx, since);
  });
  expect(counts).toEqual({
    sopsDiscovered: 1,
    sopsApplied: 3,
    patternsDiscovered: 0,
    patternsApplied: 0,
    served: 3,
    followed: 2,
    told: 2,
    succeeded: 1,
    reports: 2,
    helpful: 1,
  });
  const later = await within('counts', (trx) => countPeriod(trx, '2099-01-01T00:00:00.000Z'));
  expect(Object.values(later).every((value) => value === 0)).toBe(true);
});

test('uptime is added up hour by hour, and old hours go', async () => {
  const add = (at: string, asked: number, answered: number) =>
    within('_system', (trx) => addUptime(trx, { at, asked, answered }));
  const read = (from: string) => within('_system', (trx) => readUptime(trx, from));
  await add('2024-01-01T10:00:00Z', 100, 0);
  await add('2026-01-01T10:10:00Z', 12, 12);
  await add('2026-01-01T10:50:00Z', 12, 11);
  await add('2026-01-01T12:00:00Z', 6, 6);
  expect(await read('2026-01-01T10:30:00Z')).toEqual({ asked: 30, answered: 29 });
  expect(await read('2026-01-01T11:00:00Z')).toEqual({ asked: 6, answered: 6 });
  expect(await read('2020-01-01T00:00:00Z')).toEqual({ asked: 30, answered: 29 });
});
