/** A node's copies of models, on a real database with a clock that only the test moves: they follow, rest, and are bounded. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { foresightNamespacesMax, openForesights } from '../../../src/actors/learning/foresights.ts';
import { createLearner, finish, toModel, train } from '../../../src/learning/learning.ts';
import { ensureNamespace, putModel } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { readNotes, toEpisode } from '../learning/episodes.ts';
import { createSimulatedClock } from './world.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const notes = ['a', 'b', 'c', 'd', 'e'].map((name, n) => readNotes(n, `${name}.md`));
const mails = [0, 1, 2, 3, 4].map((n) =>
  toEpisode(10 + n, `Send the weekly digest to team ${n}`, [{ tool: 'mail__compose' }]),
);

async function learn(namespace: string, episodes: readonly Episode[]): Promise<void> {
  const learner = createLearner({ namespace });
  for (const episode of episodes) learner.learn(episode);
  const { traces } = learner.keeper;
  await database.store.inNamespace(namespace, async (trx) => {
    await ensureNamespace(trx);
    await putModel(trx, toModel(traces, finish(train(traces))));
  });
}

function open() {
  const clock = createSimulatedClock();
  const reads: string[] = [];
  const state = { isAway: false, held: Promise.resolve() };
  const foresights = openForesights({
    store: {
      inNamespace: async (namespace, work) => {
        reads.push(namespace);
        if (state.isAway) throw new Error('the database is away');
        await state.held;
        return database.store.inNamespace(namespace, work);
      },
    },
    clock,
    log,
    maxAgeMs: 1_000,
  });
  const next = async (task: string, namespace = 'acme'): Promise<string | null | undefined> =>
    (await foresights.next({ namespace, task, seen: [], limit: 1 }))?.next[0]?.tool;
  return { clock, foresights, next, reads, state };
}

describe('the copies of models that a node holds', () => {
  beforeEach(async () => {
    await database.ask('delete from models', []);
    await learn('acme', notes);
  });

  it('follow what was learned since, once they are old, and read nothing while they are young', async () => {
    const { clock, next, reads } = open();
    expect(await next('Summarise the notes in omega.md')).toBe('fs__list_directory');
    expect(await next('Send the weekly digest')).not.toBe('mail__compose');
    expect(reads).toHaveLength(1);
    await learn('acme', [...notes, ...mails]);
    expect(await next('Send the weekly digest')).not.toBe('mail__compose');
    expect(reads).toHaveLength(1);
    // Older than its age, and than the rest that a model which takes long to make is given.
    await clock.advance(8_001);
    expect(await next('Send the weekly digest')).toBe('mail__compose');
    expect(reads).toHaveLength(2);
    // Nothing new: the model itself is not fetched again, and what is there goes on being served.
    await clock.advance(8_001);
    expect(await next('Send the weekly digest')).toBe('mail__compose');
  });

  it('follow a model that was begun anew', async () => {
    const { clock, next } = open();
    for (let n = 0; n < 3; n += 1) await learn('acme', notes);
    expect(await next('Send the weekly digest')).not.toBe('mail__compose');
    await database.ask('delete from models', []);
    await learn('acme', [...notes, ...mails]);
    await clock.advance(8_001);
    expect(await next('Send the weekly digest')).toBe('mail__compose');
  });

  it('keep nobody waiting while a fresh one is on its way, but who looks first', async () => {
    const { clock, next, reads, state } = open();
    const task = 'Summarise the notes in omega.md';
    await next(task);
    let release = (): void => undefined;
    state.held = new Promise((resolve) => (release = resolve));
    await clock.advance(8_001);
    const first = next(task);
    // The clock stands still: whoever waits for a bound would wait for ever.
    expect(await next(task)).toBe('fs__list_directory');
    expect(await next(task)).toBe('fs__list_directory');
    expect(reads).toHaveLength(2);
    release();
    expect(await first).toBe('fs__list_directory');
  });

  it('are served from memory while the database is away', async () => {
    const { clock, next, reads, state } = open();
    await next('Summarise the notes in omega.md');
    state.isAway = true;
    await clock.advance(8_001);
    expect(await next('Summarise the notes in omega.md')).toBe('fs__list_directory');
    expect(reads).toHaveLength(2);
    expect(await next('Summarise the notes in omega.md', 'never-seen')).toBeUndefined();
  });

  it('are those of so many namespaces: the one asked longest ago is let go of', async () => {
    const { foresights, next, reads } = open();
    const task = 'Summarise the notes in omega.md';
    expect(await next(task)).toBe('fs__list_directory');
    await foresights.get('first');
    for (let n = 0; n < foresightNamespacesMax - 2; n += 1) await foresights.get(`other-${n}`);
    // As many as there may be: all of them are still there, and this is the newest now.
    expect(await next(task)).toBe('fs__list_directory');
    expect(reads).toHaveLength(foresightNamespacesMax);
    await foresights.get('one-more');
    await foresights.get('first');
    expect(reads.slice(-2)).toEqual(['one-more', 'first']);
    expect(await next(task)).toBe('fs__list_directory');
    expect(reads).toHaveLength(foresightNamespacesMax + 2);
  });
});
