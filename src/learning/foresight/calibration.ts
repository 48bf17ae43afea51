/** From how well a procedure seems to fit to how well it will: a logistic curve over a few features, fitted to backtests. */
import type { Fit } from './choosing.ts';

/** The curve's weights: one, expected score, by neighbours, by words, likeness of the nearest. */
export type Curve = readonly number[];

export interface CalibrationExample {
  readonly fit: Fit;
  /** 0 to 1: how well it did. */
  readonly score: number;
  readonly weight: number;
}

const settings = { steps: 400, rate: 0.5, ridge: 0.002 } as const;
/** The curve that tells backtests best. */
export function fitCurve(examples: readonly CalibrationExample[]): Curve {
  return fitLogistic(examples.map(({ fit, score, weight }) => ({ inputs: toInputs(fit), score, weight })));
}

export interface LogisticExample {
  /** The first one is 1. */
  readonly inputs: readonly number[];
  readonly score: number;
  readonly weight: number;
}

/** A logistic regression; the weak pull to nought keeps few examples from being believed too much. */
export function fitLogistic(examples: readonly LogisticExample[]): Curve {
  const size = examples[0]?.inputs.length ?? 0;
  const curve = new Float64Array(size);
  const squares = new Float64Array(size).fill(1e-6);
  const total = examples.reduce((sum, { weight }) => sum + weight, 0) || 1;
  for (let step = 0; step < settings.steps; step += 1) {
    const gradient = curve.map((weight, at) => (at === 0 ? 0 : -settings.ridge * weight));
    for (const { inputs, score, weight } of examples) {
      const miss = (weight / total) * (score - toProbability(curve, inputs));
      inputs.forEach((input, at) => (gradient[at] = (gradient[at] ?? 0) + miss * input));
    }
    gradient.forEach((slope, at) => {
      squares[at] = (squares[at] ?? 0) + slope * slope;
      curve[at] = (curve[at] ?? 0) + (settings.rate * slope) / Math.sqrt(squares[at] ?? 1);
    });
  }
  return [...curve].map((weight) => Math.round(weight * 1e4) / 1e4);
}

/** The probability that a procedure that fits so well is right. */
export function calibrate(curve: Curve, fit: Fit): number {
  return toProbability(curve, toInputs(fit));
}

function toInputs({ expected, byNear, byWords, nearest }: Fit): number[] {
  return [1, 4 * (expected - 0.6), 4 * (byNear - 0.6), 4 * (byWords - 0.6), 4 * (nearest - 0.4)];
}

/** The probability that a curve gives. */
export function toProbability(curve: ArrayLike<number>, inputs: readonly number[]): number {
  const sum = inputs.reduce((all, input, at) => all + input * (curve[at] ?? 0), 0);
  return 1 / (1 + Math.exp(-sum));
}
