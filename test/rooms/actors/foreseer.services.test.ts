/**
 * The making of models, on a real database with a clock that only the test moves: what waits is told, an import is waited
 * for, and what no model can be made of stops nobody.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { startForeseer } from '../../../src/actors/workers/foreseer.ts';
import { createLeftOut } from '../../../src/actors/workers/left-out.ts';
import { createLearner, isModel } from '../../../src/learning/learning.ts';
import type { Learner } from '../../../src/learning/learning.ts';
import { ensureNamespace, getNewestModel } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { readNotes, toEpisode } from '../learning/episodes.ts';
import { openBus } from './learning-stage.ts';
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
    leftOut: createLeftOut({ clock, log, park: () => Promise.reject(new Error('nothing is left out here')) }),
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
  const readKeys = async (): Promise<readonly string[]> => {
    const model = await store.inNamespace(namespace, (trx) => getNewestModel(trx, { known: 0 }));
    return isModel(model?.body) ? model.body.keys.map(({ key }) => key) : [];
  };
  return { clock, foreseer, learn, learner, readKeys, readTraces, writes: () => writes };
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

  it('stores nothing for a namespace that somebody else has by then', async () => {
    const { clock, foreseer, learn, writes } = await open('lost');
    learn(3);
    foreseer.drop('lost');
    expect(foreseer.waiting).toBe(0);
    await clock.advance(5 * lookMs);
    expect(writes()).toBe(0);
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

  it('learns its weights anew by a key that was found, however little else is new', async () => {
    const { clock, foreseer, learn, learner, readKeys, writes } = await open('keyed');
    const issue = (n: number) =>
      toEpisode(n, `Handle the ticket of ${['ada', 'bob', 'carol'][n % 3] ?? ''}`, [
        { tool: 'gh__issue', args: { action: 'list' } },
        { tool: 'gh__issue', args: { action: 'close', id: `I-${n}41` } },
      ]);
    const store = async (times: number): Promise<void> => {
      learner.derive();
      learn(0);
      await clock.advance(10_000);
      await until('the model is stored', async () => foreseer.waiting === 0 && writes() === times);
    };
    learn(burst);
    for (const n of [1_000, 1_001]) learner.learn(issue(n));
    await store(1);
    expect(await readKeys()).toEqual([]);
    learner.learn(issue(1_002));
    await store(2);
    expect(await readKeys()).toEqual(['action']);
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

const why = 'Maximum call stack size exceeded';

/** What a learner keeps, in which training meets a fault of its own as long as the test says so. */
function poison({ keeper }: Learner, isPoisoned: () => boolean): Learner['keeper'] {
  const fault = {
    get: (): never => {
      throw new RangeError(why);
    },
  };
  return {
    get changes() {
      return keeper.changes;
    },
    get keys() {
      return keeper.keys;
    },
    get traces() {
      if (!isPoisoned()) return keeper.traces;
      return keeper.traces.map((trace) => Object.defineProperty({ ...trace }, 'steps', fault));
    },
  };
}

it('of what no model can be made the reason is parked once, others go on, and what is new is another try', async () => {
  const { store } = database;
  const wire = await openBus();
  const clock = createSimulatedClock();
  const leftOut = createLeftOut({ clock, log, park: wire.dead.put });
  const foreseer = startForeseer({ store, clock, log, toLearn: () => 0, leftOut });
  onTestFinished(async () => {
    await foreseer.stop();
    await leftOut.stop();
  });
  for (const namespace of ['faulty', 'sound']) await store.inNamespace(namespace, ensureNamespace);
  let isPoisoned = true;
  let learned = 0;
  const faulty = createLearner({ namespace: 'faulty' });
  const spoiled = poison(faulty, () => isPoisoned);
  const learnMore = (): void => {
    learned += 1;
    faulty.learn(readNotes(learned, `file-${learned}.md`));
    foreseer.notice('faulty', spoiled);
  };
  const readVersion = async (namespace: string) =>
    (await store.inNamespace(namespace, (trx) => getNewestModel(trx, { known: 0 })))?.version;
  const readLetters = async () => {
    leftOut.tell();
    return (await wire.dead.list({ namespaces: ['faulty', 'sound'], limit: 10 })).letters;
  };

  learnMore();
  const sound = createLearner({ namespace: 'sound' });
  for (let n = 1; n < 4; n += 1) sound.learn(readNotes(n, `file-${n}.md`));
  foreseer.notice('sound', sound.keeper);
  await clock.advance(5_000);
  await until('nothing waits', async () => foreseer.waiting === 0);
  expect([await readVersion('faulty'), await readVersion('sound')]).toEqual([undefined, 1]);
  const letter = await until('it is parked', async () => (await readLetters())[0]);
  expect(letter).toMatchObject({ code: 'model_untrainable', by: 'foreseer', attempts: 1 });
  expect(letter.reason).toContain(why);
  expect(letter.body).toContain(spoiled.traces[0]?.id);

  // Looked at again without anything new, it is left alone; with something new it fails for the same reason, told already.
  foreseer.notice('faulty', spoiled);
  expect(foreseer.waiting).toBe(0);
  learnMore();
  expect(foreseer.waiting).toBe(1);
  await clock.advance(5_000);
  await until('nothing waits', async () => foreseer.waiting === 0);
  expect(await readLetters()).toEqual([letter]);

  isPoisoned = false;
  learnMore();
  await clock.advance(5_000);
  await until('nothing waits', async () => foreseer.waiting === 0);
  expect(await readVersion('faulty')).toBe(1);
});
