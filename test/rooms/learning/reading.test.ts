// Which members the steps of a procedure are read off, as these become many.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../src/learning/bounds.ts';
import { toCase } from '../../../src/learning/case.ts';
import { createSequenceBook } from '../../../src/learning/likeness.ts';
import { readsAlike, toRead } from '../../../src/learning/reading.ts';
import { readNotes } from './episodes.ts';

const book = createSequenceBook();
const cases = Array.from({ length: 420 }, (_, n) => toCase(readNotes(n, `file${n}.md`), book));
const few = 2 * bounds.readShare - 1;

describe('what steps are read off', () => {
  it('is every one of few, and of many never more than a sixteenth short of all', () => {
    for (let n = 0; n <= few; n += 1) expect(toRead(cases.slice(0, n))).toEqual(cases.slice(0, n));
    for (let n = few; n <= bounds.membersMax; n += 1)
      expect(n - toRead(cases.slice(0, n)).length).toBeLessThan(Math.min(n / 16, bounds.readStepMax));
  });

  it('changes the more seldom the more there are', () => {
    let [changes, before] = [0, cases.slice(0, few)];
    for (let n = few; n < cases.length; n += 1) {
      const now = cases.slice(0, n);
      if (!readsAlike(before, now)) changes += 1;
      before = now;
    }
    expect(changes).toBeLessThan((cases.length - few) / 4);
    expect(changes).toBeGreaterThan(cases.length / bounds.readStepMax);
  });

  it('is the same whenever it is said to be', () => {
    const length = fc.nat(cases.length);
    fc.assert(
      fc.property(length, length, fc.option(fc.nat(cases.length - 1)), (one, other, missing) => {
        const before = cases.slice(0, one);
        const now = cases.slice(0, other).filter((_, at) => at !== missing);
        if (readsAlike(before, now)) expect(toRead(now)).toEqual(toRead(before));
        expect(readsAlike(before, [...before])).toBe(true);
      }),
    );
  });
});
