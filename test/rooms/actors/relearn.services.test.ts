/** Learning anew, against a real bus and a real database: the same log gives the same procedures, whatever happened. */
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { createId } from '../../../machines/words/ids.ts';
import type { RelearnOrder, RelearnReport } from '../../../machines/words/relearning.ts';
import { learningAddress, toIso } from '../../../src/actors/actors.ts';
import { readArchive } from '../../../src/actors/workers/archive.ts';
import { startExtractor } from '../../../src/actors/workers/extractor.ts';
import { relearn } from '../../../src/actors/workers/relearn.ts';
import {
  countArchive,
  ensureNamespace,
  listFeedback,
  listSops,
  recordFeedback,
  saveCalls,
  saveEpisode,
  saveSop,
  setSopStatus,
  toParts,
  touchUsedSops,
} from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { episode, sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import {
  clock,
  invoice,
  noteDue,
  openBus,
  openEngine,
  openSource,
  tellStory,
  toEvents,
} from './learning-stage.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

let namespaces = 0;
const toNamespace = (): string => `re${(namespaces += 1)}`;

const readSops = (namespace: string, store: Store = database.store) =>
  store.inNamespace(namespace, (trx) => listSops(trx, { limit: 1_000 }));

/** Everything that is learned, without the history of how it came: what must be equal. */
async function readContent(namespace: string, store: Store = database.store) {
  const sops = (await readSops(namespace, store)).filter(({ status }) => status !== 'retired');
  return new Map(sops.map((one) => [one.sopId, Object.fromEntries(toParts(one))]));
}

async function order(wire: Wire, asked: Partial<RelearnOrder>): Promise<RelearnReport> {
  const relearnId = createId('learning', clock);
  const data = { relearnId, namespace: null, from: 'archive', isTrial: false, ...asked };
  await wire.ask(learningAddress, 'relearn', data);
  return until(
    'it was learned anew',
    async () => {
      const report = (await wire.ask(learningAddress, 'relearned', relearnId)) as RelearnReport;
      return report.state !== 'running' && report;
    },
    20_000,
  );
}

/** Publishes in slices of this size, each of them learned from before the next one comes. */
async function learnLive(wire: Wire, events: readonly DreyEvent[], store: Store, slice = events.length) {
  const { engine } = await openEngine({ wire, store });
  for (let from = 0; from < events.length; from += slice) {
    await wire.publishAll(events.slice(from, from + slice));
    await until('all is learned', async () => (await engine.report()).behind === 0, 20_000);
  }
  return engine;
}

async function openStory(slice?: number) {
  const namespace = toNamespace();
  const wire = await openBus();
  const events = [
    ...(await tellStory(namespace)),
    ...toEvents(namespace, invoice(1), invoice(2), invoice(3)),
  ];
  const engine = await learnLive(wire, events, database.store, slice);
  return { namespace, wire, events, engine };
}

describe.each(['archive', 'stream'] as const)('from the %s', (from) => {
  test('the same procedures come, and nothing is written', async () => {
    const { namespace, wire } = await openStory();
    const before = await readSops(namespace);
    // Two principals are in the story, so what one of them alone has shown is in the shadow.
    const isProven = ({ status }: { readonly status: string }) => status === 'active' || status === 'shadow';
    expect(before.filter(isProven).length).toBeGreaterThanOrEqual(3);
    const report = await order(wire, { namespace, from });
    const { size } = await readContent(namespace);
    const { episodes, calls } = await database.store.inNamespace(namespace, countArchive);
    expect(report).toMatchObject({
      state: 'done',
      error: null,
      differences: [],
      counts: { namespaces: 1, episodes, calls, mended: 0, same: size, changed: 0, new: 0, gone: 0, kept: 0 },
    });
    expect(await readSops(namespace)).toEqual(before);
  });

  test('what was deleted comes back, and a comparison only tells of it', async () => {
    const { namespace, wire } = await openStory();
    const before = await readContent(namespace);
    await database.ask('delete from acontext_sops where namespace = $1', [namespace]);
    const trial = await order(wire, { namespace, from, isTrial: true });
    expect(trial).toMatchObject({ state: 'done', counts: { same: 0, new: before.size, gone: 0 } });
    expect(trial.differences.map(({ sopId }) => sopId).sort()).toEqual([...before.keys()].sort());
    expect(await readSops(namespace)).toEqual([]);
    const report = await order(wire, { namespace, from });
    expect(report.counts).toEqual(trial.counts);
    expect(await readContent(namespace)).toEqual(before);
    expect((await order(wire, { namespace, from })).counts).toMatchObject({ same: before.size, new: 0 });
  });

  test('what was spoiled is put right, and what learning no longer derives goes', async () => {
    const { namespace, wire } = await openStory();
    const before = await readContent(namespace);
    const [first = ''] = before.keys();
    await database.ask("update acontext_sops set steps = '[]', confidence = 0.1 where id = $1", [
      first.slice(2),
    ]);
    const strange = sop(namespace, 1);
    await database.store.inNamespace(namespace, (trx) =>
      saveSop(trx, strange, { cause: { by: 'learning', reason: 'an older way of learning' } }),
    );
    const { counts, differences } = await order(wire, { namespace, from });
    expect(counts).toMatchObject({ same: before.size - 1, changed: 1, new: 0, gone: 1 });
    expect(differences).toEqual([
      expect.objectContaining({ sopId: first, difference: 'changed', parts: ['steps', 'confidence'] }),
      expect.objectContaining({ sopId: strange.sopId, difference: 'gone' }),
    ]);
    expect(await readContent(namespace)).toEqual(before);
  });

  test('what people said, held and wrote is kept', async () => {
    const { namespace, wire } = await openStory();
    const [approved, reported] = await readSops(namespace);
    if (approved === undefined || reported === undefined) throw new Error('the story teaches two procedures');
    const at = '2026-05-01T10:00:00.000Z';
    const written = sop(namespace, 7, { status: 'candidate' });
    await database.store.inNamespace(namespace, async (trx) => {
      const cause = { by: 'ada', reason: 'not now', at };
      await setSopStatus(trx, { sopId: approved.sopId, status: 'quarantined', cause });
      await recordFeedback(trx, { patternId: reported.sopId, principal: 'ada', helpful: true });
      await touchUsedSops(trx, { sopIds: [reported.sopId], at });
      await saveSop(trx, written, { cause: { by: 'ada', reason: 'written back' } });
    });
    const before = await readSops(namespace);
    const { counts } = await order(wire, { namespace, from });
    expect(counts).toMatchObject({ changed: 0, new: 0, gone: 0 });
    expect(await readSops(namespace)).toEqual(before);
    expect(before.find(({ sopId }) => sopId === approved.sopId)).toMatchObject({
      status: 'quarantined',
      held: true,
    });
    expect(before.find(({ sopId }) => sopId === reported.sopId)).toMatchObject({
      lastUsedAt: at,
      feedback: { applied: 1, helpful: 1 },
    });
    await database.ask('delete from acontext_sops where namespace = $1 and id = $2', [
      namespace,
      reported.sopId.slice(2),
    ]);
    await order(wire, { namespace, from });
    const feedback = await database.store.inNamespace(namespace, (trx) =>
      listFeedback(trx, { patternId: reported.sopId, limit: 10 }),
    );
    expect(feedback).toHaveLength(1);
    expect((await readSops(namespace)).find(({ sopId }) => sopId === reported.sopId)?.feedback.helpful).toBe(
      1,
    );
  });
});

test('however the log is cut into batches, the same procedures come', async () => {
  const whole = await openStory();
  const expected = await readContent(whole.namespace);
  for (const slice of [41, 17]) {
    const other = await openTestStore(inject('postgresUrl'));
    onTestFinished(() => other.close());
    const wire = await openBus();
    await learnLive(wire, whole.events, other.store, slice);
    expect(await readContent(whole.namespace, other.store)).toEqual(expected);
    for (const from of ['stream', 'archive'] as const) {
      const { counts } = await order(wire, { namespace: whole.namespace, from });
      expect(counts).toMatchObject({ same: expected.size, changed: 0, new: 0, gone: 0 });
    }
  }
});

test('an archive that was lost is mended from the stream, and what is learned outlives the next start', async () => {
  const { namespace, wire, engine } = await openStory();
  const before = await readContent(namespace);
  const archive = await database.store.inNamespace(namespace, countArchive);
  await database.ask('delete from acontext_sops where namespace = $1', [namespace]);
  await database.ask("delete from calls where namespace = $1 and tool = 'pack'", [namespace]);
  await database.ask("delete from episodes where namespace = $1 and task not like 'Archive%'", [namespace]);
  const trial = await order(wire, { namespace, from: 'stream', isTrial: true });
  expect(trial.counts).toMatchObject({ ...archive, mended: 0 });
  expect((await database.store.inNamespace(namespace, countArchive)).episodes).toBeLessThan(archive.episodes);
  const { counts } = await order(wire, { namespace, from: 'stream' });
  expect(counts.mended).toBeGreaterThan(archive.episodes / 2);
  expect(await database.store.inNamespace(namespace, countArchive)).toEqual(archive);
  expect(await readContent(namespace)).toEqual(before);
  await engine.stop();
  await openEngine({ wire: await openBus(), store: database.store });
  expect(await readContent(namespace)).toEqual(before);
});

test('what the stream has forgotten is taken from the archive', async () => {
  const { namespace, events, engine: first } = await openStory();
  await first.stop();
  const before = await readContent(namespace);
  // A stream that begins in the middle, and that the learner has read to its end.
  const late = await openBus();
  const { engine } = await openEngine({ wire: late, store: database.store });
  await late.publishAll(events.slice(events.length >> 1));
  await until('all is learned', async () => (await engine.report()).behind === 0, 20_000);
  const { counts } = await order(late, { namespace, from: 'stream' });
  expect(counts).toMatchObject({ mended: 0, same: before.size, changed: 0, new: 0, gone: 0 });
  expect(await readContent(namespace)).toEqual(before);
});

test('every namespace is learned anew when none is named', async () => {
  const one = await openStory();
  const { counts } = await order(one.wire, { isTrial: true });
  const rows = await database.ask<{ count: string }>(
    "select count(*) from namespaces where namespace <> '_system'",
  );
  expect(counts.namespaces).toBe(Number(rows[0]?.count));
  expect(counts).toMatchObject({ changed: 0, new: 0, gone: 0 });
});

test('procedures are never gone meanwhile, and what is done meanwhile is learned from', async () => {
  const namespace = 'acme';
  const own = await openTestStore(inject('postgresUrl'));
  onTestFinished(() => own.close());
  const add = (n: number) =>
    own.store.inNamespace(namespace, async (trx) => {
      await ensureNamespace(trx);
      const one = episode(`e-${n}`, { calls: 2, minute: n });
      await saveEpisode(trx, one);
      await saveCalls(
        trx,
        one.calls.map((call, position) => ({ ...call, episodeId: one.episodeId, position })),
      );
    });
  for (const n of [1, 2, 3]) await add(n);
  const served = new Set<number>();
  const watched: Store = {
    ...own.store,
    inNamespace: async (name, work) => {
      const done = await own.store.inNamespace(name, work);
      served.add((await readSops(namespace, own.store)).filter(({ status }) => status === 'active').length);
      return done;
    },
  };
  const extractor = startExtractor({
    store: watched,
    source: openSource(watched),
    clock,
    log,
    quietMs: 50,
    isShared: () => false,
    written: () => undefined,
    park: async () => undefined,
    broke: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => extractor.stop());
  const occurrences = async () => (await readSops(namespace, own.store))[0]?.occurrences;
  await until('three are learned from', async () => (await occurrences()) === 3);
  served.clear();
  const { differences } = await extractor.relearn({
    namespace,
    isTrial: false,
    fill: async (learner) => {
      for await (const episodes of readArchive(watched, namespace)) {
        for (const one of episodes) learner.learn(one);
      }
      await add(4);
      await noteDue(own.store, namespace, 'e-4');
      extractor.nudge(namespace);
      await until('the fourth is learned from', async () => (await occurrences()) === 4);
      await own.ask("update acontext_sops set steps = '[]'");
    },
  });
  expect(differences.map(({ difference }) => difference)).toEqual(['changed']);
  expect([...served]).toEqual([1]);
  const [learned] = await readSops(namespace, own.store);
  expect(learned).toMatchObject({ occurrences: 4, status: 'active' });
  expect(learned?.steps).not.toEqual([]);
  await add(5);
  await noteDue(own.store, namespace, 'e-5');
  extractor.nudge(namespace);
  await until('it goes on with what it learned anew', async () => (await occurrences()) === 5);
});

test('it is learned in slices with rests, and all of it before other learning has to wait', async () => {
  const namespace = 'acme';
  const own = await openTestStore(inject('postgresUrl'));
  onTestFinished(() => own.close());
  const many = 60;
  await own.store.inNamespace(namespace, async (trx) => {
    await ensureNamespace(trx);
    for (let n = 0; n < many; n += 1) {
      const one = episode(`e-${n}`, { calls: 2, minute: n % 60 });
      await saveEpisode(trx, one);
      await saveCalls(
        trx,
        one.calls.map((call, position) => ({ ...call, episodeId: one.episodeId, position })),
      );
    }
  });
  // By this clock every step takes a whole slice.
  const rests: number[] = [];
  let now = 0;
  const slow = {
    monotonic: () => (now += 10),
    schedule: (ms: number, rested: () => void) => {
      rests.push(ms);
      setImmediate(rested);
      return () => undefined;
    },
  };
  const extractor = startExtractor({
    store: own.store,
    source: openSource(own.store),
    clock,
    log,
    quietMs: 50,
    isShared: () => false,
    written: () => undefined,
    park: async () => undefined,
    broke: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => extractor.stop());
  let told: number | undefined;
  let isLeft: boolean | undefined;
  await relearn({ relearnId: 'l-paced', namespace, from: 'archive', isTrial: true } as const, {
    wire: await openBus(),
    store: own.store,
    clock: slow,
    told: () => undefined,
    extractor: {
      goOn: () => extractor.goOn(),
      hold: (name) => extractor.hold(name),
      keepAll: () => extractor.keepAll(),
      relearn: (anew) =>
        extractor.relearn({
          ...anew,
          fill: async (learner) => {
            await anew.fill(learner);
            told = learner.size.episodes;
            isLeft = learner.work();
          },
        }),
    },
  });
  expect(told).toBe(many);
  expect(rests.length).toBeGreaterThanOrEqual(many);
  expect(Math.min(...rests)).toBeGreaterThanOrEqual(10);
  expect(isLeft).toBe(false);
});

test('orders come one at a time, and a wrong one is refused', async () => {
  const { wire } = await openStory();
  const ask = (verb: string, data: unknown) => wire.ask(learningAddress, verb, data);
  const first = { relearnId: 'l-one', namespace: null, from: 'stream', isTrial: true };
  const started = (await ask('relearn', first)) as RelearnReport;
  expect(started).toMatchObject({ state: 'running', startedAt: expect.any(String), endedAt: null });
  expect(Date.parse(started.startedAt)).toBeLessThanOrEqual(Date.parse(toIso(clock.now())));
  await expect(ask('relearn', { ...first, relearnId: 'l-two' })).rejects.toMatchObject({
    code: 'limit_reached',
  });
  expect(await ask('relearn', first)).toMatchObject({ relearnId: 'l-one' });
  await expect(ask('relearn', { from: 'memory' })).rejects.toMatchObject({ code: 'argument_invalid' });
  await expect(ask('relearned', 'l-two')).rejects.toMatchObject({ code: 'relearn_unknown' });
  await expect(ask('unlearn', {})).rejects.toMatchObject({ code: 'method_unknown' });
  await until(
    'the first is done',
    async () => ((await ask('relearned', 'l-one')) as RelearnReport).state === 'done',
    20_000,
  );
  expect(await order(wire, { namespace: 'nobodys' })).toMatchObject({
    state: 'failed',
    error: { code: 'namespace_unknown' },
  });
});
