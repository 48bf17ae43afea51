/** The making of models, on a real database with a clock that only the test moves: what waits is told, and an import is waited for. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { startForeseer } from '../../../src/actors/workers/foreseer.ts';
import { createLearner, isModel } from '../../../src/learning/learning.ts';
import { ensureNamespace, getNewestModel } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { readNotes } from '../learning/episodes.ts';
import { createSimulatedClock } from './world.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());
beforeEach(() => database.ask('delete from models', []));

/** Episodes that come between two looks of an import. */
const burst = 30;
const lookMs = 200;

async function open(namespace: string, toLearn = 0, isAway = false) {
  const { store } = database;
  await store.inNamespace(namespace, ensureNamespace);
  const clock = createSimulatedClock();
  const learner = createLearner({ namespace });
  let writes = 0;
  const foreseer = startForeseer({
    store: {
      inNamespace: async (name, work) => {
        writes += 1;
        if (isAway) throw new Error('the store is away');
        return store.inNamespace(name, work);
      },
    },
    clock,
    log,
    toLearn: () => toLearn,
  });
  onTestFinished(() => foreseer.stop());
  let learned = 0;
  const learn = (count: number): void => {
    for (let n = 0; n < count; n += 1) {
      learned += 1;
      learner.learn(readNotes(learned, `file-${learned}.md`));
    }
    foreseer.notice(namespace, learner.keeper);
  };
  const readTraces = async (): Promise<number> => {
    const model = await store.inNamespace(namespace, (trx) => getNewestModel(trx, { known: 0 }));
    return isModel(model?.body) ? model.body.traces.length : 0;
  };
  return { clock, foreseer, learn, readTraces, writes: () => writes };
}

describe('the foreseer', () => {
  it('has something left until the model is stored', async () => {
    const { clock, foreseer, learn, readTraces } = await open('left');
    learn(3);
    expect(foreseer.waiting).toBe(1);
    await clock.advance(lookMs);
    await until('nothing waits', async () => foreseer.waiting === 0);
    expect(await readTraces()).toBe(3);
  });

  it('makes one model of a whole import, and none of its beginning', async () => {
    const { clock, foreseer, learn, readTraces, writes } = await open('flood');
    for (let look = 0; look < 5; look += 1) {
      learn(burst);
      await clock.advance(lookMs - 1);
      learn(burst);
      await clock.advance(1);
    }
    expect(writes()).toBe(0);
    expect(foreseer.waiting).toBe(1);
    await clock.advance(lookMs);
    await until('nothing waits', async () => foreseer.waiting === 0);
    expect(writes()).toBe(1);
    expect(await readTraces()).toBe(10 * burst);
  });

  it('does not wait for the end of an import that goes on and on', async () => {
    const { clock, foreseer, learn, readTraces, writes } = await open('endless', 1_000);
    learn(burst);
    await clock.advance(29_000);
    expect(writes()).toBe(0);
    await clock.advance(2_000);
    await until('nothing waits', async () => foreseer.waiting === 0);
    expect(await readTraces()).toBe(burst);
  });

  it('tries again at most once a second while the store is away', async () => {
    const { clock, foreseer, learn, writes } = await open('away', 0, true);
    learn(3);
    await clock.advance(5_000);
    expect(writes()).toBeGreaterThan(1);
    expect(writes()).toBeLessThanOrEqual(5);
    expect(foreseer.waiting).toBe(1);
  });
});
