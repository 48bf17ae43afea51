// A mixture must not be bolder than tasks that it had not seen allow.
import { describe, expect, it } from 'vitest';
import { bucketCount, expertCount } from '../../../src/learning/foresight/experts.ts';
import { finish } from '../../../src/learning/foresight/foresight.ts';
import { blend, learnHonestWeights, type MixerExample } from '../../../src/learning/foresight/mixer.ts';
import { mix } from '../../../src/learning/foresight/hashing.ts';

const size = 4;
const folds = 4;
const chance = (a: number, b: number) => mix(a, b) / 2 ** 32;

/** What experts say where they know nothing: each is loud, and right by chance alone. */
function toNoise(from: number, count: number): MixerExample[] {
  return Array.from({ length: count }, (_, n) => {
    const seed = mix(from, n);
    const logs = Float32Array.from(
      { length: expertCount * size },
      (__, at) => 4 * Math.log(chance(seed, at) + 0.01),
    );
    const buckets = Uint8Array.from(
      { length: expertCount },
      (__, at) => 1 + (mix(seed, 500 + at) % (bucketCount - 1)),
    );
    const right = mix(seed, 999) % size;
    return { opinions: { candidates: [0, 1, 2, 3], logs, buckets }, right, weight: 1, fold: n % folds };
  });
}

/** How sure a mixture says to be, and how often it is right. */
function toMeans(weights: Float64Array, examples: readonly MixerExample[]) {
  let said = 0;
  let hits = 0;
  for (const { opinions, right } of examples) {
    const probabilities = [...blend(weights, opinions)];
    const most = Math.max(...probabilities);
    said += most / examples.length;
    if (probabilities.indexOf(most) === right) hits += 1 / examples.length;
  }
  return { said, hits };
}

describe('a mixture of experts', () => {
  it('that learned from mere noise is more cautious than it would be by what it learned from', () => {
    const few = toNoise(1, 80);
    const honest = finish(learnHonestWeights(few, folds));
    // Where all stand in one fold nothing can be held back, and nothing shows how bold is too bold.
    const together = few.map((one) => ({ ...one, fold: 0 }));
    const bold = finish(learnHonestWeights(together, folds));
    const fresh = toNoise(2, 600);
    const [cautious, naive] = [toMeans(honest, fresh), toMeans(bold, fresh)];
    expect(cautious.hits).toBe(naive.hits);
    expect(cautious.said - cautious.hits).toBeLessThan(0.75 * (naive.said - naive.hits));
  });

  it('that learned from experts who know keeps what it learned', () => {
    const known = toNoise(3, 200).map((one): MixerExample => {
      const logs = Float32Array.from(one.opinions.logs, (__, at) =>
        Math.log(at % size === one.right ? 0.7 : 0.1),
      );
      return { ...one, opinions: { ...one.opinions, logs } };
    });
    const { said } = toMeans(finish(learnHonestWeights(known, folds)), known);
    expect(said).toBeGreaterThan(0.9);
  });
});
