/**
 * The mixture of experts: log-linear, one weight for each expert and bucket of evidence, learned from tasks the experts
 * had not seen. How it is trained matters more than any expert: weights are averaged over steps, each task weighs the same.
 */
import { bucketCount, expertCount, type Opinions } from './experts.ts';
import { toProbabilities } from './softmax.ts';

export interface MixerExample {
  readonly opinions: Opinions;
  readonly right: number;
  readonly weight: number;
}

const settings = { epochs: 5, rate: 0.03, start: 0.12, startLinear: 0.5 } as const;

/** Weights before anything was learned: every expert has a small say. */
export function toFirstWeights(): Float64Array {
  const weights = new Float64Array(expertCount * bucketCount).fill(settings.start);
  for (let expert = 0; expert < expertCount; expert += 1) weights[expert * bucketCount] = 0;
  weights.fill(settings.startLinear, (expertCount - 1) * bucketCount);
  return weights;
}

/** A probability for each candidate. */
export function blend(weights: Float64Array, { candidates, logs, buckets }: Opinions): Float64Array {
  const size = candidates.length;
  const scores = new Float64Array(size);
  for (let expert = 0; expert < expertCount; expert += 1) {
    const bucket = buckets[expert] ?? 0;
    if (bucket === 0) continue;
    const weight = weights[expert * bucketCount + bucket] ?? 0;
    for (let at = 0; at < size; at += 1)
      scores[at] = (scores[at] ?? 0) + weight * (logs[expert * size + at] ?? 0);
  }
  return toProbabilities(scores);
}

/** Learns the weights from examples, in their order. */
export function* learnWeights(examples: readonly MixerExample[]): Generator<undefined, Float64Array> {
  const weights = toFirstWeights();
  const squares = new Float64Array(weights.length).fill(1e-4);
  const sums = new Float64Array(weights.length);
  let steps = 0;
  for (let epoch = 0; epoch < settings.epochs; epoch += 1) {
    for (const [turn, example] of examples.entries()) {
      learnOne(weights, squares, example);
      if (turn % 64 === 63) yield;
      if (epoch === 0) continue;
      for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] ?? 0) + (weights[at] ?? 0);
      steps += 1;
    }
  }
  return steps === 0 ? weights : sums.map((sum) => sum / steps);
}

function learnOne(
  weights: Float64Array,
  squares: Float64Array,
  { opinions, right, weight }: MixerExample,
): void {
  const { logs, buckets, candidates } = opinions;
  const size = candidates.length;
  const probabilities = blend(weights, opinions);
  for (let expert = 0; expert < expertCount; expert += 1) {
    const bucket = buckets[expert] ?? 0;
    if (bucket === 0) continue;
    let expected = 0;
    for (let at = 0; at < size; at += 1)
      expected += (probabilities[at] ?? 0) * (logs[expert * size + at] ?? 0);
    const gradient = weight * ((logs[expert * size + right] ?? 0) - expected);
    const slot = expert * bucketCount + bucket;
    squares[slot] = (squares[slot] ?? 0) + gradient * gradient;
    weights[slot] = (weights[slot] ?? 0) + (settings.rate * gradient) / Math.sqrt(squares[slot] ?? 1);
  }
}
