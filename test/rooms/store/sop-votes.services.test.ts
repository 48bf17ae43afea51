/** What reports do to a procedure's confidence, over a real database: once each, only where it was given, and for good. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  addInjection,
  ensureNamespace,
  getSop,
  listSopVersions,
  recordFeedback,
  saveSop,
} from '../../../src/store/store.ts';
import type { Trx } from '../../../src/store/store.ts';
import { weighVotes } from '../../../src/store/tables/sop-votes.ts';
import { sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

let database: TestStore;
let namespace = '';
let count = 0;
let learned = sop('none', 1);
const cause = { by: 'learning', reason: 'derived' };

beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());
beforeEach(async () => {
  namespace = `votes${(count += 1)}`;
  learned = sop(namespace, 1, { confidence: 0.7, occurrences: 3 });
  await on((trx) => ensureNamespace(trx));
  await derive();
});

const on = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => database.store.inNamespace(namespace, work);
const derive = (more: Partial<typeof learned> = {}) =>
  on((trx) => saveSop(trx, { ...learned, ...more }, { cause }));
const read = async () => (await on((trx) => getSop(trx, learned.sopId)))?.confidence;
const report = (principal: string, helpful: boolean, application?: string) =>
  on((trx) =>
    recordFeedback(trx, {
      patternId: learned.sopId,
      principal,
      helpful,
      ...(application === undefined ? {} : { application }),
    }),
  );
const give = (principal: string, injectionId: string) =>
  on((trx) =>
    addInjection(trx, {
      injectionId,
      principal,
      session: 's',
      task: 't',
      at: '2026-11-21T12:00:00.000Z',
      items: [{ kind: 'sop', id: learned.sopId, relevance: 1 }],
    }),
  );

describe('a report', () => {
  it('moves the confidence at once, up or down, and the last word of one counts', async () => {
    await give('ann', 'i-1');
    await report('ann', true);
    expect(await read()).toBe(weighVotes(0.7, 3, { helpful: 1, all: 1 }));
    await report('ann', false);
    await report('ann', false);
    expect(await read()).toBe(weighVotes(0.7, 3, { helpful: 0, all: 1 }));
    await give('ann', 'i-2');
    await give('bob', 'i-3');
    await report('ann', true);
    await report('bob', true);
    expect(await read()).toBe(weighVotes(0.7, 3, { helpful: 2, all: 3 }));
  });

  it('counts only for what was given to who reports', async () => {
    await give('ann', 'i-1');
    await report('eve', false);
    await report('eve', false, 'i-1');
    await report('eve', false, 'i-made-up');
    expect(await read()).toBe(0.7);
  });

  it('is not forgotten when the procedure is derived anew, and writes no version', async () => {
    const versions = () => on((trx) => listSopVersions(trx, { sopId: learned.sopId, limit: 10 }));
    const before = await versions();
    await give('ann', 'i-1');
    await report('ann', false);
    expect(await derive()).toMatchObject({ changed: false, written: false });
    expect(await read()).toBe(weighVotes(0.7, 3, { helpful: 0, all: 1 }));
    expect(await derive({ confidence: 0.76, occurrences: 4 })).toMatchObject({ written: true });
    expect(await read()).toBe(weighVotes(0.76, 4, { helpful: 0, all: 1 }));
    expect(await versions()).toEqual(before);
  });

  it('leaves what nobody reported on as it was derived', async () => {
    expect(await derive({ confidence: 0.8, occurrences: 5 })).toMatchObject({ written: true });
    expect(await derive({ confidence: 0.8, occurrences: 5 })).toMatchObject({ written: false });
    expect(await read()).toBe(0.8);
  });
});

describe('the weight of reports', () => {
  const figures = fc.record({
    derived: fc.double({ min: 0, max: 0.99, noNaN: true }),
    tasks: fc.integer({ min: 1, max: 1_000 }),
    helpful: fc.nat(50),
    against: fc.nat(50),
  });

  it('is a probability below certainty, rises with a yes, falls with a no, and is nothing without any', () => {
    fc.assert(
      fc.property(figures, ({ derived, tasks, helpful, against }) => {
        const at = (yes: number, no: number) => weighVotes(derived, tasks, { helpful: yes, all: yes + no });
        const now = at(helpful, against);
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(0.99);
        expect(at(helpful + 1, against)).toBeGreaterThanOrEqual(Math.min(now, 0.99) - 1e-4);
        expect(at(helpful, against + 1)).toBeLessThanOrEqual(now + 1e-4);
        expect(at(0, 0)).toBe(derived);
      }),
    );
  });
});
