import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standingRules, toStanding } from '../../../machines/sop-standing.ts';
import type { Episode } from '../../../machines/words/episodes.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { readNotes, toEpisode } from './episodes.ts';

/** Founded by ada's three; what comes later checks it. */
const founding = ['alpha.md', 'beta.md', 'gamma.md'].map((file, n) => readNotes(n, file));
const asBefore = (n: number, more: Partial<Episode> = {}) => readNotes(n, `f${n}.md`, more);
/** The same task, done in quite another way. */
const otherwise = (n: number, more: Partial<Episode> = {}) =>
  toEpisode(
    n,
    `Summarise the notes in f${n}.md`,
    [
      { tool: 'wiki__search', args: { q: `f${n}.md` } },
      { tool: 'wiki__page', args: { id: n } },
    ],
    more,
  );

function derive(episodes: readonly Episode[], sharedNamespace: boolean | 'seen' = 'seen'): LearnedSop[] {
  const learner = createLearner({ namespace: 'acme', sharedNamespace });
  for (const episode of episodes) learner.learn(episode);
  return learner.derive().sops;
}

const ofFiles = (sops: readonly LearnedSop[]) =>
  sops.find(({ procedure }) => procedure[0]?.tool === 'fs__list_directory');

describe('silent predictions', () => {
  it('begin once a procedure is proven, which three successes that agree are', () => {
    expect(ofFiles(derive(founding))).toMatchObject({ status: 'active' });
    expect(ofFiles(derive(founding))).not.toHaveProperty('reliability');
    const later = ofFiles(derive([...founding, asBefore(10), otherwise(11)]));
    expect(later?.reliability).toMatchObject({
      checked: 2,
      hits: 1,
      recent: [
        { episodeId: 'e-10', hit: true },
        { episodeId: 'e-11', hit: false },
      ],
    });
  });

  it('are made of episodes that ended and whose task was stated', () => {
    const open = asBefore(10, { end: 'open', outcome: 'unknown' });
    expect(ofFiles(derive([...founding, open]))).not.toHaveProperty('reliability');
    expect(ofFiles(derive([...founding, asBefore(10)]))?.reliability?.checked).toBe(1);
  });

  it('quarantine what has drifted, and bring it back through the shadow', () => {
    const misses = [20, 21, 22, 23, 24].map((n) => otherwise(n));
    expect(ofFiles(derive([...founding, ...misses.slice(0, 4)]))).toMatchObject({ status: 'active' });
    expect(ofFiles(derive([...founding, ...misses]))).toMatchObject({ status: 'quarantined' });
    const back = [30, 31, 32].map((n) => asBefore(n));
    expect(ofFiles(derive([...founding, ...misses, ...back.slice(0, 2)]))).toMatchObject({
      status: 'shadow',
    });
    expect(ofFiles(derive([...founding, ...misses, ...back]))).toMatchObject({ status: 'active' });
  });

  it('remembers what was long ago: more hits than are kept, none three in a row, bring nothing back', () => {
    const misses = [20, 21, 22, 23, 24].map((n) => otherwise(n));
    const later = Array.from({ length: 18 }, (_, n) => (n % 3 === 2 ? otherwise(30 + n) : asBefore(30 + n)));
    const sop = ofFiles(derive([...founding, ...misses, ...later]));
    expect(sop?.reliability?.recent).toHaveLength(standingRules.kept);
    expect(sop?.status).toBe('quarantined');
  });

  it('count a failure that followed it, unless the same wording succeeded later', () => {
    const failed = asBefore(10, { outcome: 'failure' });
    expect(ofFiles(derive([...founding, failed]))?.reliability).toMatchObject({ checked: 1, hits: 0 });
    const again = readNotes(11, 'f10.md');
    expect(ofFiles(derive([...founding, failed, again]))?.reliability).toMatchObject({ checked: 1, hits: 1 });
  });

  it('count a failure that followed it up to the call that broke', () => {
    const { calls, ...whole } = asBefore(10, { outcome: 'failure' });
    const broken = { ...whole, calls: calls.slice(0, 1).map((call) => ({ ...call, error: true })) };
    expect(ofFiles(derive([...founding, broken]))?.reliability).toMatchObject({ checked: 1, hits: 0 });
  });

  it('say nothing about procedures of other tasks', () => {
    const other = [20, 21, 22].map((n) =>
      toEpisode(n, `Refund order ${n} of the customer`, [{ tool: 'shop__refund', args: { order: n } }]),
    );
    expect(ofFiles(derive([...founding, ...other]))).not.toHaveProperty('reliability');
  });

  it('are the same whatever the order of arrival, and however often was derived in between', () => {
    const story = [
      ...founding,
      asBefore(10),
      ...[20, 21, 22, 23, 24, 25].map((n) => otherwise(n)),
      asBefore(30, { outcome: 'failure' }),
      asBefore(31, { principal: 'grace' }),
      asBefore(32),
    ];
    const whole = derive(story);
    expect(whole.length).toBeGreaterThan(1);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(story, { minLength: story.length }),
        fc.array(fc.nat(story.length - 1)),
        (told, stops) => {
          const learner = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
          told.forEach((episode, at) => {
            learner.learn(at % 2 === 0 ? { ...episode, end: 'open', outcome: 'unknown' } : episode);
            if (stops.includes(at)) learner.derive();
          });
          for (const episode of told) learner.learn(episode);
          expect(learner.derive().sops).toEqual(whole);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a namespace in which a second principal is seen', () => {
  const hello = toEpisode(5, 'Water the plants on the balcony', [{ tool: 'home__water' }], {
    principal: 'grace',
  });

  it('takes nothing away for what one of them alone does otherwise', () => {
    const both = [...founding, asBefore(10, { principal: 'grace' })];
    const misses = [20, 21, 22, 23, 24].map((n) => otherwise(n));
    expect(ofFiles(derive([...both, ...misses]))).toMatchObject({ status: 'active' });
    const second = otherwise(25, { principal: 'grace' });
    expect(ofFiles(derive([...both, ...misses, second]))).toMatchObject({ status: 'quarantined' });
  });

  it('keeps what one principal alone has shown in the shadow, with the confidence it will have', () => {
    expect(ofFiles(derive([...founding, hello]))).toMatchObject({
      status: 'shadow',
      confidence: 0.69,
      quorum: { confidence: ofFiles(derive(founding))?.confidence },
    });
  });

  it('serves it once the second one has succeeded the same way', () => {
    const second = asBefore(10, { principal: 'grace' });
    const sop = ofFiles(derive([...founding, second]));
    expect(sop).toMatchObject({ status: 'active' });
    expect(sop).not.toHaveProperty('quorum');
  });

  it('is one principal’s again once the other’s episodes are forgotten', () => {
    const learner = createLearner({ namespace: 'acme', sharedNamespace: 'seen' });
    for (const episode of [...founding, hello]) learner.learn(episode);
    expect(ofFiles(learner.derive().sops)).toMatchObject({ status: 'shadow' });
    learner.forget(hello.episodeId);
    expect(learner.derive().sops).toEqual(derive(founding));
  });
});

describe('the standing rule', () => {
  const checks = fc.array(fc.record({ hit: fc.boolean(), principal: fc.constantFrom('ada', 'grace') }), {
    maxLength: 60,
  });

  it('never quarantines with fewer misses than it names, nor trusts right after a miss that was too many', () => {
    fc.assert(
      fc.property(checks, (told) => {
        const misses = told.filter(({ hit }) => !hit).length;
        const { standing, reason } = toStanding(told);
        if (misses < standingRules.missesMax) expect(standing).toBe('trusted');
        if (standing !== 'trusted') expect(reason).not.toBeNull();
        if (standing === 'returning') expect(told.at(-1)?.hit).toBe(true);
        const hits = Array.from({ length: standingRules.hitsBack }, () => ({ hit: true, principal: 'ada' }));
        expect(toStanding([...told, ...hits]).standing).toBe('trusted');
      }),
    );
  });

  /** Long stories in which three hits in a row are rare. */
  const stretch = fc
    .tuple(fc.constantFrom('mmmmm', 'hhm', 'hm', 'hhh'), fc.integer({ min: 1, max: 8 }))
    .map(([part, times]) => part.repeat(times));
  const stories = fc
    .array(stretch, { maxLength: 6 })
    .map((parts) => [...parts.join('')].map((one, n) => ({ hit: one === 'h', principal: `p${n % 2}` })));

  it('forgets nothing: a hit never quarantines, and only hits in a row bring back', () => {
    fc.assert(
      fc.property(stories, fc.constantFrom(1, 2), (story, principalsMin) => {
        let before = toStanding([], principalsMin).standing;
        story.forEach(({ hit }, at) => {
          const { standing } = toStanding(story.slice(0, at + 1), principalsMin);
          if (hit && standing !== before) expect(standing).not.toBe('drifted');
          const row = story.slice(Math.max(0, at + 1 - standingRules.hitsBack), at + 1);
          const isRow = row.length === standingRules.hitsBack && row.every((one) => one.hit);
          if (before !== 'trusted' && standing === 'trusted') expect(isRow).toBe(true);
          before = standing;
        });
      }),
    );
  });

  it('takes the misses of two where two share', () => {
    fc.assert(
      fc.property(checks, (told) => {
        const alone = told.map(({ hit }) => ({ hit, principal: 'ada' }));
        expect(toStanding(alone, standingRules.sharedMin).standing).toBe('trusted');
      }),
    );
  });
});

it('on its way back in a shared namespace, one principal’s misses throw nothing back, and two principals’ do', () => {
  const check = (hit: boolean, principal: string) => ({ hit, principal });
  const drifted = ['ann', 'bob', 'ann', 'bob', 'ann'].map((who) => check(false, who));
  const judge = (...more: ReturnType<typeof check>[]) =>
    toStanding([...drifted, check(true, 'ann'), ...more], standingRules.sharedMin).standing;
  expect(judge()).toBe('returning');
  expect(judge(check(false, 'bob'))).toBe('returning');
  expect(judge(check(false, 'bob'), check(false, 'bob'), check(false, 'bob'))).toBe('returning');
  expect(judge(check(false, 'bob'), check(true, 'ann'), check(false, 'ann'))).toBe('drifted');
  const hits = [1, 2, 3].map(() => check(true, 'ann'));
  expect(judge(check(false, 'bob'), ...hits)).toBe('trusted');
  // Who is alone there believes what was seen.
  expect(toStanding([...drifted, check(true, 'ann'), check(false, 'ann')]).standing).toBe('drifted');
});
