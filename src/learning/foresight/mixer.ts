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
  /** The part of the tasks that was held back when it was made. */
  readonly fold: number;
}

const settings = { epochs: 5, rate: 0.01, start: 0.12, startLinear: 0.5 } as const;

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
function* learnWeights(examples: readonly MixerExample[]): Generator<undefined, Float64Array> {
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

/** How bold a mixture may be: its weights are multiplied by the one of these that tells held-back tasks best. */
const boldness = [1, 0.9, 0.8, 0.7, 0.6] as const;
/** By so much, of 1, a more cautious one must do better before it is taken: less is chance. */
const clearGain = 0.002;

/**
 * The weights of a mixture learned from all examples, as bold as one that had not seen the task could be: for each fold
 * another mixture is learned from the other folds and asked about this one.
 */
export function* learnHonestWeights(
  examples: readonly MixerExample[],
  folds: number,
): Generator<undefined, Float64Array> {
  const losses = boldness.map((bold) => (bold === 1 ? -clearGain : 0));
  const total = examples.reduce((sum, { weight }) => sum + weight, 0) || 1;
  for (let fold = 0; fold < folds; fold += 1) {
    const others = examples.filter((one) => one.fold !== fold);
    if (others.length === 0 || others.length === examples.length) continue;
    const weights = yield* learnWeights(others);
    const scaled = boldness.map((bold) => weights.map((weight) => weight * bold));
    for (const { opinions, right, weight } of examples.filter((one) => one.fold === fold)) {
      scaled.forEach((own, at) => {
        const chance = blend(own, opinions)[right] ?? 0;
        losses[at] = (losses[at] ?? 0) - (weight / total) * Math.log(Math.max(1e-4, chance));
      });
    }
    yield;
  }
  const bold = boldness[losses.indexOf(Math.min(...losses))] ?? 1;
  const weights = yield* learnWeights(examples);
  return weights.map((weight) => weight * bold);
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
