/** Where a task stands, in several ways: by its last calls, by all of them, by what they are as a set, by what they brought. */
import { hashText, mix } from './hashing.ts';
import type { TraceStep } from './traces.ts';

/** Kinds of context, each a number that is equal where tasks stand alike. */
export const contextKinds = [
  'last',
  'last two',
  'last three',
  'prefix',
  'set',
  'set and last',
  'last and shape',
  'last two and shapes',
  'last and marks',
  'set and shapes',
  'last and unused',
  'set, last and shape',
] as const;

/** The contexts of a task after each of its steps, the one before the first included. */
export function toContexts(symbols: readonly number[], steps: readonly TraceStep[]): Uint32Array[] {
  let prefix = 1;
  let set = 0;
  let shapes = 0;
  const used = new Set<number>();
  const seen = new Set<number>();
  const contexts = [toContext([], [], { prefix, set, shapes })];
  steps.forEach((step, at) => {
    const symbol = symbols[at] ?? -1;
    prefix = mix(prefix, symbol);
    if (!used.has(symbol)) set = (set + mix(symbol, 77)) >>> 0;
    used.add(symbol);
    const shape = step.marks[0] ?? 0;
    if (!seen.has(shape)) shapes = (shapes + mix(shape, 78)) >>> 0;
    seen.add(shape);
    contexts.push(toContext(symbols.slice(0, at + 1), steps.slice(0, at + 1), { prefix, set, shapes }));
  });
  return contexts;
}

interface Sums {
  readonly prefix: number;
  readonly set: number;
  readonly shapes: number;
}

function toContext(symbols: readonly number[], steps: readonly TraceStep[], sums: Sums): Uint32Array {
  const last = symbols.at(-1) ?? -1;
  const two = mix(last, symbols.at(-2) ?? -1);
  const now = steps.at(-1);
  const shape = now?.marks[0] ?? 0;
  const marks = now === undefined ? 0 : now.marks.slice(0, 8).reduce((sum, mark) => mix(sum, mark), 7);
  return Uint32Array.of(
    last >>> 0,
    two,
    mix(two, symbols.at(-3) ?? -1),
    sums.prefix,
    sums.set,
    mix(sums.set, last),
    mix(shape, 1),
    mix(mix(shape, steps.at(-2)?.marks[0] ?? 0), 2),
    marks,
    mix(sums.shapes, 3),
    mix(mix(last, now?.unused ?? 0), symbols.length > 0 && symbols.at(-2) === last ? 1 : 0),
    mix(mix(sums.set, last), shape),
  );
}

/** Features of where a task stands, for predictors that weigh each by itself. */
export function toStateFeatures(symbols: readonly number[], steps: readonly TraceStep[]): number[] {
  const last = symbols.at(-1) ?? -1;
  const now = steps.at(-1);
  const features = [
    hashText('bias'),
    mix(last, 101),
    mix(mix(last, symbols.at(-2) ?? -1), 102),
    mix(Math.min(symbols.length, 12), 103),
    mix(mix(last, now?.unused ?? 0), 104),
    mix(toRunLength(symbols), mix(last, 105)),
  ];
  const done = new Set(symbols);
  for (const symbol of done) features.push(mix(symbol, 106));
  for (const mark of now?.marks ?? []) features.push(mix(mark, 107));
  const earlier = new Set<number>();
  for (const step of steps.slice(-12, -1)) for (const mark of step.marks.slice(0, 5)) earlier.add(mark);
  for (const mark of earlier) features.push(mix(mark, 108));
  const shape = now?.marks[0] ?? 0;
  for (const symbol of done) features.push(mix(mix(symbol, shape), 109));
  return features;
}

function toRunLength(symbols: readonly number[]): number {
  let length = 0;
  for (let at = symbols.length - 1; at >= 0 && symbols[at] === symbols.at(-1); at -= 1) length += 1;
  return Math.min(6, length);
}
