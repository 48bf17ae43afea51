/** An episode that learning cannot take stops nobody: it lies among the dead letters, and everything else is learned. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { createId } from '../../../machines/words/ids.ts';
import type { RelearnReport } from '../../../machines/words/relearning.ts';
import { learningAddress } from '../../../src/actors/actors.ts';
import { createLeftOut } from '../../../src/actors/workers/left-out.ts';
import { getNewestModel, listSops, pageEpisodes } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';
import { clock, invoice, openBus, openEngine, toEvents } from './learning-stage.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const poisonTask = 'Walk into the well';
const why = 'Maximum call stack size exceeded';

/** Learning meets a fault of its own in this one episode, as long as the test says so. */
function poison(store: Store, isPoisoned: () => boolean): Store {
  const spoil = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(spoil);
    if (typeof value !== 'object' || value === null) return value;
    if ('episodes' in value) return { ...value, episodes: spoil(value.episodes) };
    if (!('task' in value) || value.task !== poisonTask || !isPoisoned()) return value;
    const fault = {
      get: (): never => {
        throw new RangeError(why);
      },
    };
    const { calls } = value as Episode;
    return { ...value, calls: calls.map((call) => Object.defineProperty({ ...call }, 'args', fault)) };
  };
  return {
    ...store,
    inNamespace: async (namespace, work) =>
      store.inNamespace(namespace, async (trx) => spoil(await work(trx)) as Awaited<ReturnType<typeof work>>),
  };
}

const readActive = async (namespace: string) =>
  (await database.store.inNamespace(namespace, (trx) => listSops(trx, { limit: 100 }))).filter(
    ({ status }) => status === 'active',
  );
const readLetters = async (wire: Wire, namespace: string) =>
  (await wire.dead.list({ namespaces: [namespace], limit: 10 })).letters;

test('an episode that learning cannot take is parked, everything else is learned, and it can be tried again', async () => {
  const wire = await openBus();
  let isPoisoned = true;
  const store = poison(database.store, () => isPoisoned);
  const poisonous = { ...invoice(4), key: 'poison', task: poisonTask, startedAt: '2026-01-01T10:00:00Z' };
  const first = await openEngine({ wire, store });
  await wire.publishAll(toEvents('lo1', poisonous, invoice(1)));
  const letter = await until('it is parked', async () => (await readLetters(wire, 'lo1'))[0], 10_000);
  expect(letter).toMatchObject({ code: 'episode_unlearnable', attempts: 1, by: 'extractor' });
  expect(letter.reason).toContain(why);
  await wire.publishAll([
    ...toEvents('lo1', invoice(2), invoice(3)),
    ...toEvents('lo2', invoice(1), invoice(2), invoice(3)),
  ]);
  await until('its own namespace goes on', async () => (await readActive('lo1')).length === 1, 10_000);
  await until('the other one goes on', async () => (await readActive('lo2')).length === 1, 10_000);
  const { workers } = await first.engine.report();
  expect(workers.find(({ name }) => name === 'extractor')).toMatchObject({ attempts: 1, lastError: null });
  await first.engine.stop();

  const second = await openEngine({ wire, store });
  const again = await until(
    'it was tried once more',
    async () => (await readLetters(wire, 'lo1')).find(({ attempts }) => attempts === 2),
    10_000,
  );
  expect(await readLetters(wire, 'lo1')).toHaveLength(1);
  const countKnown = async () => (await second.engine.report()).held?.episodes;
  await until('all others are known again', async () => (await countKnown()) === 6, 10_000);
  const relearnId = createId('learning', clock);
  await wire.ask(learningAddress, 'relearn', { relearnId, namespace: null, from: 'stream', isTrial: false });
  const report = await until('it was learned anew', async () => {
    const told = (await wire.ask(learningAddress, 'relearned', relearnId)) as RelearnReport;
    return told.state !== 'running' && told;
  });
  expect(report).toMatchObject({ state: 'done', counts: { same: 2, gone: 0 } });
  expect((await readActive('lo1')).length + (await readActive('lo2')).length).toBe(2);

  await wire.dead.retry(again.id);
  const third = await until('in vain', async () => (await readLetters(wire, 'lo1'))[0], 10_000);
  expect(third.id).not.toBe(again.id);
  isPoisoned = false;
  await wire.dead.retry(third.id);
  await until('it is known as well', async () => (await countKnown()) === 7, 10_000);
  expect(await readLetters(wire, 'lo1')).toEqual([]);
  expect([...first.failures, ...second.failures]).toEqual([]);
});

test('a model that could not be made is made anew when its letter is sent again', async () => {
  const wire = await openBus();
  const { engine } = await openEngine({ wire, store: database.store });
  await wire.publishAll(toEvents('lo3', invoice(1), invoice(2), invoice(3)));
  const readVersion = async () =>
    (await database.store.inNamespace('lo3', (trx) => getNewestModel(trx, { known: 0 })))?.version;
  await until('a model is stored', readVersion, 10_000);
  await until('it is of all', async () => (await engine.report()).behind === 0, 10_000);
  const before = (await readVersion()) ?? 0;
  const [episode] = await database.store.inNamespace('lo3', (trx) => pageEpisodes(trx, { limit: 1 }));

  const leftOut = createLeftOut({ clock, log, park: wire.dead.put });
  const error = new RangeError(why);
  leftOut.goOnWithoutModel('lo3', { episodes: [episode?.episodeId ?? ''], error });
  leftOut.goOnWithoutModel('lo3', { episodes: [], error });
  leftOut.tell();
  await leftOut.stop();
  const letters = await readLetters(wire, 'lo3');
  expect(letters).toMatchObject([{ code: 'model_untrainable', by: 'foreseer', attempts: 1 }]);
  await wire.dead.retry(letters[0]?.id ?? 0);
  await until('it is made anew', async () => ((await readVersion()) ?? 0) > before, 10_000);
  expect(await readLetters(wire, 'lo3')).toEqual([]);
});
