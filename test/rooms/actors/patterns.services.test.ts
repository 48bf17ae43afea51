/** Patterns over a real database: written as they are borne out, followed as calls show, weighed by what came of it. */
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import type { LearnedPattern } from '../../../machines/words/patterns.ts';
import type { Scope } from '../../../machines/words/scopes.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { openPatternShelf } from '../../../src/actors/actors.ts';
import { noteFollowed } from '../../../src/actors/workers/followed.ts';
import { savePatterns } from '../../../src/actors/workers/pattern-writer.ts';
import { createPatternBook } from '../../../src/learning/learning.ts';
import { createClock } from '../../../src/node/clock.ts';
import { createWriteBack } from '../../../src/node/write-back.ts';
import {
  addInjection,
  ensureNamespace,
  listPatterns,
  recordFeedback,
  retirePattern,
  savePattern,
  saveSop,
} from '../../../src/store/store.ts';
import type { Trx } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { toEpisode } from '../learning/episodes.ts';

let database: TestStore;
let namespace = '';
let count = 0;
const clock = createClock();
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());
beforeEach(async () => {
  namespace = `ns${(count += 1)}`;
  await within_(ensureNamespace);
});

const within_ = <T>(work: (trx: Trx) => Promise<T>): Promise<T> =>
  database.store.inNamespace(namespace, work);
const save = (patterns: readonly LearnedPattern[]) =>
  savePatterns({ store: database.store, clock }, namespace, patterns);
const read = () => within_((trx) => listPatterns(trx, { activeOnly: false, limit: 100 }));
const readEvents = async () =>
  (
    await database.ask<{ type: string }>(
      `select event->>'type' as type from outbox where namespace = $1 order by 1`,
      [namespace],
    )
  ).map(({ type }) => type);

/** Restarting fails until the lock is released. */
const restart = (n: number, more: Partial<Episode> = {}) =>
  toEpisode(
    n,
    'Restart the service',
    [
      { tool: 'ops__restart', error: true },
      { tool: 'ops__release_lock' },
      { tool: 'ops__restart', args: { again: n } },
    ],
    { namespace, ...more },
  );
function derive(): LearnedPattern[] {
  const book = createPatternBook({ namespace });
  for (let n = 0; n < 4; n += 1) {
    book.learn(restart(n));
    book.learn(toEpisode(10 + n, 'Read the news', [{ tool: 'web__read' }]));
  }
  return book.derive().filter(({ content }) => content.pattern_type === 'failure_recovery');
}

test('what is borne out is written once, and goes and comes back with its support', async () => {
  const patterns = derive();
  expect(patterns).toHaveLength(1);
  expect(await save(patterns)).toBe(1);
  expect(await save(patterns)).toBe(0);
  const [row] = await read();
  expect(row).toMatchObject({ active: true, metadata: { learned: true, support: 4, chances: 4, lift: 2 } });
  expect(await readEvents()).toEqual(['pattern.discovered']);
  expect(await save([])).toBe(1);
  expect((await read()).map(({ active }) => active)).toEqual([false]);
  expect(await readEvents()).toEqual(['pattern.discovered', 'pattern.retired']);
  expect(await save(patterns)).toBe(1);
  expect((await read()).map(({ active }) => active)).toEqual([true]);
});

test('what people took out of use stays out, and what others wrote is left alone', async () => {
  const patterns = derive();
  await save(patterns);
  const outside = {
    patternId: 'a-00000000-0000-4000-8000-000000000001',
    patternType: 'precondition',
    condition: { next_tool: 'x' },
    action: { call_first: 'y' },
    confidence: 0.9,
    metadata: {},
  };
  await within_(async (trx) => {
    await retirePattern(trx, patterns[0]?.patternId ?? '', { by: 'ada' });
    await savePattern(trx, outside, { by: 'ada' });
  });
  expect(await save(patterns)).toBe(0);
  await save([]);
  expect((await read()).map(({ patternId, active }) => [patternId === outside.patternId, active])).toEqual([
    [true, true],
    [false, false],
  ]);
  const shelf = openPatternShelf({ store: database.store, clock, log });
  const offered = await shelf.match(namespace, { task: '', calls: [], likely: ['x'], limit: 3 });
  expect(offered).toEqual([{ patternId: outside.patternId, sentence: 'Call y before x.', relevance: 0.9 }]);
});

test('others may write patterns of any form; what has not ours is kept and never offered', async () => {
  await within_((trx) =>
    savePattern(trx, {
      patternId: 'a-00000000-0000-4000-8000-000000000002',
      patternType: 'their_own',
      condition: ['anything'],
      action: 'whatever',
      confidence: 1,
      metadata: {},
    }),
  );
  const shelf = openPatternShelf({ store: database.store, clock, log });
  expect(await shelf.match(namespace, { task: 'anything', calls: [], likely: [], limit: 3 })).toEqual([]);
  expect(await read()).toHaveLength(1);
});

test('an injection that was followed counts, and what came of it; the last word is with whoever says it', async () => {
  const [pattern] = derive();
  await save(pattern === undefined ? [] : [pattern]);
  const id = pattern?.patternId ?? '';
  const procedure = sop(namespace, 1);
  const tools = [...new Set(procedure.procedure.map(({ tool }) => tool))];
  const told = restart(50, {
    session: 's-1',
    outcome: 'success',
    endedAt: new Date(Date.UTC(2026, 0, 2)).toISOString(),
  });
  const ignored = { ...told, calls: told.calls.filter(({ name }) => name === 'ops__restart') };
  const serve = (injectionId: string, at: string) =>
    within_(async (trx) => {
      await saveSop(trx, procedure, { cause: { by: 'test', reason: 'test' } });
      await addInjection(trx, {
        injectionId,
        principal: 'ada',
        session: 's-1',
        task: told.task,
        at,
        items: [
          { kind: 'pattern', id, relevance: 0.8 },
          { kind: 'sop', id: procedure.sopId, relevance: 0.8 },
        ],
      });
    });
  const figures = async () => {
    const [row] = await read();
    return [row?.appliedCount, row?.successCount, row?.effectiveness];
  };
  await serve('i-1', told.startedAt);
  expect(await within_((trx) => noteFollowed(trx, ignored))).toBe(0);
  expect(await figures()).toEqual([0, 0, 0]);
  // Calls before something was served are no following.
  await serve('i-2', new Date(Date.UTC(2026, 0, 1, 12)).toISOString());
  const unknown = { ...told, outcome: 'unknown' as const };
  expect(await within_((trx) => noteFollowed(trx, unknown))).toBe(1);
  expect(await figures()).toEqual([1, 0, 0]);
  expect(await within_((trx) => noteFollowed(trx, told))).toBe(1);
  expect(await within_((trx) => noteFollowed(trx, told))).toBe(0);
  expect(await figures()).toEqual([1, 1, 1]);
  const rows = await database.ask(
    `select id, followed_at is not null as followed, succeeded from injections
     where namespace = $1 and target_kind = 'sop' order by id`,
    [namespace],
  );
  // None of the procedure's tools was called.
  expect(told.calls.some(({ name }) => tools.includes(name))).toBe(false);
  expect(rows).toEqual([
    { id: 'i-1', followed: false, succeeded: null },
    { id: 'i-2', followed: false, succeeded: null },
  ]);
  const report = { patternId: id, principal: 'ada', helpful: false, application: 'i-1' };
  await within_((trx) => recordFeedback(trx, report));
  expect(await figures()).toEqual([1, 0, 0]);
});

test('what somebody writes back who may not let it through is kept, and offered only once somebody lets it', async () => {
  const changed: string[] = [];
  const writeBack = createWriteBack({
    store: database.store,
    redactor: createRedactor({ key: 'test' }),
    relay: { nudge: () => undefined },
    clock,
    changed: (name) => void changed.push(name),
  });
  const pattern = {
    patternType: 'precondition',
    condition: { next_tool: 'ops__deploy' },
    action: { call_first: 'ops__erase' },
    confidence: 1,
    metadata: {},
  };
  const toPrincipal = (id: string, scopes: readonly Scope[]) => ({ id, scopes, namespace }) as never;
  const write = (id: string, scopes: readonly Scope[]) =>
    writeBack.writePattern({
      namespace,
      principal: toPrincipal(id, scopes),
      pattern,
      key: undefined,
    });
  const offers = async () => {
    const shelf = openPatternShelf({ store: database.store, clock, log });
    const found = await shelf.match(namespace, { task: '', calls: [], likely: ['ops__deploy'], limit: 9 });
    return found.map(({ patternId }) => patternId);
  };
  const own = await write('eve', ['pattern:write']);
  expect([await offers(), (await read()).map(({ candidate }) => candidate)]).toEqual([[], [true]]);
  const principal = toPrincipal('ada', ['sop:activate']);
  expect(await writeBack.approvePattern({ namespace, principal, patternId: own.id })).toMatchObject({
    candidate: false,
  });
  expect(await offers()).toEqual([own.id]);
  const missing = 'a-00000000-0000-4000-8000-00000000dead';
  expect(await writeBack.approvePattern({ namespace, principal, patternId: missing })).toBeUndefined();
  await write('ada', ['pattern:write', 'sop:activate']);
  expect((await read()).map(({ candidate }) => candidate)).toEqual([false, false]);
  const audited = await database.ask(
    `select action, principal from audit_log where namespace = $1 and action = 'acontext_pattern_approved'`,
    [namespace],
  );
  expect(audited).toEqual([{ action: 'acontext_pattern_approved', principal: 'ada' }]);
});
