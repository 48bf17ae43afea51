// What is the same is one thing for all who have it at one time, and nothing stays that nobody has.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHeldOnce, Held } from '../../../src/learning/held.ts';

class Word extends Held {
  readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
  }
}

const createWords = (isFound: boolean, max?: number) =>
  createHeldOnce<string, Word>({
    // Where all are found by the same number, only what they are tells them apart.
    words: (text) => (isFound ? [text] : []),
    isSame: (word, text) => word.text === text,
    keyOf: ({ text }) => text,
    make: (text) => new Word(text),
    ...(max === undefined ? {} : { max }),
  });

const takes = fc.array(fc.record({ text: fc.constantFrom(...'abcde'), gives: fc.option(fc.nat(20)) }), {
  maxLength: 60,
});

it('gives one thing to all who have the same at one time, and keeps nothing that nobody has', () => {
  fc.assert(
    fc.property(takes, fc.boolean(), (given, isFound) => {
      const words = createWords(isFound);
      const had: Word[] = [];
      for (const { text, gives } of given) {
        const word = words.take(text);
        expect(word.text).toBe(text);
        for (const other of had) expect(other === word).toBe(other.text === text);
        had.push(gives === 1 ? words.share(word) : word);
        if (gives === 1) had.push(word);
        if (gives === null) continue;
        const [back] = had.splice(gives % had.length, 1);
        const isLast = back !== undefined && !had.includes(back);
        expect(back !== undefined && words.release(back)).toBe(isLast);
        expect(words.size).toBe(new Set(had).size);
      }
      for (const word of had) words.release(word);
      expect(words.size).toBe(0);
    }),
  );
});

it('gives what is beyond the maximum to whoever asked, and is not confused by getting it back', () => {
  const words = createWords(true, 1);
  const [kept, other] = [words.take('a'), words.take('b')];
  expect(words.take('a')).toBe(kept);
  expect(words.take('b')).not.toBe(other);
  expect(words.release(words.share(other))).toBe(false);
  expect(words.size).toBe(1);
});
