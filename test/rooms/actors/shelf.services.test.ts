/** The shelf over a real database: it sees whatever changes in what it serves, and reads nothing else again. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openShelf } from '../../../src/actors/actors.ts';
import { createClock } from '../../../src/node/clock.ts';
import {
  ensureNamespace,
  getSops,
  listSopStamps,
  recordFeedback,
  saveCalls,
  saveEpisode,
  saveSop,
  setSopStatus,
} from '../../../src/store/store.ts';
import type { Trx } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { episode, sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

const namespace = 'acme';
const cause = { by: 'learning', reason: 'test' };
let database: TestStore;

beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const inAcme = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => database.store.inNamespace(namespace, work);
const readStamps = async () => {
  const stamps = await inAcme((trx) => listSopStamps(trx, { statuses: ['active'], limit: 10 }));
  return new Map(stamps.map(({ sopId, stamp }) => [sopId, stamp]));
};

test('what changes in a procedure, or is said about it, changes its stamp and is served', async () => {
  const [one, other] = [sop(namespace, 1), sop(namespace, 2)];
  const told = episode('e-1', { calls: 2, minute: 1 });
  await inAcme(async (trx) => {
    await ensureNamespace(trx);
    await saveEpisode(trx, told);
    await saveCalls(
      trx,
      told.calls.map((call, position) => ({ ...call, episodeId: told.episodeId, position })),
    );
    for (const each of [one, other]) await saveSop(trx, each, { cause });
  });
  const shelf = openShelf({ store: database.store, clock: createClock(), log });
  const serve = async () => {
    shelf.forget(namespace);
    const found = await shelf.search({ namespace, task: 'do thing number 1', minConfidence: 0.7, limit: 9 });
    return new Map(found.map((each) => [each.sopId, each]));
  };
  await serve();
  let before = await readStamps();
  expect([...before.keys()].sort()).toEqual([one.sopId, other.sopId].sort());

  const changes: Record<string, (trx: Trx) => Promise<unknown>> = {
    content: (trx) => saveSop(trx, { ...one, steps: ['1. something else'] }, { cause }),
    figures: (trx) => saveSop(trx, { ...one, steps: ['1. something else'], confidence: 0.9 }, { cause }),
    evidence: (trx) =>
      saveSop(
        trx,
        { ...one, steps: ['1. something else'], confidence: 0.9, evidence: [told.calls[0]?.callId ?? ''] },
        { cause },
      ),
    feedback: (trx) => recordFeedback(trx, { patternId: one.sopId, principal: 'ada', helpful: true }),
  };
  for (const [what, change] of Object.entries(changes)) {
    await inAcme(change);
    const now = await readStamps();
    expect(
      [...now].filter(([sopId, stamp]) => before.get(sopId) !== stamp),
      what,
    ).toEqual([[one.sopId, now.get(one.sopId)]]);
    expect((await serve()).get(one.sopId), what).toMatchObject(
      (await inAcme((trx) => getSops(trx, [one.sopId])))[0] ?? {},
    );
    before = now;
  }
  await inAcme((trx) =>
    saveSop(
      trx,
      { ...one, steps: ['1. something else'], confidence: 0.9, evidence: [told.calls[0]?.callId ?? ''] },
      { cause },
    ),
  );
  expect(await readStamps()).toEqual(before);
  await inAcme((trx) => setSopStatus(trx, { sopId: one.sopId, status: 'retired', cause }));
  expect([...(await serve()).keys()]).not.toContain(one.sopId);
});

test('a namespace with more than a copy holds is served from beyond it, and the copy stays bounded', async () => {
  const crowd = 'crowd';
  await database.store.inNamespace(crowd, (trx) => ensureNamespace(trx));
  await database.ask(
    `insert into acontext_sops (namespace, id, trigger, steps, procedure, status, confidence, occurrences)
     select 'crowd', gen_random_uuid(), 'count the sheep of meadow number ' || n, '["Count."]',
       '[{"tool":"sheep__count","optional":false,"repeated":false,"alternatives":[],"support":1,"args":{}}]',
       'active', 0.9, 3 from generate_series(1, 2500) n`,
  );
  const rare = sop(crowd, 1, {
    trigger: 'polish the astrolabe of the observatory',
    wordings: [],
    confidence: 0.71,
  });
  await database.store.inNamespace(crowd, (trx) => saveSop(trx, rare, { cause }));
  const shelf = openShelf({ store: database.store, clock: createClock(), log });
  const ask = async (task: string) =>
    (await shelf.search({ namespace: crowd, task, minConfidence: 0.7, limit: 5 })).map(({ sopId }) => sopId);
  expect(await ask('polish the astrolabe of the observatory')).toEqual([rare.sopId]);
  expect((await ask('count the sheep of the meadow')).length).toBeGreaterThan(0);
  await database.store.inNamespace(crowd, (trx) =>
    setSopStatus(trx, { sopId: rare.sopId, status: 'retired', cause }),
  );
  shelf.forget(crowd);
  expect(await ask('polish the astrolabe of the observatory')).toEqual([]);
});
