// Weights that most slots have none of: nothing is lost between the table, what is kept of it and its text.
import { assert, float, integer, property, tuple, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DenseWeights,
  packWeights,
  SparseWeights,
  unpackWeights,
} from '../../../src/learning/foresight/weights.ts';

const bits = 18;
const slot = integer({ min: 0, max: (1 << bits) - 1 });
const weight = float({ min: -8, max: 8, noNaN: true });
const learned = uniqueArray(tuple(slot, weight), { selector: ([place]) => place, maxLength: 300 });

describe('settled weights', () => {
  it('say of every slot what the table says', () => {
    assert(
      property(learned, slot, (entries, other) => {
        const dense = new DenseWeights(bits);
        for (const [place, value] of entries) dense.values[place] = value;
        const settled = dense.settle();
        for (const place of [...entries.map(([one]) => one), other])
          expect(settled.at(place)).toBe(dense.at(place) === 0 ? 0 : dense.at(place));
      }),
    );
  });

  it('come back from their text within half a level', () => {
    assert(
      property(learned, (entries) => {
        const weights = new SparseWeights(
          entries.map(([place]) => place),
          entries.map(([, value]) => value),
        );
        const packed = packWeights(weights);
        const back = unpackWeights(packed);
        for (const [place] of entries)
          expect(Math.abs(back.at(place) - weights.at(place))).toBeLessThanOrEqual(packed.scale * 0.500_1);
        expect(packWeights(back)).toEqual(packWeights(unpackWeights(packed)));
      }),
    );
  });

  it('cost what was learned, not what could have been', () => {
    const packed = packWeights(new SparseWeights([7, 200_000], [0.5, -0.25]));
    expect(JSON.stringify(packed).length).toBeLessThan(100);
    expect(unpackWeights(packed).entries()).toEqual([
      [7, 0.5],
      [200_000, expect.closeTo(-0.25, 4)],
    ]);
  });
});
