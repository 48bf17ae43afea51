import { expect, it } from 'vitest';
import { remember } from '../../../src/learning/remember.ts';

/** What is asked for by its first letter, and how often each was computed. */
function createCounted(charsMax: number) {
  const computed: string[] = [];
  const ask = remember((text) => {
    computed.push(text);
    return text.toUpperCase();
  }, charsMax);
  return { ask, computed };
}

it('computes again only what was not asked for while half of the room was filled', () => {
  const { ask, computed } = createCounted(40);
  expect(ask('aaaaa')).toBe('AAAAA');
  for (const text of ['bbbbb', 'ccccc', 'ddddd']) {
    expect(ask(text)).toBe(text.toUpperCase());
    expect(ask('aaaaa')).toBe('AAAAA');
  }
  // All four fill a half; one more moves them to the other one, from where each comes back when it is asked for.
  for (const text of ['eeeee', 'aaaaa', 'bbbbb']) ask(text);
  expect(computed).toEqual(['aaaaa', 'bbbbb', 'ccccc', 'ddddd', 'eeeee']);
  for (const text of ['fffff', 'ggggg', 'aaaaa', 'ccccc']) ask(text);
  expect(computed.slice(5)).toEqual(['fffff', 'ggggg', 'ccccc']);
});

it('knows no more than it has room for, however many texts come', () => {
  const { ask, computed } = createCounted(1_000);
  const texts = Array.from({ length: 500 }, (_, n) => `text number ${n}`);
  for (const text of texts) ask(text);
  for (const text of texts) ask(text);
  expect(computed).toHaveLength(1_000);
  expect(ask('a text that has no room at all'.repeat(100))).toContain('NO ROOM');
});
