/** Several learners on one bus and one database: each has namespaces of its own, and none of them is without one for long. */
import { afterEach, beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { silentLearner } from '../../../machines/health.store.ts';
import type { RelearnReport } from '../../../machines/words/relearning.ts';
import type { EngineReport } from '../../../src/actors/actors.ts';
import { learningAddress } from '../../../src/actors/actors.ts';
import { startByTurn } from '../../../src/actors/workers/by-turn.ts';
import { startExtractor } from '../../../src/actors/workers/extractor.ts';
import { askEngine } from '../../../src/node/learner/ask-engine.ts';
import { createRelearning } from '../../../src/node/learner/relearning.ts';
import { ensureNamespace, listSops, openStore } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { clock, createVoice, invoice, openBus, openEngine, openSource, toEvents } from './learning-stage.ts';

let database: TestStore;
beforeEach(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterEach(() => database.close());

const names = ['oak', 'elm', 'ash', 'fir'];
const shareOf = (report: EngineReport): number => (report.held?.episodes ?? 0) / 3;

const openOwn = async (): Promise<Store> => {
  const store = await openStore({ url: database.url, log, now: clock.monotonic });
  onTestFinished(() => store.close());
  return store;
};
const readSops = (namespace: string) =>
  database.store.inNamespace(namespace, (trx) => listSops(trx, { limit: 10 }));
const untilLearned = (namespace: string): Promise<unknown> =>
  until(
    `${namespace} has its procedure`,
    async () => (await readSops(namespace)).some(({ status }) => status === 'active'),
    20_000,
  );
const tell = (wire: Wire, ...namespaces: readonly string[]): Promise<unknown> =>
  wire.publishAll(namespaces.flatMap((one) => toEvents(one, invoice(1), invoice(2), invoice(3))));

/** Two engines, each with connections of its own, and four namespaces that have been learned. */
async function openTwo() {
  const wire = await openBus();
  const first = await openEngine({ wire, store: await openOwn() });
  const second = await openEngine({ wire, store: await openOwn() });
  await tell(wire, ...names);
  for (const name of names) await untilLearned(name);
  await until(
    'each has its half',
    async () => shareOf(await first.engine.report()) === 2 && shareOf(await second.engine.report()) === 2,
    20_000,
  );
  return { wire, first, second };
}

test('each learns for its half of the namespaces, and what they say is put together', async () => {
  const { wire, first, second } = await openTwo();
  const behind = await until('all is learned', async () => (await askEngine(wire))?.behind === 0, 20_000);
  expect(behind).toBe(true);
  expect(await askEngine(wire)).toMatchObject({
    engineStatus: 'running',
    intake: 'flowing',
    learners: 2,
    held: { episodes: 12, clusters: 4, share: 1 },
  });
  // What comes later reaches whoever has the namespace, whichever of them takes it off the bus.
  await wire.publishAll(names.flatMap((one) => toEvents(one, invoice(4))));
  await until(
    'all four have heard of it',
    async () => {
      const [one, other] = [await first.engine.report(), await second.engine.report()];
      return one.held?.episodes === 8 && other.held?.episodes === 8;
    },
    20_000,
  );
  for (const name of names)
    await until(`${name} counts it`, async () => (await readSops(name))[0]?.occurrences === 4, 20_000);
  expect([...first.failures, ...second.failures]).toEqual([]);
});

test('one that comes later gets a half of what the first one has', async () => {
  const wire = await openBus();
  const first = await openEngine({ wire, store: await openOwn() });
  await tell(wire, ...names);
  await until('the first has all', async () => shareOf(await first.engine.report()) === 4, 20_000);
  const second = await openEngine({ wire, store: await openOwn() });
  await until('the second has half', async () => shareOf(await second.engine.report()) === 2, 20_000);
  expect(shareOf(await first.engine.report())).toBe(2);
});

test('what one of them had goes to the other when it stops, intake and all', async () => {
  const { wire, first, second } = await openTwo();
  await first.engine.stop();
  await until('the second has all', async () => shareOf(await second.engine.report()) === 4, 20_000);
  await tell(wire, 'yew');
  await untilLearned('yew');
  expect(await askEngine(wire)).toMatchObject({ learners: 1, held: { episodes: 15 } });
});

test('one that loses its connection goes on with what nobody took meanwhile, and both have a share again', async () => {
  const { wire, first, second } = await openTwo();
  await database.ask(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())`,
  );
  await tell(wire, 'yew', 'box');
  for (const name of ['yew', 'box']) await untilLearned(name);
  await until(
    'each has its half',
    async () => shareOf(await first.engine.report()) === 3 && shareOf(await second.engine.report()) === 3,
    20_000,
  );
  expect([...first.failures, ...second.failures]).toEqual([]);
});

test('what one hands to the other between their answers is left to learn, too', async () => {
  const wire = await openBus();
  const alike = { ...silentLearner, engineStatus: 'running', intake: 'flowing', learners: 2 } as const;
  let isTaken = false;
  let take = (): void => undefined;
  const taken = new Promise<void>((resolve) => (take = resolve));
  // The one learns what is due after it has answered; the other counts what is due after that.
  await wire.answer({ ...learningAddress }, async () => {
    const behind = isTaken ? 1 : 0;
    isTaken = true;
    setImmediate(take);
    return { ...alike, hasIntake: false, behind };
  });
  await wire.answer({ ...learningAddress }, async () => {
    await taken;
    return { ...alike, hasIntake: true, behind: 0 };
  });
  expect(await askEngine(wire)).toMatchObject({ behind: 1 });
});

test('nothing is learned anew over a loss of the connection, however soon it was held again', async () => {
  const source = openSource(database.store);
  await database.store.inNamespace('oak', ensureNamespace);
  const extractor = startExtractor({
    store: database.store,
    source,
    clock,
    log,
    quietMs: 200,
    isShared: () => false,
    park: () => expect.unreachable('nothing is left out'),
    written: () => undefined,
    broke: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => extractor.stop());
  await until('it has the namespace', () => extractor.hold('oak'));
  const lose = async (): Promise<void> => {
    const { lost } = await source.turns();
    await database.ask(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
         and database = (select oid from pg_database where datname = current_database())`,
    );
    await lost;
    await until('it has it again', () => extractor.hold('oak').catch(() => false));
  };
  const anew = extractor.relearn({ namespace: 'oak', isTrial: false, fill: lose });
  await expect(anew).rejects.toMatchObject({ code: 'worker_failed' });
});

test('turns that were given back for good are not opened again', async () => {
  const source = openSource(database.store);
  await source.stop();
  await expect(source.turns()).rejects.toMatchObject({ code: 'worker_failed' });
});

test('all of them learn anew what is theirs, and one report says so', async () => {
  const { wire } = await openTwo();
  const { announcer } = createVoice();
  const relearning = createRelearning({ wire, store: database.store, announcer, clock });
  const order = async (namespace: string | null): Promise<RelearnReport> => {
    const by = { id: 'ada' } as Parameters<typeof relearning.start>[0]['by'];
    const { relearnId } = await relearning.start({ namespace, from: 'stream', isTrial: false, by });
    return until(
      'it is done',
      async () => {
        const report = await relearning.read(relearnId);
        return report.state !== 'running' && report;
      },
      20_000,
    );
  };
  // What nobody knows is known not to be known as soon as all have said so.
  await expect(relearning.read('l-nobodys')).rejects.toMatchObject({ code: 'relearn_unknown' });
  expect(await order(null)).toMatchObject({
    learners: 2,
    counts: { namespaces: 4, episodes: 12, same: 4, changed: 0, new: 0, gone: 0 },
    error: null,
  });
  for (const name of names)
    expect(await order(name)).toMatchObject({ counts: { namespaces: 1, episodes: 3, same: 1 } });
});

test('a worker of which there is one stands by until the other gives its turn back', async () => {
  const start = async (working: string[], who: string) =>
    startByTurn({
      source: openSource(database.store),
      name: 'one',
      clock,
      log,
      start: async () => {
        working.push(who);
        return { stop: async () => void working.splice(working.indexOf(who), 1) };
      },
      broke: (error) => expect.unreachable(String(error)),
    });
  const working: string[] = [];
  const first = await start(working, 'first');
  const second = await start(working, 'second');
  expect(working).toEqual(['first']);
  expect(second.working).toBeUndefined();
  await first.stop();
  await until('it is the turn of the second', () => working.length > 0, 10_000);
  expect(working).toEqual(['second']);
  await second.stop();
  expect(working).toEqual([]);
});
