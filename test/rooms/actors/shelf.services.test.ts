/** The shelf over a real database: it sees whatever changes in what it serves, and reads nothing else again. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openShelf } from '../../../src/actors/actors.ts';
import type { Shelf } from '../../../src/actors/actors.ts';
import { createIndex, toWholeWord } from '../../../src/learning/learning.ts';
import { createClock } from '../../../src/node/clock.ts';
import { toShownSops } from '../../../src/node/shown-sops.ts';
import {
  ensureNamespace,
  getSops,
  listSopDigests,
  listSopStamps,
  recordFeedback,
  saveCalls,
  saveEpisode,
  saveSop,
  setSopStatus,
} from '../../../src/store/store.ts';
import type { SopDigest, Trx } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { episode, sop } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';

const namespace = 'acme';
const cause = { by: 'learning', reason: 'test' };
let database: TestStore;

beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

/** A store that counts how often it is asked. */
function count(counting: TestStore['store']) {
  const counted = { asked: 0 };
  const store: Pick<TestStore['store'], 'inNamespace'> = {
    inNamespace: (where, work) => {
      counted.asked += 1;
      return counting.inNamespace(where, work);
    },
  };
  return { counted, store };
}

/** Questions that show nothing are answered without the database once the catalogue is whole. */
const untilWhole = (shelf: Shelf, big: string, counted: { readonly asked: number }): Promise<unknown> =>
  until(
    'the catalogue is whole',
    async () => {
      const nothing = { namespace: big, task: 'sheep', minConfidence: 0.3, limit: 0 };
      await shelf.search(nothing);
      const before = counted.asked;
      await shelf.search(nothing);
      return counted.asked === before;
    },
    60_000,
  );

/** On a busy machine nothing is given up: what is asked for here is answered by the database. */
const patient = { ...createClock(), schedule: () => () => undefined };

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

test('a part that was retired is referred to no more, and again as soon as it is back', async () => {
  const [part, whole] = [sop(namespace, 11), sop(namespace, 12)];
  const [step] = whole.procedure;
  if (step === undefined) throw new Error('there is a step');
  const reference = { sop_id: part.sopId, name: 'read file', step: 0 };
  const referring = { ...whole, procedure: [{ ...step, part: reference }] };
  await inAcme(async (trx) => {
    await ensureNamespace(trx);
    await saveSop(trx, { ...part, partOf: [whole.sopId] }, { cause });
    await saveSop(trx, referring, { cause });
  });
  const shelf = openShelf({ store: database.store, clock: patient, log });
  const readReferences = async () => {
    shelf.forget(namespace);
    const found = await shelf.search({ namespace, task: whole.trigger, minConfidence: 0.7, limit: 9 });
    const served = found.find(({ sopId }) => sopId === whole.sopId);
    const [shown] = await inAcme(async (trx) => toShownSops(trx, await getSops(trx, [whole.sopId])));
    return [served, shown].map((one) => one?.procedure[0]?.part);
  };
  const set = (status: 'retired' | 'active') =>
    inAcme((trx) => setSopStatus(trx, { sopId: part.sopId, status, cause }));
  expect(await readReferences()).toEqual([reference, reference]);
  await set('retired');
  expect(await readReferences()).toEqual([undefined, undefined]);
  // Learning derives the reference again and again; the row has it, nobody is told.
  await inAcme((trx) => saveSop(trx, { ...referring, occurrences: 9 }, { cause }));
  expect(await readReferences()).toEqual([undefined, undefined]);
  await set('active');
  expect(await readReferences()).toEqual([reference, reference]);
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

test('a big namespace is ranked whole in memory, exactly as an index over all of it ranks, and follows what changes', async () => {
  const big = 'meadows';
  const at = (trx: Trx) => listSopDigests(trx, { limit: 1_000 });
  const inBig = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => database.store.inNamespace(big, work);
  const readAll = async () => {
    const all: SopDigest[] = [];
    for (let page = await inBig(at); page.length > 0;) {
      all.push(...page);
      const after = page.at(-1);
      page = await inBig((trx) => listSopDigests(trx, { after, limit: 1_000 }));
    }
    return all;
  };
  await inBig((trx) => ensureNamespace(trx));
  await fillMeadows(big, 2_300);
  const { store, counted } = count(database.store);
  const shelf = openShelf({ store, clock: patient, log });
  const ask = async (task: string) =>
    (await shelf.search({ namespace: big, task, minConfidence: 0.3, limit: 5 })).map(
      ({ sopId, relevance, why }) => ({ sopId, relevance, why }),
    );
  const indexAll = async () => {
    const step = { optional: false, repeated: false, alternatives: [], support: 1, args: {} };
    const anew = createIndex([]);
    for (const { tools, status, ...one } of await readAll()) {
      if (status !== 'active') continue;
      const procedure = tools.map((tool) => ({ tool, ...step }));
      anew.put({ ...one, procedure, triggerFrom: 'task', steps: [], occurrences: 1 });
    }
    return (task: string) =>
      anew.rank({ task, minConfidence: 0.3, limit: 5 }).map(({ sop: { sopId }, relevance, matched }) => ({
        sopId,
        relevance,
        why: `it shares ${matched.map((term) => `"${toWholeWord(term, [task])}"`).join(', ')} with the task`,
      }));
  };
  const tasks = [
    'shear the sheep of meadow kora',
    'count the goats of meadow luna',
    'feed the geese of meadow mira near nolo',
  ];
  await untilWhole(shelf, big, counted);
  let expected = await indexAll();
  for (const task of tasks) expect(await ask(task), task).toEqual(expected(task));

  const rare = sop(big, 1, {
    trigger: 'polish the astrolabe of the observatory',
    wordings: [],
    confidence: 0.71,
  });
  await inBig((trx) => saveSop(trx, rare, { cause }));
  shelf.forget(big);
  expect((await ask(rare.trigger))[0]?.sopId).toBe(rare.sopId);
  expected = await indexAll();
  for (const task of tasks) expect(await ask(task), task).toEqual(expected(task));

  await inBig((trx) => saveSop(trx, { ...rare, trigger: 'tune the harpsichord of the chapel' }, { cause }));
  shelf.forget(big);
  expect((await ask('tune the harpsichord of the chapel'))[0]?.sopId).toBe(rare.sopId);
  await inBig((trx) => setSopStatus(trx, { sopId: rare.sopId, status: 'retired', cause }));
  shelf.forget(big);
  expected = await indexAll();
  for (const task of [rare.trigger, 'tune the harpsichord of the chapel', ...tasks])
    expect(await ask(task), task).toEqual(expected(task));
});

test('what is committed late is brought into the catalogue, however many were read meanwhile', async () => {
  const late = 'late';
  await database.store.inNamespace(late, (trx) => ensureNamespace(trx));
  await fillMeadows(late, 2_500);
  const { store, counted } = count(database.store);
  const shelf = openShelf({ store, clock: patient, log });
  const ask = async (task: string) =>
    (await shelf.search({ namespace: late, task, minConfidence: 0.3, limit: 5 })).map(({ sopId }) => sopId);
  const save = (n: number, trigger: string, wait: Promise<void> = Promise.resolve()) => {
    const one = sop(late, n, { trigger, wordings: [], confidence: 0.71 });
    const saved = database.store.inNamespace(late, async (trx) => {
      await saveSop(trx, one, { cause });
      await wait;
    });
    return { sopId: one.sopId, saved };
  };
  await untilWhole(shelf, late, counted);
  let commit = (): void => undefined;
  const slow = save(
    1,
    'polish the astrolabe of the observatory',
    new Promise((resolve) => (commit = resolve)),
  );
  const quick = save(2, 'tune the harpsichord of the chapel');
  await quick.saved;
  shelf.forget(late);
  await until(
    'what was committed first is found',
    async () => (await ask('tune the harpsichord of the chapel'))[0] === quick.sopId,
  );
  commit();
  await slow.saved;
  shelf.forget(late);
  expect((await ask('polish the astrolabe of the observatory'))[0]).toBe(slow.sopId);
});

test('where there is no room for a catalogue the database finds what the copy does not hold', async () => {
  const full = 'full';
  await database.store.inNamespace(full, (trx) => ensureNamespace(trx));
  await fillMeadows(full, 2_500);
  const rare = sop(full, 1, {
    trigger: 'polish the astrolabe of the observatory',
    wordings: [],
    confidence: 0.31,
  });
  await database.store.inNamespace(full, (trx) => saveSop(trx, rare, { cause }));
  const said: string[] = [];
  const shelf = openShelf({
    store: database.store,
    clock: patient,
    log: { ...log, warn: (_facts: object, sentence: string) => said.push(sentence) },
    catalogueBytesMax: 100_000,
  });
  const ask = async () =>
    (await shelf.search({ namespace: full, task: rare.trigger, minConfidence: 0.3, limit: 5 })).map(
      ({ sopId }) => sopId,
    );
  await until('it is said', async () => {
    expect(await ask()).toEqual([rare.sopId]);
    return said.includes('a namespace has more procedures than fit into memory: the database finds them');
  });
  expect(await ask()).toEqual([rare.sopId]);
});

/** Procedures of few words, so that many are alike. */
async function fillMeadows(filled: string, many: number): Promise<void> {
  await database.ask(
    `insert into acontext_sops (namespace, id, trigger, steps, procedure, status, confidence, occurrences)
     select $1, gen_random_uuid(),
       (array['shear', 'count', 'feed'])[1 + n % 3] || ' the ' || (array['sheep', 'goats', 'geese', 'cows'])[1 + (n / 3) % 4]
         || ' of meadow ' || (array['kora', 'luna', 'mira', 'nolo', 'pavi'])[1 + (n / 12) % 5] || ' near ' || chr(97 + n % 26) || chr(97 + (n / 26) % 26) || 'lo',
       '["Go."]', jsonb_build_array(jsonb_build_object('tool', 'farm__' || n % 7, 'optional', false, 'repeated', false,
         'alternatives', '[]'::jsonb, 'support', 1, 'args', '{}'::jsonb)),
       'active', 0.5 + (n % 400) / 1000.0, 3 from generate_series(1, $2::int) n`,
    [filled, many],
  );
}
