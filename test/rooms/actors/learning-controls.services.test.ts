/** What people do not want learned is not learned, and not learned again, on a real bus and a real database. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createId } from '../../../machines/words/ids.ts';
import type { RelearnReport } from '../../../machines/words/relearning.ts';
import { LearningControls, learningAddress } from '../../../src/actors/actors.ts';
import { countArchive, ensureNamespace, listSops } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { clock, invoice, openBus, openEngine, toEvents } from './learning-stage.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const ann = (namespace: string) => ({ namespace, principal: { id: 'ann' } });

/** Controls whose clock stands where the test puts it. */
const openControls = (committed = (): void => undefined) => {
  const time = { nowMs: clock.now() };
  const controls = new LearningControls({
    store: database.store,
    clock: { ...clock, now: () => time.nowMs },
    committed,
  });
  return { controls, time };
};

const readSops = async (namespace: string) => {
  const sops = await database.store.inNamespace(namespace, (trx) => listSops(trx, { limit: 100 }));
  return sops.filter(({ status }) => status !== 'retired');
};
const count = (namespace: string) => database.store.inNamespace(namespace, (trx) => countArchive(trx));

async function relearnFromStream(wire: Wire, namespace: string): Promise<RelearnReport> {
  const relearnId = createId('learning', clock);
  await wire.ask(learningAddress, 'relearn', { relearnId, namespace, from: 'stream', isTrial: false });
  return until(
    'it was learned anew',
    async () => {
      const report = (await wire.ask(learningAddress, 'relearned', relearnId)) as RelearnReport;
      return report.state !== 'running' && report;
    },
    20_000,
  );
}

test('a session that is forgotten leaves archive, evidence and procedures, and is not learned from the stream again', async () => {
  const namespace = 'forgetting';
  const wire = await openBus();
  const { engine } = await openEngine({ wire, store: database.store });
  const events = toEvents(namespace, invoice(1), invoice(2), invoice(3));
  await wire.publishAll(events);
  await until('a procedure of three', async () => (await readSops(namespace))[0]?.occurrences === 3, 20_000);
  const session = events.at(-1)?.actor.id ?? '';
  const { controls } = openControls();
  expect(await controls.forget({ ...ann(namespace), kind: 'session', id: session })).toMatchObject({
    episodes: 1,
    calls: 3,
  });
  await until('a procedure of two', async () => (await readSops(namespace))[0]?.occurrences === 2, 20_000);
  expect(await count(namespace)).toEqual({ episodes: 2, calls: 6 });
  const proofs = await database.ask(
    `select 1 from evidence v left join calls c on c.namespace = v.namespace and c.id = v.call_id where c.id is null`,
  );
  expect(proofs).toEqual([]);
  expect((await relearnFromStream(wire, namespace)).state).toBe('done');
  expect(await count(namespace)).toEqual({ episodes: 2, calls: 6 });
  expect((await readSops(namespace))[0]?.occurrences).toBe(2);
  // What the bus delivers of it once more, or it does from now on, is not taken in either.
  const late = toEvents(namespace, invoice(3)).map((event) => ({ ...event, id: `${event.id}-again` }));
  await wire.publishAll(late);
  await until('all is learned', async () => (await engine.report()).behind === 0, 20_000);
  expect(await count(namespace)).toEqual({ episodes: 2, calls: 6 });
  const audited = await database.ask(
    `select action, outcome from audit_log where namespace = $1 and action like 'session%'`,
    [namespace],
  );
  expect(audited).toEqual([{ action: 'session_forgotten', outcome: 'done' }]);
});

test('what happens during a pause is never learned, also after a restart and anew', async () => {
  const namespace = 'pausing';
  const { controls, time } = openControls();
  await database.store.inNamespace(namespace, (trx) => ensureNamespace(trx));
  expect(await controls.readPause({ namespace })).toEqual({ paused: false, since: null, by: null });
  time.nowMs = Date.parse('2026-02-02T12:00:00Z');
  expect(await controls.pause(ann(namespace))).toMatchObject({ paused: true, by: 'ann' });
  expect(await controls.pause(ann(namespace))).toMatchObject({ since: '2026-02-02T12:00:00.000Z' });
  const wire = await openBus();
  const first = await openEngine({ wire, store: database.store });
  await wire.publishAll(toEvents(namespace, invoice(1), invoice(2), invoice(3)));
  await until('all is learned', async () => (await first.engine.report()).behind === 0, 20_000);
  expect(await count(namespace)).toEqual({ episodes: 2, calls: 6 });
  await first.engine.stop();
  time.nowMs = Date.parse('2026-02-04T00:00:00Z');
  expect(await openControls().controls.readPause({ namespace })).toMatchObject({ paused: true });
  expect(await controls.resume(ann(namespace))).toMatchObject({ paused: false });
  await openEngine({ wire, store: database.store });
  await wire.publishAll(toEvents(namespace, invoice(4)));
  await until('a procedure of three', async () => (await readSops(namespace))[0]?.occurrences === 3, 20_000);
  expect((await relearnFromStream(wire, namespace)).state).toBe('done');
  expect(await count(namespace)).toEqual({ episodes: 3, calls: 9 });
});

test('a principal that is forgotten goes in what it did until then', async () => {
  const namespace = 'leaving';
  const wire = await openBus();
  const { engine } = await openEngine({ wire, store: database.store });
  await wire.publishAll(toEvents(namespace, invoice(1), invoice(2)));
  await until('all is learned', async () => (await count(namespace)).episodes === 2, 20_000);
  const { controls, time } = openControls();
  time.nowMs = Date.parse('2026-02-05T00:00:00Z');
  expect(await controls.forget({ ...ann(namespace), kind: 'principal', id: 'ada' })).toMatchObject({
    episodes: 2,
  });
  await wire.publishAll(toEvents(namespace, invoice(3), invoice(7)));
  await until('all is learned', async () => (await engine.report()).behind === 0, 20_000);
  expect(await count(namespace)).toEqual({ episodes: 1, calls: 3 });
});
