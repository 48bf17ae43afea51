/** An episode without a stated task is cut into its runs, and nothing else is. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { bounds } from '../../../src/learning/bounds.ts';
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

const words = { a: 'get', b: 'label', c: 'comment', d: 'close' };

/** The same where one tool does everything: letters are what it is called for. */
function callsOfOne(letters: string): CallSketch[] {
  return calls(letters).map((call, at) => {
    const action = words[letters[at]?.toLowerCase() as 'a'];
    return action === undefined ? call : { ...call, tool: 'gh__issue', args: { action, id: `I-${at}41` } };
  });
}
const cutOne = (letters: string): number[] =>
  toRuns(toEpisode(1, '', callsOfOne(letters), untold)).map((run) => run.calls.length);

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
    ['another call first: it is left out', 'xabcabcabc', [3, 3, 3]],
    ['other calls first: they are a run of their own', 'xyabcabcabc', [2, 3, 3, 3]],
    ['another call first and one afterwards', 'xabcabcabcy', [3, 3, 3]],
    ['another call between two runs: it stays with the first', 'abcdabcdxabcdabcd', [4, 5, 4, 4]],
    ['another call within a run', 'abcdabxcdabcdabcd', [4, 5, 4, 4]],
    ['a step that was left out once', 'abcdabcdacdabcdabcd', [4, 4, 3, 4, 4]],
    ['the last step left out at first', 'abcabcdabcdabcdabcd', [3, 4, 4, 4, 4]],
    ['two runs that differ, one after the other', 'xabcdabcdacdabxcdabcdabcd', [4, 4, 3, 5, 4, 4]],
    ['another call between two procedures', 'xabcabcabcydefdefdef', [3, 3, 3, 3, 3, 3]],
    ['two steps ten times', 'ab'.repeat(10), Array(10).fill(2)],
    ['two steps ten times, after another call', `x${'ab'.repeat(10)}`, Array(10).fill(2)],
  ])('is cut into its runs: %s', (_what, letters, lengths) => {
    expect(cut(letters)).toEqual(lengths);
  });

  it.each([
    ['a single run', 'abc'],
    ['two runs: too few', 'abcabc'],
    ['one tool over and over', 'aaaaaaaaa'],
    ['two tools in turn: searching and reading', 'ababababab'],
    ['two runs and one that differs: too few', 'abcdabcdacd'],
    ['the same three calls, far apart', 'abcxyzuvwklgabcmnopqrstijabc'],
    ['nothing in common', 'abcdef'],
    ['one tool that differs', 'abcabdabc'],
    ['nothing but failures', 'ABCABCABC'],
    ['no calls at all', ''],
  ])('stays whole: %s', (_what, letters) => {
    expect(cut(letters)).toEqual([letters.length]);
  });

  it.each([
    ['three times four', 'abcdabcdabcd', [4, 4, 4]],
    ['a fourth run that has just begun', 'abcabcabcab', [3, 3, 3]],
    ['a failure that was tried again', 'abcaBbcabc', [3, 4, 3]],
    ['other tools afterwards', 'abcabcabcxyz', [3, 3, 3, 3]],
    ['two runs: too few', 'abcabc', [6]],
    ['one thing over and over', 'aaaaaaaaa', [9]],
    ['nothing in common', 'abcdbadc', [8]],
  ])('is cut by what one tool is called for: %s', (_what, letters, lengths) => {
    expect(cutOne(letters)).toEqual(lengths);
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

  it('stays whole where two calls ask again for the very same thing, but not where three take no arguments', () => {
    const lengths = (letters: string) =>
      toRuns(toEpisode(1, '', calls(letters, { job: 'nightly' }), untold)).map((run) => run.calls.length);
    expect(lengths('ab'.repeat(10))).toEqual([20]);
    expect(lengths('abcabcabc')).toEqual([3, 3, 3]);
  });

  it('begins its runs where other things are worked on, also where it began in the middle of a run', () => {
    const runs = (letters: string) => {
      let folder = 0;
      const made = calls(letters).map((call, at) => {
        if (at > 0 && letters[at] === 'a') folder += 1;
        return { ...call, args: { folder: `week-${folder}`, root: '/home/ada', limit: 100 } };
      });
      return toRuns(toEpisode(1, '', made, untold)).map((run) => run.calls.length);
    };
    expect(runs('abcdabcdabcdabcd')).toEqual([4, 4, 4, 4]);
    expect(runs('dabcdabcdabcdabcd')).toEqual([4, 4, 4, 4]);
    expect(runs('cdabcdabcdabcdabcd')).toEqual([2, 4, 4, 4, 4]);
    expect(runs('acdabcdabcdabcdabcd')).toEqual([3, 4, 4, 4, 4]);
    expect(runs(`b${'ab'.repeat(10)}`)).toEqual(Array(10).fill(2));
  });
});

describe('whatever was called without a stated task', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', 'B'), maxLength: 40 });

  it('is cut into calls as they were made, none of them twice', () => {
    fc.assert(
      fc.property(few, (letters) => {
        const episode = toEpisode(1, '', calls(letters), untold);
        const runs = toRuns(episode);
        let behind = 0;
        for (const run of runs) {
          const from = episode.calls.findIndex(({ callId }) => callId === run.calls[0]?.callId);
          expect(run.calls).toEqual(episode.calls.slice(Math.max(from, 0), from + run.calls.length));
          expect(from).toBeGreaterThanOrEqual(letters === '' ? -1 : behind);
          behind = from + run.calls.length;
        }
        const ids = runs.map((run) => run.episodeId);
        expect(ids[0]).toBe('e-1');
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it('stays whole where no call comes a third time', () => {
    const letters = fc.shuffledSubarray([...'aabbccddeeffgghhiijjkkllmmnn']).map((some) => some.join(''));
    fc.assert(
      fc.property(letters, (some) => {
        expect(cut(some)).toEqual([some.length]);
      }),
    );
  });

  it('stays whole where its task or its outcome was stated', () => {
    const stated = fc.constantFrom<[Partial<Episode>, string]>(
      [{}, 'Write to the three customers'],
      [{ outcome: 'success' }, ''],
      [{ outcome: 'failure' }, ''],
    );
    const habit = few.map((letters) => `${letters}${'abcd'.repeat(5)}${letters}`);
    fc.assert(
      fc.property(habit, stated, (letters, [more, task]) => {
        expect(cut(letters, more, task)).toEqual([letters.length]);
      }),
    );
  });

  it('is hardly ever cut where chance chose the calls', () => {
    const unit = fc.constantFrom(...'abcd');
    const sessions = fc.sample(fc.string({ unit, minLength: 9, maxLength: 60, size: 'max' }), {
      numRuns: 1_000,
      seed: 7,
    });
    const taken = sessions.filter((letters) => cut(letters).length > 1);
    expect(taken.length).toBeLessThanOrEqual(20);
    const takenOfOne = sessions.slice(0, 300).filter((letters) => cutOne(letters).length > 1);
    expect(takenOfOne.length).toBeLessThanOrEqual(6);
  });

  it('is cut the same, but for the last run, whatever is called later', () => {
    const later = fc.string({ unit: fc.constantFrom(...'abcdxyA'), maxLength: 40 });
    fc.assert(
      fc.property(later, (letters) => {
        for (const cutSo of [cut, cutOne])
          expect(cutSo(`${'abcd'.repeat(5)}${letters}`).slice(0, 4)).toEqual([4, 4, 4, 4]);
      }),
    );
  });

  it('is looked at up to a maximum, however long it is', () => {
    for (const letters of ['ab'.repeat(5_000), 'abcx'.repeat(2_500), 'a'.repeat(10_000)]) {
      const kept = toRuns(toEpisode(1, '', calls(letters), untold));
      expect(kept.length).toBeLessThanOrEqual(150);
      if (kept.length > 1)
        expect(kept.flatMap((run) => run.calls).length).toBeLessThanOrEqual(bounds.callsMax);
    }
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

  it('learns from five runs, whatever comes first or last, with one call too many or too few', () => {
    const others = fc.string({ unit: fc.constantFrom(...'xyz'), maxLength: 4 });
    const whole = 'abcd'.repeat(5);
    const more = fc.integer({ min: 4, max: 20 }).map((at) => `${whole.slice(0, at)}w${whole.slice(at)}`);
    const less = fc.integer({ min: 4, max: 19 }).map((at) => `${whole.slice(0, at)}${whole.slice(at + 1)}`);
    fc.assert(
      fc.property(others, fc.oneof(more, less), others, (before, runs, after) => {
        const [sop] = derive(`${before}${runs}${after}`);
        expect(sop?.status).toBe('active');
        const own = sop?.procedure.map(({ tool }) => tool).filter((tool) => /^(crm|mail|fs)__/.test(tool));
        expect(own).toEqual([names.a, names.b, names.c, names.d]);
      }),
    );
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
