/** The shelf: what is served, from memory, while the store is slow, away or changing. */
import { describe, expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { openShelf } from '../../../src/actors/actors.ts';
import type { Shelf } from '../../../src/actors/actors.ts';
import type { Store } from '../../../src/store/store.ts';
import { sop } from '../../support/store-rows.ts';
import { until } from '../../support/until.ts';
import { createDeferred, createWorld, settle } from './world.ts';

type Given = Parameters<typeof sop>[2];
type SopQuestion = Parameters<Shelf['search']>[0];

const row = (n: number, changes: Given = {}) => ({
  ...sop('acme', n, {
    trigger: `export invoice to ledger`,
    wordings: ['export the invoice to the ledger'],
    ...changes,
  }),
  version: 1,
  agentId: undefined,
  createdAt: '2026-03-01T10:00:00.000Z',
  updatedAt: `2026-03-01T10:00:0${n}.000Z`,
  lastUsedAt: undefined,
  held: false,
  feedback: { applied: 0, helpful: 0 },
});

type Row = ReturnType<typeof row>;

/** A store that answers what the test says; only the way a shelf asks it is imitated. */
function open(rows: Row[]) {
  const world = createWorld();
  const state = { rows, reads: 0, answer: async (): Promise<readonly Row[]> => state.rows };
  const store: Pick<Store, 'inNamespace'> = {
    // The transaction's work is to read what changed; all rows are given as if they had.
    inNamespace: async <T>() => {
      state.reads += 1;
      const changed = await state.answer();
      return { stamps: changed.map(({ sopId }) => ({ sopId, stamp: '' })), changed } as T;
    },
  };
  const shelf = openShelf({ store, clock: world.clock, log: world.log });
  const ask = async (more: Partial<SopQuestion> = {}) => {
    const question = {
      namespace: 'acme',
      task: 'export the invoice to the ledger',
      minConfidence: 0.7,
      limit: 5,
    };
    return (await shelf.search({ ...question, ...more })).map((found) => found.sopId);
  };
  return { ...world, shelf, state, ask };
}

/** Whole numbers below a bound that look like chance and are the same each time. */
function createChance(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * bound);
  };
}

const away = async (): Promise<never> => Promise.reject(new DreyError('database_unavailable', 'it is away'));

describe('the shelf', () => {
  it('reads once and answers many times', async () => {
    const { ask, state } = open([row(1)]);
    expect(await ask()).toEqual([row(1).sopId]);
    expect(await ask()).toEqual([row(1).sopId]);
    expect(state.reads).toBe(1);
  });

  it('reads once for those who ask at the same time', async () => {
    const { ask, state } = open([row(1)]);
    await Promise.all([ask(), ask(), ask()]);
    expect(state.reads).toBe(1);
  });

  it('reads anew after a change and after its age', async () => {
    const { ask, state, shelf, clock } = open([]);
    expect(await ask()).toEqual([]);
    state.rows = [row(1)];
    expect(await ask()).toEqual([]);
    shelf.forget('other');
    expect(await ask()).toEqual([]);
    shelf.forget('acme');
    expect(await ask()).toEqual([row(1).sopId]);
    state.rows = [];
    await clock.advance(10_000);
    expect(await ask()).toEqual([]);
  });

  it('does not miss a change that comes while it reads', async () => {
    const { ask, state, shelf } = open([]);
    const slow = createDeferred<readonly Row[]>();
    state.answer = () => slow.promise;
    const first = ask();
    shelf.forget('acme');
    slow.resolve([]);
    expect(await first).toEqual([]);
    state.answer = async () => [row(1)];
    expect(await ask()).toEqual([row(1).sopId]);
  });

  it('answers from memory while the store is away, and does not ask it each time', async () => {
    const { ask, state, shelf, clock, sentences } = open([row(1)]);
    await ask();
    shelf.forget('acme');
    state.answer = away;
    for (let time = 0; time < 5; time += 1) expect(await ask()).toEqual([row(1).sopId]);
    expect(state.reads).toBe(2);
    expect(sentences).toEqual(['procedures are served from memory: the database is away or slow']);
    state.answer = async () => [];
    await clock.advance(1_000);
    expect(await ask()).toEqual([]);
  });

  it('answers from memory while the store hangs, and takes its answer when it comes', async () => {
    const { ask, state, shelf, clock } = open([row(1)]);
    await ask();
    shelf.forget('acme');
    const slow = createDeferred<readonly Row[]>();
    state.answer = () => slow.promise;
    const asked = ask();
    await clock.advance(250);
    expect(await asked).toEqual([row(1).sopId]);
    slow.resolve([]);
    await settle();
    expect(await ask()).toEqual([]);
    expect(state.reads).toBe(2);
  });

  it('says so when the store is away and nothing is known yet', async () => {
    const { ask, state } = open([]);
    state.answer = away;
    await expect(ask()).rejects.toMatchObject({ code: 'database_unavailable' });
  });

  it('serves what is not active only to those who ask below the bar', async () => {
    const { ask } = open([row(1, { status: 'candidate', confidence: 0.6 }), row(2)]);
    expect(await ask({ minConfidence: 0.7 })).toEqual([row(2).sopId]);
    expect((await ask({ minConfidence: 0.5 })).sort()).toEqual([row(1).sopId, row(2).sopId].sort());
  });

  it('fills the limit with what is served, not with what is left out', async () => {
    const { ask } = open([row(1, { status: 'shadow', confidence: 0.95 }), row(2, { confidence: 0.9 })]);
    expect(await ask({ limit: 1 })).toEqual([row(2).sopId]);
    expect(await ask({ limit: 0 })).toEqual([]);
  });

  it('that was brought up to date again and again serves as one that is opened anew', async () => {
    const words = ['invoice', 'ledger', 'report', 'mail', 'archive', 'customer', 'order', 'backup'];
    const toRow = (n: number, content: number): Row => ({
      ...row(n, {
        trigger: `${words[content % 8]} the ${words[(content >> 3) % 8]} of ${words[(content >> 6) % 8]}`,
        wordings: [`please ${words[(content >> 2) % 8]} it`],
        confidence: 0.7 + (content % 30) / 100,
      }),
      updatedAt: new Date(1_000 * content).toISOString(),
    });
    const { ask, state, shelf } = open([]);
    const next = createChance(11);
    const rows = new Map<number, Row>();
    for (let round = 0; round < 40; round += 1) {
      for (let change = 0; change < 5; change += 1) {
        const n = next(40);
        if (next(4) === 0) rows.delete(n);
        else rows.set(n, toRow(n, next(512)));
      }
      state.rows = [...rows.values()];
      shelf.forget('acme');
      const task = `${words[next(8)]} the ${words[next(8)]}`;
      const question = { namespace: 'acme', task, minConfidence: 0.7, limit: 10 };
      await ask();
      const anew = open([...rows.values()].toReversed());
      expect(await shelf.search(question)).toEqual(await anew.shelf.search(question));
    }
  });

  it('lets others have their turn while many procedures come', async () => {
    const many = Array.from({ length: 200 }, (_, n) => ({
      ...row(n),
      updatedAt: '2026-03-01T10:00:00.000Z',
    }));
    const { ask } = open(many);
    let turns = 0;
    let waiting = true;
    const turn = (): void => {
      turns += 1;
      if (waiting) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await ask()).toHaveLength(5);
    waiting = false;
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('answers from what has come of a first copy that takes long, and from all of it afterwards', async () => {
    const last = row(1, { sopId: sop('acme', 900).sopId, trigger: 'polish the astrolabe', wordings: [] });
    const many = Array.from({ length: 800 }, (_, n) => ({ ...row(n), updatedAt: last.updatedAt }));
    const { ask, clock } = open([...many, last]);
    const task = 'polish the astrolabe';
    const asked = ask({ task });
    await new Promise<void>((resolve) => setImmediate(resolve));
    await clock.advance(250);
    expect(await asked).not.toContain(last.sopId);
    await until('all of it is there', async () => (await ask({ task })).includes(last.sopId));
  });

  it('sees figures that changed although the procedure did not', async () => {
    const { shelf, state } = open([row(1)]);
    const question = {
      namespace: 'acme',
      task: 'export the invoice to the ledger',
      minConfidence: 0.7,
      limit: 5,
    };
    await shelf.search(question);
    state.rows = [{ ...row(1), feedback: { applied: 4, helpful: 3 } }];
    shelf.forget('acme');
    expect((await shelf.search(question))[0]).toMatchObject({ feedback: { applied: 4, helpful: 3 } });
  });
});
