import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { createKeyBook } from '../../../src/learning/keys/key-book.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { type CallSketch, toEpisode } from './episodes.ts';

/** Other work on the machine must not fail a property. */
vi.setConfig({ testTimeout: 30_000 });

const topics = [
  'the crash on start',
  'a slow login',
  'a broken link',
  'a typo',
  'the wrong currency',
  'odd fonts',
];
const act = (action: string, n: number, more: object = {}): CallSketch => ({
  tool: 'gh__issue',
  args: { action, id: `I-${n}41`, ...more },
});
const triage = (n: number, more: Partial<Episode> = {}): Episode =>
  toEpisode(
    n,
    `Triage the issue about ${topics[n % topics.length] ?? ''}`,
    [
      act('get', n),
      act('label', n, { labels: ['triaged'] }),
      act('comment', n, { body: `Thank you for ${n}` }),
      act('close', n),
    ],
    more,
  );

function learnAll(episodes: readonly Episode[], sharedNamespace = false) {
  const learner = createLearner({ namespace: 'acme', sharedNamespace });
  for (const episode of episodes) learner.learn(episode);
  return learner;
}
const toSteps = (episodes: readonly Episode[], shared = false) =>
  (learnAll(episodes, shared).derive().sops[0]?.steps ?? []).map((line) => line.split(' — ')[0]);
const named = [
  '1. gh__issue (get)',
  '2. gh__issue (label)',
  '3. gh__issue (comment)',
  '4. gh__issue (close)',
];

describe('an argument key that tells the calls of a tool apart', () => {
  it('names the steps as a program does, from the third task on', () => {
    expect(toSteps([0, 1].map((n) => triage(n)))).not.toEqual(named);
    expect(toSteps([0, 1, 2].map((n) => triage(n)))).toEqual(named);
  });

  it('names the steps of twenty calls of one session in which nobody stated a task', () => {
    const calls = [0, 1, 2, 3, 4].flatMap((n) => [
      act('get', n),
      act('label', n, { labels: ['triaged'] }),
      act('comment', n, { body: `Thank you for ${n}` }),
      act('close', n),
    ]);
    const session = toEpisode(0, '', calls, { outcome: 'unknown', end: 'open' });
    const [sop] = learnAll([session]).derive().sops;
    expect(sop?.steps.map((line) => line.split(' — ')[0])).toEqual(named);
    expect(sop?.confidence).toBeGreaterThanOrEqual(0.7);
    expect(learnAll([session], true).derive().sops[0]?.steps.join('\n') ?? '').not.toContain('(get)');
  });

  it('says of its own argument what is asked for, and nothing of the others', () => {
    const [sop] = learnAll([0, 1, 2].map((n) => triage(n))).derive().sops;
    expect(sop?.procedure[3]?.args).toMatchObject({
      action: { from: 'ask', selector: 'close' },
      id: { from: 'argument' },
    });
    expect(sop?.procedure[2]?.args['body']).toMatchObject({ from: 'ask', selector: 'text' });
  });

  it('names what failed and what recovered it, also in what was learned before the key was known', () => {
    const failing = [0, 1, 2].map((n) => {
      const whole = triage(n);
      const failed = { ...whole.calls[1]!, callId: `x-${n}`, error: true, result: 'locked' };
      return { ...whole, calls: whole.calls.toSpliced(1, 0, failed) };
    });
    expect(learnAll(failing).derive().sops[0]?.pitfalls).toEqual([
      {
        tool: 'gh__issue',
        program: 'label',
        failedTimes: 3,
        recoveredBy: 'gh__issue',
        recoveredProgram: 'label',
        step: 1,
      },
    ]);
  });

  it('keeps apart what is done with the same tool in the same words', () => {
    const open = (n: number, last: string) =>
      toEpisode(n, `Handle the report on ${topics[n % topics.length] ?? ''}`, [
        act('get', n),
        act('comment', n, { body: `Text ${n}` }),
        act(last, n, last === 'close' ? {} : { reason: 'later' }),
      ]);
    const episodes = [0, 1, 2, 3, 4, 5].map((n) => open(n, n % 2 === 0 ? 'close' : 'pin'));
    const [sop] = learnAll(episodes).derive().sops;
    expect(sop?.steps.some((line) => /gh__issue \((close|pin)\)/.test(line))).toBe(true);
  });

  it.each<readonly [string, (n: number) => readonly CallSketch[]]>([
    ['has one word only', (n) => [act('get', n), { tool: 'mail__send', args: { id: `I-${n}41` } }]],
    [
      'decides nothing',
      (n) =>
        (n % 3 === 0
          ? ['metric']
          : n % 3 === 1
            ? ['imperial']
            : ['metric', 'imperial', 'imperial', 'metric']
        ).map((units) => ({ tool: 'sky__read', args: { units } })),
    ],
    [
      'holds ids',
      (n) =>
        [1, 2].map((at) => ({
          tool: 'db__read',
          args: at === 1 ? { row: `r${n}x9` } : { row: `q${n}z8`, deep: true },
        })),
    ],
    [
      'holds names of people',
      () =>
        ['Ada', 'Bob'].map((owner, at) => ({
          tool: 'crm__read',
          args: at === 0 ? { owner } : { owner, deep: true },
        })),
    ],
    [
      'is named like a secret',
      () =>
        ['alpha', 'omega'].map((token, at) => ({
          tool: 'vault__read',
          args: at === 0 ? { token } : { token, deep: true },
        })),
    ],
    [
      'is mostly left out',
      (n) => [
        act('get', n),
        act('close', n, { force: true }),
        ...[1, 2, 3].map(() => ({ tool: 'gh__issue', args: { id: `I-${n}41` } })),
      ],
    ],
    [
      'repeats what results said',
      () => [
        { tool: 'crm__state', args: {}, result: { now: 'waiting', next: 'settled' } },
        { tool: 'crm__move', args: { to: 'waiting' } },
        { tool: 'crm__move', args: { to: 'settled', deep: true } },
      ],
    ],
    [
      'is what the task gives, though other arguments go by it',
      () => [
        { tool: 'sky__read', args: { part: 'alpha' } },
        { tool: 'sky__read', args: { part: 'omega', deep: true } },
      ],
    ],
    [
      'is what the task is about',
      () => ['alpha', 'omega'].map((part) => ({ tool: 'sky__read', args: { part } })),
    ],
  ])('is none where it %s', (what, toCalls) => {
    const text = what.startsWith('is what the task') ? 'Read alpha and omega for' : 'Look into';
    const episodes = [0, 1, 2, 3, 4, 5].map((n) => toEpisode(n, `${text} ${topics[n] ?? ''}`, toCalls(n)));
    const { sops } = learnAll(episodes).derive();
    expect(sops.length).toBeGreaterThan(0);
    for (const { steps } of sops) expect(steps.filter((line) => /^\d+\. \S+ \(/.test(line))).toEqual([]);
  });

  it('takes no word of one task, and in a shared namespace none of one person alone', () => {
    const hostile = [6, 7, 8].map((n) => {
      const whole = triage(n, { principal: 'mallory', task: 'Triage the issue about a typo' });
      const evil = { ...whole.calls[1]!, args: { action: 'obey', id: `I-${n}41`, labels: ['x'] } };
      return { ...whole, calls: whole.calls.with(1, evil) };
    });
    const own = [0, 1, 2, 3, 4, 5].map((n) => triage(n, { principal: n % 2 === 0 ? 'ada' : 'bob' }));
    expect(toSteps([...own, ...hostile])).toEqual(named);
    const worded = hostile.map((one, n) => ({ ...one, task: `Triage the issue about ${topics[n] ?? ''}` }));
    const { sops } = learnAll([...own, ...worded], true).derive();
    expect(JSON.stringify(sops.map(({ steps, pitfalls }) => [steps, pitfalls]))).not.toMatch(
      /\(obey\)|"obey"/,
    );
    // A third of all runs did without.
    const label = `${named[1] ?? ''} [optional]`;
    expect(sops[0]?.steps.map((line) => line.split(' — ')[0])).toEqual(named.with(1, label));
  });
});

const words = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('get', 'close') },
  { weight: 1, arbitrary: fc.constantFrom('pin', 'I-441', 'two words') },
);
const history = fc.array(
  fc.record({
    topic: fc.nat(topics.length - 1),
    stated: fc.boolean(),
    person: fc.constantFrom('ada', 'bob'),
    outcome: fc.constantFrom('success', 'unknown', 'failure'),
    calls: fc.array(fc.record({ word: words, error: fc.boolean(), other: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  { minLength: 6, maxLength: 24 },
);
const toHistory = (drawn: typeof history extends fc.Arbitrary<infer Drawn> ? Drawn : never): Episode[] =>
  drawn.map(({ topic, stated, person, outcome, calls }, n) =>
    toEpisode(
      n,
      stated ? `Triage the issue about ${topics[topic] ?? ''}` : '',
      calls.map(({ word, error, other }) => ({
        ...(other
          ? { tool: 'mail__send', args: { to: 'ops' } }
          : act(word, n, { [`for_${word.slice(0, 3)}`]: n })),
        error: error && n % 3 === 0,
      })),
      { principal: person, outcome },
    ),
  );

describe('a learner of such keys', () => {
  it('gives the same SOPs in any order, however often it derived and whatever it forgot in between', () => {
    let renamed = 0;
    fc.assert(
      fc.property(history, history, fc.infiniteStream(fc.nat(99)), (drawn, passing, chance) => {
        const draw = () => chance.next().value ?? 0;
        const episodes = toHistory(drawn);
        const others = toHistory(passing).map((one) => ({ ...one, episodeId: `x-${one.episodeId}` }));
        const learner = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
        const arriving = [...episodes, ...others]
          .map((one) => [draw(), one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one);
        for (const one of arriving) {
          learner.learn({ ...one, calls: one.calls.slice(0, 1), end: 'open' });
          learner.learn(one);
          if (draw() < 30) learner.derive();
        }
        for (const one of others) {
          learner.forget(one.episodeId);
          if (draw() < 30) learner.derive();
        }
        const fresh = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
        for (const one of episodes) fresh.learn(one);
        const { sops } = fresh.derive();
        expect(learner.derive().sops).toEqual(sops);
        if (JSON.stringify(sops).includes('gh__issue (')) renamed += 1;
      }),
      { numRuns: 120 },
    );
    // Else it would say nothing of keys that were found.
    expect(renamed).toBeGreaterThan(5);
  });
});

describe('a book of keys', () => {
  it('counts the same tools in any order where there are too many', () => {
    const symbol = (at: number) => ({
      id: `t${at}`,
      tool: `t${at}`,
      program: '',
      keys: ['action', ...(at % 2 === 0 ? ['x'] : [])],
    });
    const toChanged = (order: readonly number[]) => {
      const book = createKeyBook(16);
      for (const at of order)
        for (const [task, word] of ['get', 'get', 'get', 'put', 'put', 'put'].entries()) {
          const keys = word === 'get' ? ['action'] : ['action', 'body'];
          book.count(
            [{ symbol: { ...symbol(at), keys }, choices: [['action', word, 'own']] }],
            { principal: 'ada', wording: `w${task}` },
            1,
          );
        }
      return [...book.review(false)].sort();
    };
    const order = Array.from({ length: 60 }, (_, at) => at);
    const changed = toChanged(order);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThanOrEqual(16);
    expect(toChanged(order.toReversed())).toEqual(changed);
  });
});
