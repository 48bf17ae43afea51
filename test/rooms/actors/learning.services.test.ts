/** The learning engine against a real bus and a real database: from events to procedures, through crashes and restarts. */
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import type { AnyEvent, DreyEvent } from '../../../machines/words/events.ts';
import { openSessions } from '../../../src/actors/actors.ts';
import type { openLearning } from '../../../src/actors/actors.ts';
import { startExtractor } from '../../../src/actors/workers/extractor.ts';
import { startIntake } from '../../../src/actors/workers/intake.ts';
import type { Touched } from '../../../src/actors/workers/intake.ts';
import { startRelay } from '../../../src/actors/workers/relay.ts';
import { createInstants, importEpisodes } from '../../../src/node/imports.ts';
import {
  addToOutbox,
  countArchive,
  ensureNamespace,
  listSops,
  measureOutbox,
  saveCalls,
  saveEpisode,
  saveSop,
} from '../../../src/store/store.ts';
import type { Store, StoredSop } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { episode as archived, event, sop } from '../../support/store-rows.ts';
import { until } from '../../support/until.ts';
import {
  clock,
  createVoice,
  invoice,
  invoiceTools,
  openBus,
  openEngine,
  openSource,
  redactor,
  toEvents,
} from './learning-stage.ts';
import { somebody } from './world.ts';

let database: TestStore;
let namespaces = 0;
const toNamespace = (): string => `ns${(namespaces += 1)}`;

beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const readSops = (namespace: string, store: Store = database.store): Promise<readonly StoredSop[]> =>
  store.inNamespace(namespace, (trx) => listSops(trx, { limit: 1_000 }));
const readArchive = (namespace: string) => database.store.inNamespace(namespace, (trx) => countArchive(trx));
const untilLearned = (namespace: string, sopsMin = 1): Promise<readonly StoredSop[]> =>
  until(
    'the procedure is active',
    async () => {
      const sops = (await readSops(namespace)).filter((one) => one.status === 'active');
      return sops.length >= sopsMin && sops;
    },
    20_000,
  );

const startEngine = (wire: Wire, options: Partial<Parameters<typeof openLearning>[0]> = {}) =>
  openEngine({ wire, store: database.store, ...options });

describe('the intake', () => {
  test('archives what is delivered twice once', async () => {
    const wire = await openBus();
    const namespace = toNamespace();
    const touched: Touched[] = [];
    let refusals = 2;
    const take = () =>
      startIntake({
        wire,
        store: database.store,
        gate: async () => undefined,
        committed: (some) => {
          touched.push(...some);
          // Committed but not acknowledged, as after a crash in between.
          if (refusals > 0) {
            refusals -= 1;
            throw new DreyError('database_unavailable', 'the connection broke after the commit');
          }
        },
      });
    const first = await take();
    await wire.publishAll(toEvents(namespace, invoice(1), invoice(2)));
    await until('both episodes are there', async () => (await readArchive(namespace)).calls === 6);
    await until('nothing is waiting', async () => (await first.lag()) === 0, 10_000);
    await first.stop();
    expect(refusals).toBe(0);
    expect(await readArchive(namespace)).toEqual({ episodes: 2, calls: 6 });

    await wire.forgetDurable('learner');
    const again = await take();
    await until('all of it was delivered again', async () => (await again.lag()) === 0, 10_000);
    await again.stop();
    expect(await readArchive(namespace)).toEqual({ episodes: 2, calls: 6 });
    const rows = await database.ask<{ ended_by: string; outcome: string }>(
      'select ended_by, outcome from episodes where namespace = $1',
      [namespace],
    );
    expect(rows).toEqual([
      { ended_by: 'told', outcome: 'success' },
      { ended_by: 'told', outcome: 'success' },
    ]);
  });

  test('holds back while its gate is closed', async () => {
    const wire = await openBus();
    const namespace = toNamespace();
    let open = (): void => undefined;
    let asked = false;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const intake = await startIntake({
      wire,
      store: database.store,
      gate: () => {
        asked = true;
        return opened;
      },
      committed: () => undefined,
    });
    await wire.publishAll(toEvents(namespace, invoice(1)));
    await until('the gate was asked', () => asked);
    expect((await readArchive(namespace)).calls).toBe(0);
    open();
    await until('the episode is there', async () => (await readArchive(namespace)).calls === 3);
    await intake.stop();
  });
});

describe('the engine', () => {
  test('turns three successes into an active procedure and tells of it on the bus', async () => {
    const wire = await openBus();
    const namespace = toNamespace();
    const told: AnyEvent[] = [];
    const following = await wire.follow({
      filters: { namespace, kind: 'sop' },
      from: 'all',
      onBatch: async (deliveries) => void told.push(...deliveries.map((one) => one.event)),
    });
    onTestFinished(() => following.stop());
    const { engine, failures } = await startEngine(wire);
    await wire.publishAll(toEvents(namespace, invoice(1), invoice(2), invoice(3)));
    const [learned, ...others] = await untilLearned(namespace);
    expect(others).toEqual([]);
    expect(learned).toMatchObject({ status: 'active', occurrences: 3, version: expect.any(Number) });
    expect(learned?.procedure.map((step) => step.tool)).toEqual(invoiceTools);
    const activated = await until('it is told', () => told.find((one) => one.type === 'sop.activated'));
    expect(activated).toMatchObject({
      actor: { kind: 'sop', id: learned?.sopId },
      data: { status: 'active' },
    });
    await until('the outbox is empty', async () => (await measureOutbox(database.store)).waiting === 0);

    const report = await until('all is learned', async () => {
      const now = await engine.report();
      return now.behind === 0 && now;
    });
    expect(report.workers.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'writer running',
      'extractor running',
      'graph running',
      'intake running',
    ]);
    expect(report.lastRunAt).not.toBeNull();
    expect(
      await wire.ask({ namespace: '_system', kind: 'learning', id: 'l-engine' }, 'status'),
    ).toMatchObject({
      engineStatus: 'running',
    });
    await engine.stop();
    await engine.stop();
    expect(failures).toEqual([]);
  });

  test('gives the same procedures from the archive alone, and writes none of them again', async () => {
    const namespace = toNamespace();
    const wire = await openBus();
    const first = await startEngine(wire);
    await wire.publishAll(toEvents(namespace, invoice(1), invoice(2), invoice(3), invoice(4)));
    await until(
      'four are learned from',
      async () => (await readSops(namespace))[0]?.occurrences === 4,
      20_000,
    );
    await first.engine.stop();
    const before = await readSops(namespace);

    const empty = await openBus();
    const second = await startEngine(empty);
    await until('the archive is read', async () => {
      const { behind, lastRunAt } = await second.engine.report();
      return behind === 0 && lastRunAt !== null;
    });
    expect(await readSops(namespace)).toEqual(before);
    await database.ask('delete from acontext_sops where namespace = $1', [namespace]);
    await second.engine.stop();
    await startEngine(await openBus());
    const [again] = await untilLearned(namespace);
    const { sopId, steps, procedure, confidence, occurrences, trigger } = before[0] ?? {};
    expect(again).toMatchObject({ sopId, steps, procedure, confidence, occurrences, trigger });
  });

  test('learns from a session that nobody gave a task, while it is still open', async () => {
    const wire = await openBus();
    const { announcer, take } = createVoice();
    const sessions = openSessions({
      clock,
      log,
      announcer,
      redactor,
      routes: {
        resolve: (name) => {
          const [server = '', tool = ''] = name.split('__');
          return {
            server,
            tool,
            call: async () => ({ outcome: 'finished', result: '{"content":[]}', isError: false }),
          };
        },
      },
      changed: () => undefined,
    });
    const namespace = toNamespace();
    const { engine } = await startEngine(wire);
    const principal = somebody('ada', namespace);
    const session = sessions.open({ principal, transport: 'stdio', revision: '', client: 'test' });
    let n = 0;
    for (let run = 0; run < 3; run += 1) {
      for (const name of invoiceTools) {
        n += 1;
        await session.call({
          callId: `k-${namespace}-${n}`,
          name,
          args: JSON.stringify({ id: `C-${run}` }),
          meta: undefined,
          traceparent: undefined,
          signal: new AbortController().signal,
          notify: undefined,
        });
      }
    }
    await wire.publishAll(take());
    const [learned] = await untilLearned(namespace);
    expect(learned).toMatchObject({ triggerFrom: 'calls', occurrences: 3 });
    expect(learned?.procedure.map((step) => step.tool)).toEqual(invoiceTools);
    const rows = await database.ask<{ ended_by: string }>(
      'select ended_by from episodes where namespace = $1',
      [namespace],
    );
    expect(rows).toEqual([{ ended_by: 'open' }]);
    session.close('over');
    await wire.publishAll(take());
    await until('the episode is closed', async () => {
      const [row] = await database.ask<{ ended_by: string }>(
        'select ended_by from episodes where namespace = $1',
        [namespace],
      );
      return row?.ended_by === 'session_end';
    });
    await until('all is learned', async () => (await engine.report()).behind === 0);
    expect(await readSops(namespace)).toHaveLength(1);
    // Nothing is left to learn only once next steps are served as well.
    const models = await database.ask('select 1 from models where namespace = $1', [namespace]);
    expect(models.length).toBeGreaterThan(0);
  });

  test('goes on after every connection to the database was cut in the middle of its work', async () => {
    const wire = await openBus();
    const namespace = toNamespace();
    const { engine, failures } = await startEngine(wire);
    for (let n = 1; n <= 9; n += 1) {
      await wire.publishAll(toEvents(namespace, invoice(n)));
      if (n % 2 === 0) await database.killBackends();
    }
    await until(
      'nine are learned from',
      async () => (await readSops(namespace))[0]?.occurrences === 9,
      25_000,
    );
    expect(await readArchive(namespace)).toEqual({ episodes: 9, calls: 27 });
    expect((await engine.report()).engineStatus).toBe('running');
    expect(failures).toEqual([]);
  });
});

describe('the extractor', () => {
  const start = (store: Store, broken: unknown[] = []) => {
    const extractor = startExtractor({
      store,
      source: openSource(store),
      clock,
      log,
      quietMs: 100,
      isShared: () => false,
      written: () => undefined,
      park: async () => undefined,
      broke: (error) => void broken.push(error),
    });
    onTestFinished(() => extractor.stop());
    return extractor;
  };
  const sopOf = (namespace: string, n: number) => sop(namespace, n, { confidence: 0.9 });

  test('retires whatever no episode supports, however much it is', async () => {
    const own = await openTestStore(inject('postgresUrl'));
    onTestFinished(() => own.close());
    const count = 205;
    await own.store.inNamespace('acme', async (trx) => {
      await ensureNamespace(trx);
      for (let n = 0; n < count; n += 1)
        await saveSop(trx, sopOf('acme', n), { cause: { by: 'learning', reason: 'test' } });
      await saveSop(trx, sopOf('acme', count), { cause: { by: 'ada', reason: 'mine', holds: true } });
    });
    const extractor = start(own.store);
    await until('all is read', () => extractor.waiting === 0 && extractor.lastRunAt !== null, 20_000);
    const left = (await readSops('acme', own.store)).filter((one) => one.status !== 'retired');
    expect(left.map((one) => one.sopId)).toEqual([sopOf('acme', count).sopId]);
  });

  test('that is stopped while it reads the archive retires nothing', async () => {
    const own = await openTestStore(inject('postgresUrl'));
    onTestFinished(() => own.close());
    await own.store.inNamespace('acme', async (trx) => {
      await ensureNamespace(trx);
      await saveSop(trx, sopOf('acme', 1), { cause: { by: 'learning', reason: 'test' } });
      for (let n = 0; n < 201; n += 1) {
        const one = archived(`e-${n}`, { calls: 1, minute: n });
        await saveEpisode(trx, one);
        await saveCalls(
          trx,
          one.calls.map((call, position) => ({ ...call, episodeId: one.episodeId, position })),
        );
      }
    });
    let reads = 0;
    let stopping: Promise<void> | undefined;
    const stoppedAtSecond: Store = {
      ...own.store,
      inNamespace: async (namespace, work) => {
        reads += 1;
        // First what is stored, then page by page.
        if (reads === 3) stopping = extractor.stop();
        return own.store.inNamespace(namespace, work);
      },
    };
    const extractor = start(stoppedAtSecond);
    await until('it was stopped', () => stopping !== undefined);
    await stopping;
    expect((await readSops('acme', own.store)).map((one) => one.status)).toEqual(['active']);
  });

  test('waits while the database is away instead of giving up', async () => {
    const namespace = toNamespace();
    await database.store.inNamespace(namespace, ensureNamespace);
    let away = 3;
    const broken: unknown[] = [];
    const flaky: Store = {
      ...database.store,
      inNamespace: async (one, work) => {
        away -= 1;
        if (away >= 0) throw new DreyError('database_unavailable', 'it is away');
        return database.store.inNamespace(one, work);
      },
    };
    const extractor = start(flaky, broken);
    await until('it has read everything', () => extractor.waiting === 0, 20_000);
    expect(broken).toEqual([]);
  });

  test('says so when it cannot go on for another reason', async () => {
    const broken: unknown[] = [];
    start({ ...database.store, inSystem: async () => Promise.reject(new TypeError('a bug')) }, broken);
    await until('it broke', () => broken.length === 1);
  });
});

describe('the relay', () => {
  test('publishes what waits, in order, and is not held up by an event that is none', async () => {
    const wire = await openBus();
    const own = await openTestStore(inject('postgresUrl'));
    onTestFinished(() => own.close());
    const broken = { ...event('acme', 'v-2'), type: 'nothing.happened' } as unknown as DreyEvent;
    await own.store.inNamespace('acme', async (trx) => {
      await ensureNamespace(trx);
      await addToOutbox(trx, [event('acme', 'v-1'), broken, event('acme', 'v-3')]);
    });
    const relay = startRelay({
      store: own.store,
      publishAll: (events) => wire.publishAll(events),
      clock,
      log,
      everyMs: 50,
    });
    onTestFinished(() => relay.stop());
    await until('the outbox is empty', async () => (await measureOutbox(own.store)).waiting === 0, 10_000);
    expect((await wire.streamInfo()).messages).toBe(2);
  });
});

describe('an import', () => {
  test('that is repeated finds everything there already', async () => {
    const wire = await openBus();
    const namespace = toNamespace();
    await startEngine(wire);
    const told: DreyEvent[] = [];
    const run = async (...episodes: readonly ImportedEpisode[]) => {
      const report = await importEpisodes(
        (async function* () {
          yield* episodes;
        })(),
        {
          namespace,
          principal: 'ada',
          store: database.store,
          appendAll: (events) => told.push(...events),
          redactor,
          clock,
          log,
          waiting: () => 0,
        },
      );
      await wire.publishAll(told.splice(0));
      return report;
    };
    expect(await run(invoice(1), invoice(2), invoice(3))).toEqual({ episodes: 3, calls: 9, duplicates: 0 });
    await untilLearned(namespace);
    expect(await run(invoice(1), invoice(2), invoice(3))).toEqual({ episodes: 0, calls: 0, duplicates: 3 });
    const [extra] = invoice(9).calls;
    if (extra === undefined) throw new Error('the sample has calls');
    const grown = { ...invoice(1), calls: [...invoice(1).calls, extra] };
    expect(await run(grown, invoice(2))).toEqual({ episodes: 1, calls: 4, duplicates: 1 });
    await until('the new call is there', async () => (await readArchive(namespace)).calls === 10);
    expect(await run(grown)).toMatchObject({ duplicates: 1 });
  });

  test('of episodes whose times nobody knows keeps their order', async () => {
    const told: DreyEvent[] = [];
    const instants = createInstants(clock);
    const namespace = toNamespace();
    const run = (first: number) =>
      importEpisodes(
        (async function* () {
          for (let n = first; n < first + 50; n += 1) {
            const { startedAt: _told, ...episode } = invoice(n);
            yield episode;
          }
        })(),
        {
          namespace,
          principal: 'ada',
          store: database.store,
          appendAll: (events) => told.push(...events),
          redactor,
          clock,
          log,
          waiting: () => 0,
          instants,
        },
      );
    await run(1);
    await run(51);
    const begun = told.filter(({ type }) => type === 'task.started').map(({ at }) => at);
    expect(begun).toHaveLength(100);
    expect(begun).toEqual([...new Set(begun)].toSorted());
  });

  test('gives up with a reason when the bus takes nothing for a minute', async () => {
    let time = 0;
    const patient = {
      ...clock,
      monotonic: () => time,
      schedule: (delayMs: number, callback: () => void) => {
        time += Math.max(delayMs, 1_000);
        queueMicrotask(callback);
        return () => undefined;
      },
    };
    const importing = importEpisodes(
      (async function* () {
        yield invoice(1);
      })(),
      {
        namespace: toNamespace(),
        principal: 'ada',
        store: database.store,
        appendAll: () => undefined,
        redactor,
        clock: patient,
        log,
        waiting: () => 60_000,
      },
    );
    await expect(importing).rejects.toMatchObject({ code: 'bus_unavailable' });
  });
});
