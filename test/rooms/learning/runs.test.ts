/** An episode without a stated task is cut into its runs, and nothing else is. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { toRuns } from '../../../src/learning/runs.ts';
import type { CallSketch } from './episodes.ts';
import { toEpisode } from './episodes.ts';

const names = {
  a: 'crm__find',
  b: 'crm__read',
  c: 'mail__send',
  d: 'fs__list',
  e: 'fs__move',
  f: 'fs__tidy',
};

/** Letters are calls; a capital one failed; each call's arguments are its own unless `args` says otherwise. */
function calls(letters: string, args?: unknown): CallSketch[] {
  return [...letters].map((letter, at) => ({
    tool: names[letter.toLowerCase() as 'a'] ?? `other__${letter.toLowerCase()}`,
    args: args ?? { id: `customer ${at}` },
    error: letter !== letter.toLowerCase(),
  }));
}

const untold = { outcome: 'unknown', end: 'open', episodeId: 'e-1' } as const;
const cut = (letters: string, more: Partial<Episode> = {}, task = ''): number[] =>
  toRuns(toEpisode(1, task, calls(letters), { ...untold, ...more })).map((run) => run.calls.length);

describe('an episode without a stated task', () => {
  it.each([
    ['the same three calls three times', 'abcabcabc', [3, 3, 3]],
    ['the same three calls four times', 'abcabcabcabc', [3, 3, 3, 3]],
    ['a fourth run that has just begun', 'abcabcabcab', [3, 3, 3]],
    ['a call that failed and was tried again', 'abcaBbcabc', [3, 4, 3]],
    ['a failure before the first success', 'AabcabcAabc', [4, 3, 4]],
    ['a step that takes one call more here and there', 'abcabbcaabc', [3, 4, 4]],
    ['a procedure that ends as it began', 'abaabaaba', [3, 3, 3]],
    ['something else afterwards', 'abcabcabcdef', [3, 3, 3, 3]],
    ['a second procedure afterwards', 'abcabcabcdefdefdef', [3, 3, 3, 3, 3, 3]],
  ])('is cut into its runs: %s', (_what, letters, lengths) => {
    expect(cut(letters)).toEqual(lengths);
  });

  it.each([
    ['a single run', 'abc'],
    ['two runs: too few', 'abcabc'],
    ['one tool over and over', 'aaaaaaaaa'],
    ['two tools in turn: searching and reading', 'ababababab'],
    ['a loop with a beginning', 'dabcabcabc'],
    ['a loop with a beginning and an end', 'dabcabcabce'],
    ['nothing in common', 'abcdef'],
    ['one tool that differs', 'abcabdabc'],
    ['nothing but failures', 'ABCABCABC'],
    ['no calls at all', ''],
  ])('stays whole: %s', (_what, letters) => {
    expect(cut(letters)).toEqual([letters.length]);
  });

  it('stays whole where its task or its outcome was stated', () => {
    expect(cut('abcabcabc', {}, 'Write to the three customers')).toEqual([9]);
    expect(cut('abcabcabc', { outcome: 'success' })).toEqual([9]);
    expect(cut('abcabcabc', { outcome: 'failure' })).toEqual([9]);
  });

  it('keeps its id for the first run, and its runs keep their ids while it grows', () => {
    const ids = (letters: string) =>
      toRuns(toEpisode(1, '', calls(letters), untold)).map((run) => run.episodeId);
    expect(ids('abcabcabc')).toEqual(['e-1', 'e-1.0001', 'e-1.0002']);
    expect(ids('abcabcabcd').slice(0, 3)).toEqual(ids('abcabcabc'));
  });

  it('loses no call and invents none, whatever was called', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', 'B'), maxLength: 40 }), (letters) => {
        const episode = toEpisode(1, '', calls(letters), untold);
        const kept = toRuns(episode).flatMap((run) => run.calls);
        expect(kept).toEqual(episode.calls.slice(0, kept.length));
        const ids = toRuns(episode).map((run) => run.episodeId);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});

describe('a learner that hears of one session which nobody gave a task', () => {
  const derive = (...letters: string[]) => {
    const learner = createLearner({ namespace: 'acme' });
    for (const some of letters) learner.learn(toEpisode(1, '', calls(some), untold));
    return learner.derive().sops;
  };

  it('learns from three runs of one procedure', () => {
    const [sop, ...others] = derive('abcabcabc');
    expect(sop).toMatchObject({ status: 'active', triggerFrom: 'calls', occurrences: 3 });
    expect(sop?.procedure.map((step) => step.tool)).toEqual(['crm__find', 'crm__read', 'mail__send']);
    expect(sop?.confidence).toBeGreaterThanOrEqual(0.7);
    expect(others).toEqual([]);
  });

  it('does not unlearn it when the session goes on, and gives the same as if it had heard everything at once', () => {
    const grown = derive('abc', 'abcabc', 'abcabcabc', 'abcabcabcd', 'abcabcabcde');
    expect(grown).toEqual(derive('abcabcabcde'));
    expect(grown[0]).toMatchObject({ status: 'active', occurrences: 3 });
  });

  it('forgets all runs of an episode that is forgotten', () => {
    const learner = createLearner({ namespace: 'acme' });
    learner.learn(toEpisode(1, '', calls('abcabcabc'), untold));
    learner.forget('e-1');
    expect(learner.derive().sops).toEqual([]);
    expect(learner.size.episodes).toBe(0);
  });

  it('proves nothing alone in a shared namespace', () => {
    const learner = createLearner({ namespace: 'acme', sharedNamespace: true });
    learner.learn(toEpisode(1, '', calls('abcabcabcabcabcabc'), untold));
    expect(learner.derive().sops.map((sop) => sop.status)).toEqual(['shadow']);
  });
});
