/** Parts: what recurs inside several procedures becomes one of its own, and these say so. */
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { createIndex, createLearner, type Learner } from '../../../src/learning/learning.ts';
import { toEpisode } from './episodes.ts';

vi.setConfig({ testTimeout: 60_000 });

const names = ['Ames', 'Birch', 'Clark', 'Dunn'];

const customer = (n: number) => [
  { tool: 'crm__find_customer', args: { name: names[n] }, result: { customer: `cus_${n}00${n}x` } },
  {
    tool: 'crm__read_contract',
    args: { customer: `cus_${n}00${n}x` },
    result: { contract: `con_${n}55${n}y` },
  },
  { tool: 'crm__check_credit', args: { contract: `con_${n}55${n}y`, depth: 3 }, result: { credit: 'good' } },
];

const kinds = [
  { task: 'Send the yearly invoice to', tools: ['books__make_invoice', 'mail__send_letter'] },
  { task: 'Deliver the ordered machine for', tools: ['depot__pick_machine', 'trucks__book_tour'] },
  { task: 'Plan the maintenance visit at', tools: ['calendar__find_slot', 'calendar__book_slot'] },
  { task: 'Close the open complaint of', tools: ['desk__read_complaint', 'desk__close_complaint'] },
] as const;

function work(kind: number, n: number, more: Partial<Episode> = {}): Episode {
  const { task, tools } = kinds[kind % kinds.length] ?? kinds[0];
  const own = tools.map((tool) => ({ tool, args: { id: `${tool}-${n}` } }));
  return toEpisode(kind * 20 + n, `${task} customer ${names[n]}`, [...customer(n), ...own], more);
}

const log = (kindsMax: number, each: number, more: (n: number) => Partial<Episode> = () => ({})) =>
  Array.from({ length: kindsMax * each }, (_, at) =>
    work(at % kindsMax, Math.floor(at / kindsMax), more(at)),
  );

function learn(episodes: readonly Episode[], sharedNamespace = false): Learner {
  const learner = createLearner({ namespace: 'acme', sharedNamespace });
  for (const episode of episodes) learner.learn(episode);
  return learner;
}

const toParts = (sops: readonly LearnedSop[]) => sops.filter(({ partOf }) => partOf !== undefined);
const toWhole = (sops: readonly LearnedSop[]) => sops.filter(({ partOf }) => partOf === undefined);
const withoutParts = ({ procedure, ...sop }: LearnedSop) => ({
  ...sop,
  procedure: procedure.map(({ part: _part, ...step }) => step),
});

describe('a run of steps in three procedures', () => {
  it('becomes a procedure of its own, with what is bound inside of it, and the three refer to it', () => {
    const { sops } = learn(log(3, 3)).derive();
    const [part, ...others] = toParts(sops);
    expect(others).toEqual([]);
    expect(part).toMatchObject({
      status: 'active',
      occurrences: 9,
      triggerFrom: 'calls',
      wordings: [],
      pitfalls: [],
    });
    expect(part?.procedure).toEqual([
      expect.objectContaining({
        tool: 'crm__find_customer',
        args: { name: expect.objectContaining({ from: 'task' }) },
      }),
      expect.objectContaining({
        tool: 'crm__read_contract',
        args: { customer: { from: 'result', step: 0, path: '/customer', support: 1 } },
      }),
      expect.objectContaining({
        tool: 'crm__check_credit',
        args: {
          contract: { from: 'result', step: 1, path: '/contract', support: 1 },
          depth: { from: 'constant', value: 3, support: 1 },
        },
      }),
    ]);
    expect(part?.evidence).toHaveLength(27);
    const whole = toWhole(sops);
    expect(whole).toHaveLength(3);
    expect(part?.partOf).toEqual(whole.map(({ sopId }) => sopId).sort());
    for (const { procedure } of whole) {
      expect(procedure.map((step) => step.part?.step)).toEqual([0, 1, 2, undefined, undefined]);
      expect(new Set(procedure.slice(0, 3).map((step) => step.part?.sop_id))).toEqual(new Set([part?.sopId]));
      expect(procedure[0]?.part?.name).toBe('find customer, read contract, check credit');
    }
  });

  it('leaves the three as they are, step for step and line for line', () => {
    const together = learn(log(3, 3));
    for (const kind of [0, 1, 2]) {
      const alone = learn([0, 1, 2].map((n) => work(kind, n))).derive().sops;
      expect(alone).toHaveLength(1);
      expect(together.derive().sops.map(withoutParts)).toContainEqual(alone[0]);
    }
  });

  it('is no answer to a task', () => {
    const { sops } = learn(log(4, 4)).derive();
    const index = createIndex(sops);
    expect(index.size).toBe(4);
    const [part] = toParts(sops);
    const asked = [
      'find customer, read contract, check credit',
      part?.trigger ?? '',
      'Send the yearly invoice to customer Zack',
    ];
    for (const task of asked)
      for (const { sop } of index.rank({ task, limit: 10, minConfidence: 0 }))
        expect(sop.sopId).not.toBe(part?.sopId);
  });
});

describe('no part', () => {
  it.each([
    ['of two procedures', log(2, 6)],
    ['of procedures that are not proven', log(3, 2)],
    ['of what only failed', log(3, 3, () => ({ outcome: 'failure' }))],
    [
      'of one task, however many ways it was done',
      [0, 1, 2].flatMap((kind) => [0, 1, 2].map((n) => work(kind, n, { task: 'Do the usual thing' }))),
    ],
    [
      'of three procedures that are the same',
      [0, 1, 2].flatMap((kind) =>
        [1, 2, 3].map((n) => toEpisode(kind * 20 + n, work(kind, n).task, customer(n))),
      ),
    ],
  ])('is made %s', (_, episodes) => {
    const { sops } = learn(episodes).derive();
    expect(toParts(sops)).toEqual([]);
    expect(sops.flatMap(({ procedure }) => procedure.flatMap(({ part }) => part ?? []))).toEqual([]);
  });
});

it('waits for a second principal where the namespace is shared', () => {
  const alone = toParts(learn(log(3, 3), true).derive().sops);
  expect(alone).toMatchObject([{ status: 'shadow', quorum: { principal: 'ada' } }]);
  const two = toParts(
    learn(
      log(3, 4, (at) => ({ principal: at % 2 === 0 ? 'ada' : 'bob' })),
      true,
    ).derive().sops,
  );
  expect(two).toMatchObject([{ status: 'active' }]);
  expect(two[0]?.sopId).toBe(alone[0]?.sopId);
});

it('never holds a constant of a step that changes something, nor what came from outside of it', () => {
  const steps = (kind: number, n: number) => [
    { tool: `start__open_${kind}`, args: { n }, result: { token: `tok_${n}77${n}z` } },
    { tool: 'bank__create_account', args: { token: `tok_${n}77${n}z`, country: 'Malta' } },
    { tool: 'bank__set_limit', args: { limit: 5 } },
    { tool: 'bank__send_money', args: { to: 'MT84', currency: 'EUR' } },
  ];
  const episodes = [0, 1, 2].flatMap((kind) =>
    [0, 1, 2, 3].map((n) => toEpisode(kind * 20 + n, `${kinds[kind]?.task} ${names[n]}`, steps(kind, n))),
  );
  const [part] = toParts(learn(episodes).derive().sops);
  expect(part?.procedure.map(({ tool }) => tool)).toEqual([
    'bank__create_account',
    'bank__set_limit',
    'bank__send_money',
  ]);
  for (const { args } of part?.procedure ?? [])
    for (const binding of Object.values(args)) expect(binding.from).toBe('ask');
});

it('gives each step the arguments of its own tool, also where the same call comes many times in a row', () => {
  const steps = (kind: number, n: number) => [
    ...Array.from({ length: 3 }, () => ({ tool: 'fs__read', args: { path: `/${n}` } })),
    // Another one each time: it belongs to no procedure, and leaves four in a row.
    { tool: `web__look_${kind}_${n}`, args: {} },
    { tool: 'fs__read', args: { path: `/${n}` } },
    { tool: 'bank__send_money', args: { currency: 'EUR', limit: 5 } },
    ...(kinds[kind]?.tools ?? []).map((tool) => ({ tool, args: { id: `${tool}-${n}` } })),
  ];
  const episodes = [0, 1, 2].flatMap((kind) =>
    [0, 1, 2, 3].map((n) => toEpisode(kind * 20 + n, `${kinds[kind]?.task} ${names[n]}`, steps(kind, n))),
  );
  const { sops } = learn(episodes).derive();
  expect(toParts(sops)).not.toEqual([]);
  for (const { procedure } of sops)
    for (const { tool, args } of procedure) {
      if (tool === 'fs__read') expect(['path']).toEqual(expect.arrayContaining(Object.keys(args)));
      if (tool === 'bank__send_money')
        for (const binding of Object.values(args)) expect(binding.from).toBe('ask');
    }
});

it('counts nobody for a second principal whose work did not bear the procedure out', () => {
  const own = [...kinds[0].tools, 'web__wander'].map((tool) => ({ tool, args: { id: `${tool}-6` } }));
  const wandered = toEpisode(99, `${kinds[0].task} customer Gray`, [...customer(0), ...own], {
    principal: 'bob',
    outcome: 'unknown',
    end: 'next_task',
  });
  const parts = toParts(learn([...log(3, 4), wandered], true).derive().sops);
  expect(parts).toMatchObject([{ status: 'shadow', occurrences: 12, quorum: { principal: 'ada' } }]);
});

/** Procedures that share runs with each other, in any combination, some failed. */
const shared = fc
  .array(
    fc.record({
      kind: fc.nat(3),
      n: fc.nat(3),
      from: fc.nat(2),
      bob: fc.boolean(),
      fails: fc.boolean(),
    }),
    { minLength: 24, maxLength: 44, size: 'max' },
  )
  .map((sketches) =>
    sketches.map(({ kind, n, from, bob, fails }, at) => {
      const whole = work(kind, n);
      return {
        ...whole,
        episodeId: `e-${at}`,
        principal: bob ? 'bob' : 'ada',
        outcome: fails && at % 5 === 0 ? ('failure' as const) : whole.outcome,
        calls: whole.calls
          .slice(kind === 3 ? from : 0)
          .map((call, place) => ({ ...call, callId: `e-${at}-k${place}` })),
      };
    }),
  );

const arrived = shared.chain((episodes) =>
  fc.tuple(
    fc.constant(episodes),
    fc.shuffledSubarray(episodes, { minLength: episodes.length, maxLength: episodes.length }),
    fc.array(fc.boolean(), { minLength: episodes.length, maxLength: episodes.length }),
    fc.nat(episodes.length - 1),
  ),
);

/** A log that surely has a part. */
const known = log(3, 3);

describe('the laws of parts', () => {
  it('are the same from any order, however often it was derived in between, and forgetting undoes', () => {
    let parts = 0;
    fc.assert(
      fc.property(arrived, ([episodes, order, derives, out]) => {
        const learner = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
        order.forEach((episode, at) => {
          learner.learn(episode);
          if (derives[at] === true) learner.derive();
        });
        const anew = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
        for (const episode of episodes) anew.learn(episode);
        const { sops } = anew.derive();
        expect(learner.derive().sops).toEqual(sops);
        parts += toParts(sops).length;
        const gone = episodes[out]?.episodeId ?? '';
        learner.forget(gone);
        const left = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
        for (const episode of episodes) if (episode.episodeId !== gone) left.learn(episode);
        expect(learner.derive().sops).toEqual(left.derive().sops);
        for (const { episodeId } of episodes) learner.forget(episodeId);
        expect(learner.derive().sops).toEqual([]);
      }),
      { numRuns: 25, examples: [[[known, known.toReversed(), known.map((_, at) => at % 2 === 0), 4]]] },
    );
    expect(parts).toBeGreaterThan(0);
  });

  it('refer to parts that are there, whose steps they have, each of at least three steps and proven by enough tasks', () => {
    fc.assert(
      fc.property(shared, (episodes) => {
        const { sops } = learn(episodes).derive();
        const byId = new Map(sops.map((sop) => [sop.sopId, sop]));
        const calls = new Set(episodes.flatMap((episode) => episode.calls.map(({ callId }) => callId)));
        expect(byId.size).toBe(sops.length);
        for (const part of toParts(sops)) {
          expect(part.procedure.length).toBeGreaterThanOrEqual(3);
          expect(part.occurrences).toBeGreaterThanOrEqual(3);
          expect(part.occurrences).toBeLessThanOrEqual(new Set(episodes.map(({ task }) => task)).size);
          expect(part.evidence.every((callId) => calls.has(callId))).toBe(true);
          expect(part.partOf?.length).toBeGreaterThan(0);
          const parents = (part.partOf ?? []).flatMap((id) => byId.get(id) ?? []);
          expect(part.confidence).toBeLessThanOrEqual(
            Math.max(...parents.map(({ confidence }) => confidence)),
          );
          if (part.status === 'active') expect(parents.map(({ status }) => status)).toContain('active');
          for (const id of part.partOf ?? []) expect(byId.get(id)?.partOf).toBeUndefined();
        }
        for (const sop of toWhole(sops)) {
          for (const { tool, part, optional } of sop.procedure) {
            if (part === undefined) continue;
            expect(optional).toBe(false);
            const found = byId.get(part.sop_id);
            expect(found?.partOf).toContain(sop.sopId);
            expect(found?.procedure[part.step]?.tool).toBe(tool);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
