/** What learning and people write to one procedure, against a real database: neither takes back what the other said. */
import * as fc from 'fast-check';
import { initialTransition, transition } from 'xstate';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sopMachine } from '../../../machines/sop.machine.ts';
import type { SopEvent } from '../../../machines/sop.machine.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { isDreyError } from '../../../machines/words/errors.ts';
import type { Scope } from '../../../machines/words/scopes.ts';
import type { LearnedSop, SopReliability } from '../../../machines/words/sops.ts';
import { replayEvents } from '../../../src/actors/actors.ts';
import { retireSops, saveSops } from '../../../src/actors/workers/sop-writer.ts';
import { ensureNamespace, getSop, reviseSop } from '../../../src/store/store.ts';
import { toContent, toDigestOf } from '../../../src/store/sop-content.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { sop } from '../../support/store-rows.ts';
import { until } from '../../support/until.ts';
import { storeFeedback } from '../../../src/node/feedback.ts';
import { createSopEditing } from '../../../src/node/sop-editing.ts';
import { clock, redactor } from './learning-stage.ts';

let database: TestStore;
let namespace = '';
let spoken: ReturnType<typeof recordingLog>;
let namespaces = 0;
const heard = (): void => undefined;

beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const options = () => ({ store: database.store, clock, log: spoken.log });
const learn = (...sops: readonly LearnedSop[]) => saveSops(options(), namespace, sops, heard);
const read = (n: number) =>
  database.store.inNamespace(namespace, (trx) => getSop(trx, sop(namespace, n).sopId));
const approvedAt = '2026-03-02T10:00:00.000Z';
const missed: SopReliability = {
  checked: 5,
  hits: 0,
  recent: [1, 2, 3, 4, 5].map((n) => ({
    episodeId: `e-${n}`,
    at: `2026-03-0${n + 2}T10:00:00.000Z`,
    principal: 'ada',
    hit: false,
  })),
  standing: 'drifted',
  reason: 'it missed',
  principalsMin: 1,
};

async function begin(...sops: readonly number[]): Promise<void> {
  namespace = `life${(namespaces += 1)}`;
  spoken = recordingLog();
  await database.store.inNamespace(namespace, ensureNamespace);
  await learn(...sops.map((n) => sop(namespace, n, { status: 'candidate', confidence: 0.5 })));
}

/** `meanwhile` runs after the change, before its commit. */
const approve = (n: number, meanwhile?: () => Promise<unknown>) =>
  database.store.inNamespace(namespace, async (trx) => {
    const { version = 1 } = (await getSop(trx, sop(namespace, n).sopId)) ?? {};
    await reviseSop(trx, {
      sopId: sop(namespace, n).sopId,
      version,
      change: () => ({ status: 'active' }),
      mayActivate: true,
      cause: { by: 'ada', reason: 'tried it', at: approvedAt },
    });
    await meanwhile?.();
  });

describe('an edit of the steps', () => {
  const edit = (change: Partial<LearnedSop>) =>
    database.store.inNamespace(namespace, async (trx) => {
      const { sopId } = sop(namespace, 1);
      const { version = 1 } = (await getSop(trx, sopId)) ?? {};
      const cause = { by: 'ada', reason: 'shorter', at: approvedAt };
      await reviseSop(trx, { sopId, version, change: () => change, mayActivate: true, cause });
    });
  const [step] = sop('any', 1).procedure;
  if (step === undefined) throw new Error('a procedure has steps');
  const look = { ...step, tool: 'fs__look' };

  test('changes the lines that agents are told as well, where nobody wrote those', async () => {
    await begin();
    await learn(sop(namespace, 1, { steps: ['1. fs__read_file — path: from the task (path)'] }));
    const steps = (await read(1))?.steps ?? [];
    // As an editor sends it: with the lines that it was given.
    await edit({ steps, procedure: [look, step] });
    expect((await read(1))?.steps).toEqual([
      '1. fs__look — path: from the task (path)',
      '2. fs__read_file — path: from the task (path)',
    ]);
    const mine = ['1. Look.', '2. Read it.'];
    await edit({ steps: mine });
    await edit({ procedure: [step, look] });
    expect((await read(1))?.steps).toEqual(mine);
  });
});

describe('what learning writes', () => {
  test('follows an approval although nothing but plain evidence speaks', async () => {
    await begin(1);
    await approve(1);
    const derived = sop(namespace, 1, { status: 'candidate', confidence: 0.5 });
    await learn({ ...derived, reliability: missed });
    expect(await read(1)).toMatchObject({ status: 'quarantined' });
    // The episodes that spoke against it were forgotten.
    await learn(derived);
    expect(await read(1)).toMatchObject({ status: 'active', approval: { by: 'ada' } });
    expect(spoken.sentences).toEqual([]);
  });

  test('is kept but for the one that the chart refuses', async () => {
    await begin(1, 2);
    await database.ask(
      `update acontext_sops set status = 'deprecated' where namespace = $1 and trigger like '%number 1'`,
      [namespace],
    );
    await learn(...[1, 2, 3].map((n) => sop(namespace, n)));
    expect((await read(1))?.status).toBe('deprecated');
    expect([(await read(2))?.status, (await read(3))?.status]).toEqual(['active', 'active']);
    expect(spoken.sentences).toEqual(['a procedure stays as it is']);
  });

  test('retires nothing that is approved at that moment', async () => {
    await begin(1);
    let retiring: Promise<void> = Promise.resolve();
    await approve(1, async () => {
      retiring = retireSops(options(), namespace, [sop(namespace, 1).sopId], heard);
      await until('learning waits for the row', async () => {
        const waiting = await database.ask('select 1 from pg_locks where not granted');
        return waiting.length > 0;
      });
    });
    await retiring;
    expect(await read(1)).toMatchObject({ status: 'active', held: true, approval: { by: 'ada' } });
  });
});

const editing = (at: Pick<typeof clock, 'now'> = clock) =>
  createSopEditing({
    store: database.store,
    redactor,
    clock: { ...clock, ...at },
    relay: { nudge: heard },
    changed: heard,
  });
const order = (id: string, scopes: readonly Scope[], version: number) => ({
  namespace,
  principal: { id, scopes, namespace } as never,
  sopId: sop(namespace, 1).sopId,
  version,
  reason: 'to see',
});

const writer = ['sop:write'] as const;
const owner = ['sop:write', 'sop:activate'] as const;

describe('what people write', () => {
  const another = { trigger: 'do quite another thing' };

  test('loses its approval when somebody who may not approve changes it, also by going back', async () => {
    await begin(1);
    await approve(1);
    const edited = await editing().editSop({ ...order('eve', writer, 2), change: another });
    expect(edited).toMatchObject({ status: 'candidate', ...another });
    expect(await read(1)).toMatchObject({ status: 'candidate', held: true, approval: undefined });
    // Nor does evidence for another line lift it.
    await learn(sop(namespace, 1, { occurrences: 9 }));
    expect(await read(1)).toMatchObject({ status: 'candidate', occurrences: 9 });
    await editing().editSop({ ...order('ada', owner, 3), change: { status: 'active' } });
    await editing().rollBackSop({ ...order('eve', writer, 4), to: 2 });
    expect(await read(1)).toMatchObject({ status: 'candidate', approval: undefined });
  });

  test('is a fresh approval of the new version by somebody who may', async () => {
    await begin(1);
    await learn(sop(namespace, 1));
    await editing().editSop({ ...order('ada', owner, 2), change: another });
    expect(await read(1)).toMatchObject({ status: 'active', approval: { by: 'ada', version: 3 } });
    // The same content again is no change.
    await editing().editSop({ ...order('eve', writer, 3), change: another });
    expect(await read(1)).toMatchObject({ status: 'active', approval: { by: 'ada', version: 3 } });
  });

  test('is audited as one’s own where nobody else stands behind it', async () => {
    for (const [by, self] of [
      ['ada', true],
      ['grace', undefined],
    ] as const) {
      await begin(1);
      await learn(sop(namespace, 1, { status: 'shadow', quorum: { confidence: 0.8, principal: 'ada' } }));
      await editing().editSop({ ...order(by, owner, 2), change: { status: 'active' } });
      const [entry] = await database.ask<{ details: { self?: boolean } }>(
        `select details from audit_log where namespace = $1 and action = 'acontext_sop_status_changed'`,
        [namespace],
      );
      expect(entry?.details.self).toBe(self);
    }
  });
});

/** What the row's life was told as, in order. */
const readLife = async () =>
  (
    await database.ask<{ event: DreyEvent }>(
      `select event from outbox where namespace = $1 and event->'actor'->>'id' = $2 order by position`,
      [namespace, sop(namespace, 1).sopId],
    )
  ).map(({ event }) => event);

const report = (by: string, helpful: boolean) =>
  storeFeedback(
    {
      store: database.store,
      redactor: { in: () => redactor } as never,
      clock,
      relay: { nudge: heard },
      changed: heard,
    },
    { namespace, principal: { id: by } as never, patternId: sop(namespace, 1).sopId, helpful },
  );

/** The row's life folded through the chart from its last beginning. */
function fold(life: readonly DreyEvent[]) {
  const from = life.findLastIndex(({ type }) => type === 'sop.proposed');
  const version = (life[from]?.data as { version?: number } | undefined)?.version ?? 1;
  const sopId = sop(namespace, 1).sopId;
  let [now] = initialTransition(sopMachine, { sopId, activeFrom: 0.7, version });
  for (const { data } of life.slice(from)) {
    if ('cause' in data && data.cause !== undefined)
      [now] = transition(sopMachine, now, data.cause as unknown as SopEvent);
  }
  return now;
}

/** The versions that were told as a life's beginning or as another content. */
const toldContents = (life: readonly DreyEvent[]): readonly number[] =>
  life.flatMap(({ type, data }) =>
    type === 'sop.proposed' || type === 'sop.revised'
      ? [(data as unknown as { version: number }).version]
      : [],
  );

/** The versions with which a life began, or whose content is another one than that before, whatever their status. */
async function readContents(): Promise<readonly number[]> {
  const versions = await database.ask<{ version: number; content: LearnedSop }>(
    `select version, content from acontext_sop_versions where namespace = $1 and sop_id = substr($2, 3)::uuid
     order by version`,
    [namespace, sop(namespace, 1).sopId],
  );
  const toLine = (content?: LearnedSop) =>
    content && toDigestOf(toContent({ ...content, status: 'candidate' }));
  return versions.flatMap(({ version, content }, at) => {
    const before = versions[at - 1]?.content;
    const begins = before?.status === 'retired' && content.status !== 'retired';
    return begins || toLine(before) !== toLine(content) ? [version] : [];
  });
}

interface Wish {
  readonly what: 'edit' | 'approve' | 'retire' | 'quarantine' | 'back' | 'yes' | 'no' | 'learn' | 'drop';
  readonly by: 'ada' | 'eve';
  readonly n: number;
}

/** What the chart refuses is not done, and nothing is told of it. */
async function tryWish(wish: Wish): Promise<void> {
  try {
    await grant(wish);
  } catch (error) {
    if (!isDreyError(error) || error.code !== 'transition_refused') throw error;
  }
}

async function grant({ what, by, n }: Wish): Promise<unknown> {
  const { version = 1 } = (await read(1)) ?? {};
  const asked = order(by, by === 'ada' ? owner : writer, version);
  switch (what) {
    case 'edit':
      return editing().editSop({ ...asked, change: { trigger: `do it in the way ${n}` } });
    case 'back':
      return editing().rollBackSop({ ...asked, to: 1 + (n % version) });
    case 'learn':
      return learn(
        sop(namespace, 1, {
          trigger: `learned to do ${n % 2}`,
          occurrences: 3 + n,
          status: n > 1 ? 'active' : 'shadow',
        }),
      );
    case 'drop':
      return retireSops(options(), namespace, [sop(namespace, 1).sopId], heard);
    case 'approve':
      return editing().editSop({ ...asked, change: { status: 'active' } });
    case 'retire':
      return editing().editSop({ ...asked, change: { status: 'retired' } });
    case 'quarantine':
      return editing().editSop({ ...asked, change: { status: 'quarantined' } });
    default:
      return report(by, what === 'yes');
  }
}

describe('the events of a life', () => {
  test('tell both of two approvals within one millisecond', async () => {
    await begin(1);
    await learn(sop(namespace, 1));
    const now = clock.now();
    const approving = { change: { status: 'active' } } as const;
    await editing({ now: () => now }).editSop({ ...order('grace', owner, 2), ...approving });
    await editing({ now: () => now }).editSop({ ...order('ada', owner, 2), ...approving });
    expect((await read(1))?.approval?.by).toBe('ada');
    expect(fold(await readLife()).context.approval).toEqual({ by: 'ada', version: 2 });
  });

  test('tell of a version that is new only because its digest was made another way', async () => {
    await begin(1);
    const old = 'md5:' + '0'.repeat(32);
    await database.ask(`update acontext_sop_versions set digest = $2 where namespace = $1`, [namespace, old]);
    const { trigger = '' } = (await read(1)) ?? {};
    await editing().editSop({ ...order('eve', writer, 1), change: { trigger } });
    expect((await read(1))?.version).toBe(2);
    const last = (await readLife()).at(-1);
    expect([last?.type, last?.data]).toMatchObject(['sop.revised', { version: 2 }]);
  });

  test('tell of another content that learning writes with another status, and of a status alone as no more than that', async () => {
    await begin(1);
    const began = (await readLife()).length;
    const [other, shadow] = [{ trigger: 'learned to do it otherwise' }, { status: 'shadow' } as const];
    await learn(sop(namespace, 1, other));
    await learn(sop(namespace, 1, { ...other, ...shadow }));
    await learn(sop(namespace, 1, { trigger: 'learned once more', ...shadow, occurrences: 9 }));
    const told = (await readLife()).slice(began).map(({ type, data }) => {
      const { from, to, cause } = data as unknown as { from: string; to: string; cause: SopEvent };
      return [type, from, to, cause.who, cause.rowVersion, 'version' in cause ? cause.version : null];
    });
    expect(told).toEqual([
      ['sop.revised', 'candidate', 'candidate', 'learning', 2, 2],
      ['sop.activated', 'candidate', 'active', 'learning', 2, null],
      ['sop.shadowed', 'active', 'shadow', 'learning', 3, null],
      ['sop.revised', 'shadow', 'shadow', 'learning', 4, 4],
    ]);
    expect(replayEvents('sop', await readLife()).differences).toEqual([]);
  });

  test('tell who edited, approved, reported and retired, and when, once each', async () => {
    await begin(1);
    await learn(sop(namespace, 1));
    const began = (await readLife()).length;
    await editing().editSop({ ...order('grace', owner, 2), change: { status: 'active' } });
    await report('eve', true);
    await editing().editSop({ ...order('eve', writer, 2), change: { trigger: 'do quite another thing' } });
    await editing().editSop({ ...order('ada', owner, 3), change: { status: 'active' } });
    await editing().rollBackSop({ ...order('ada', owner, 4), to: 2 });
    await editing().editSop({ ...order('bob', writer, 5), change: { status: 'retired' } });
    const life = await readLife();
    expect(
      life.slice(began).map(({ type, data }) => {
        const { from, to, cause } = data as unknown as { from: string; to: string; cause: SopEvent };
        return [type, from, to, cause.type, cause.who, cause.at > 0];
      }),
    ).toEqual([
      ['sop.approved', 'active', 'active', 'approve', 'grace', true],
      ['feedback.recorded', 'active', 'active', 'report', 'eve', true],
      ['sop.revised', 'active', 'active', 'revise', 'eve', true],
      ['sop.withdrawn', 'active', 'candidate', 'withdraw', 'eve', true],
      ['sop.activated', 'candidate', 'active', 'activate', 'ada', true],
      ['sop.revised', 'active', 'active', 'revise', 'ada', true],
      ['sop.approved', 'active', 'active', 'approve', 'ada', true],
      ['sop.retired', 'active', 'retired', 'retire', 'bob', true],
    ]);
    const replay = replayEvents('sop', life);
    expect(replay.differences).toEqual([]);
    expect(replay.states).toEqual(['retired']);
    // Nothing is told of what changed nothing.
    await editing().editSop({ ...order('bob', writer, 6), change: { status: 'retired' } });
    expect(await readLife()).toHaveLength(life.length);
  });

  test('fold to what the row says, whatever people and learning did, and however often they were refused', async () => {
    const wish = fc.constantFrom(
      'edit',
      'approve',
      'retire',
      'quarantine',
      'back',
      'yes',
      'no',
      'learn',
      'drop',
    );
    const wishes = fc.array(
      fc.record({ what: wish, by: fc.constantFrom<Wish['by'][]>('ada', 'eve'), n: fc.nat(3) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(wishes, async (all) => {
        await begin(1);
        for (const one of all) await tryWish(one);
        const life = await readLife();
        const row = await read(1);
        expect(replayEvents('sop', life).differences).toEqual([]);
        const now = fold(life);
        expect(now.value).toBe(row?.status);
        expect(now.context.version).toBe(row?.version);
        expect(now.context.approval).toEqual(
          row?.approval === undefined ? null : { by: row.approval.by, version: row.approval.version },
        );
        expect(new Set(life.map(({ id }) => id)).size).toBe(life.length);
        expect(toldContents(life)).toEqual(await readContents());
        const reports = all.filter(({ what }) => what === 'yes' || what === 'no').length;
        expect(life.filter(({ type }) => type === 'feedback.recorded')).toHaveLength(reports);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
