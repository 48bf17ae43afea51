/**
 * A linear predictor over hashed features, learned by AdaGrad: which symbol comes next. Small, fast, and the same for the
 * same examples in the same order.
 */
import { mix } from './hashing.ts';
import { DenseWeights } from './weights.ts';
import type { SparseWeights, Weights } from './weights.ts';

/** An example: what was seen, among which symbols to choose, and which one it was. */
export interface Example {
  readonly features: readonly number[];
  readonly candidates: readonly number[];
  /** Place of the right one among the candidates. */
  readonly right: number;
  readonly weight: number;
}

export const softmaxSettings = { bits: 18, epochs: 3, rate: 0.15, decay: 0.00001 } as const;

/** A probability for each candidate. */
export function predict(
  weights: Weights,
  features: readonly number[],
  candidates: readonly number[],
): Float64Array {
  const scores = new Float64Array(candidates.length);
  for (let at = 0; at < candidates.length; at += 1) {
    const salt = mix(candidates[at] ?? 0, 999);
    let sum = 0;
    for (const feature of features) sum += weights.at(toSlot(feature, salt));
    scores[at] = sum;
  }
  return toProbabilities(scores);
}

/** Both are mixed already. */
function toSlot(feature: number, salt: number): number {
  return (feature ^ salt) & ((1 << softmaxSettings.bits) - 1);
}

/** The predictor while it learns. */
export class Softmax {
  readonly #weights = new DenseWeights(softmaxSettings.bits);
  readonly #squares = new Float32Array(this.#weights.values.length);

  /** Learns from one example. */
  learn({ features, candidates, right, weight }: Example): void {
    const probabilities = predict(this.#weights, features, candidates);
    const { rate, decay } = softmaxSettings;
    const { values } = this.#weights;
    candidates.forEach((symbol, at) => {
      const gradient = weight * ((at === right ? 1 : 0) - (probabilities[at] ?? 0));
      if (Math.abs(gradient) < 0.001) return;
      const salt = mix(symbol, 999);
      for (const feature of features) {
        const slot = toSlot(feature, salt);
        const square = (this.#squares[slot] ?? 0) + gradient * gradient;
        this.#squares[slot] = square;
        const before = values[slot] ?? 0;
        values[slot] = before + (rate * gradient) / Math.sqrt(square + 0.1) - decay * before;
      }
    });
  }

  /** What was learned. */
  settle(): SparseWeights {
    return this.#weights.settle();
  }
}

/** Scores as probabilities that sum to 1. */
export function toProbabilities(scores: Float64Array): Float64Array {
  let most = -Infinity;
  for (const score of scores) most = Math.max(most, score);
  let sum = 0;
  for (let at = 0; at < scores.length; at += 1) {
    const value = Math.exp((scores[at] ?? 0) - most);
    scores[at] = value;
    sum += value;
  }
  for (let at = 0; at < scores.length; at += 1) scores[at] = (scores[at] ?? 0) / sum;
  return scores;
}
