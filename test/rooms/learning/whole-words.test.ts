// Stems as people wrote them: every word that a text's terms come from is found again in that text, and none is made up.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatternContent } from '../../../machines/words/patterns.ts';
import { matchPatterns, rank, toWholeWord } from '../../../src/learning/learning.ts';
import { toStem } from '../../../src/learning/terms.ts';

const step = {
  tool: 'every__echo',
  optional: false,
  repeated: false,
  alternatives: [],
  support: 1,
  args: {},
};

describe('a stem is shown', () => {
  it.each([
    ['announc', 'Please announce the sum', 'announce'],
    ['announc', 'Announcing is fun', 'Announcing'],
    ['otherwis', 'Do it, otherwise tell me', 'otherwise'],
    ['kitchen', "the kitchen's door", 'kitchen'],
    ['会議', '明日の会議を消す', '会議'],
    ['announc', 'nothing of it', 'announc…'],
  ])('%s of “%s” as %s', (stem, text, shown) => {
    expect(toWholeWord(stem, [text])).toBe(shown);
  });

  it('as the first text has it', () => {
    expect(toWholeWord('sum', ['no such word', 'two Sums', 'a sum'])).toBe('Sums');
  });

  it('only ever as a word of a text, or as what it is', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        for (const one of words) expect(words).toContain(toWholeWord(toStem(one), [words.join(' ')]));
      }),
    );
  });
});

it('a procedure that is found tells stems, each of which is a word of the task', () => {
  const sop = { sopId: 'p-1', trigger: 'Announce the sum', wordings: [], confidence: 0.9, procedure: [step] };
  const task = 'Please announce the sum of 40 and 2';
  const [found] = rank({ task, minConfidence: 0.3, limit: 3, sops: [sop as never] });
  expect(found?.matched).toContain('announc');
  expect(found?.matched.map((one) => toWholeWord(one, [task]))).toEqual(
    expect.arrayContaining(['announce', 'sum']),
  );
});

it('a pattern is told in the words of the task', () => {
  const content: PatternContent = {
    pattern_type: 'proactive_search',
    condition: { task_words: ['announc', 'sum'] },
    action: { search_with: 'every__get-sum' },
  };
  const [found] = matchPatterns(
    [{ patternId: 'a-1', content, confidence: 0.9, appliedCount: 0, effectiveness: 0 }],
    { task: 'Announce the sums', calls: [], likely: [], limit: 3 },
  );
  expect(found?.sentence).toBe('Tasks about Announce, sums begin by looking things up with every__get-sum.');
});
