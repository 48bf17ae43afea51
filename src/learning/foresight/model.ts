/**
 * What was learned as plain JSON, and back: the traces as numbers, the weights of the linear predictor and the mixture.
 * Whoever serves reads it from the store and needs nobody else. A model of another form is refused, never guessed at.
 */
import { createKnowledge } from './knowledge.ts';
import { fromBytes, toBytes } from './packing.ts';
import { Softmax, softmaxSettings } from './softmax.ts';
import type { Trace, TraceStep } from './traces.ts';
import { type Learned, toTasks, weigh } from './training.ts';

export const modelForm = 'foresight-1';

interface PackedTrace {
  readonly id: string;
  readonly lot: number;
  readonly wording: number;
  readonly subjects: readonly number[];
  readonly weight: number;
  /** Places in `symbols`. */
  readonly steps: readonly number[];
  readonly unused: readonly number[];
  /** How many marks each step has, and all of them. */
  readonly counts: readonly number[];
  readonly marks: string;
}

interface PackedText {
  readonly wording: number;
  readonly ids: string;
  readonly weights: string;
  readonly words: number;
}

/** A model as it is stored. */
export interface Model {
  readonly form: typeof modelForm;
  readonly symbols: readonly string[];
  readonly texts: readonly PackedText[];
  readonly traces: readonly PackedTrace[];
  readonly linear: string;
  readonly linearScale: number;
  readonly mixture: readonly number[];
}

const linearLevels = 32_767;

/** Packs what was learned. */
export function toModel(traces: readonly Trace[], { knowledge, weights }: Learned): Model {
  const linear = knowledge.softmax.weights;
  const most = linear.reduce((least, weight) => Math.max(least, Math.abs(weight)), 1e-6);
  const texts = new Map(traces.map(({ wording, features }) => [wording, features]));
  return {
    form: modelForm,
    symbols: knowledge.symbols,
    texts: [...texts].map(([wording, { ids, weights: own, words }]) => ({
      wording,
      ids: toBytes(ids),
      weights: toBytes(own),
      words,
    })),
    traces: traces.map((trace) => packTrace(trace, knowledge.placeOf)),
    linear: toBytes(Int16Array.from(linear, (weight) => Math.round((weight / most) * linearLevels))),
    linearScale: most / linearLevels,
    mixture: [...weights].map((weight) => Math.round(weight * 1e5) / 1e5),
  };
}

function packTrace(trace: Trace, placeOf: (symbol: string) => number): PackedTrace {
  const { id, lot, wording, subjects, weight, steps } = trace;
  return {
    id,
    lot,
    wording,
    subjects,
    weight,
    steps: steps.map(({ symbol }) => placeOf(symbol)),
    unused: steps.map(({ unused }) => unused),
    counts: steps.map(({ marks }) => marks.length),
    marks: toBytes(Uint32Array.from(steps.flatMap(({ marks }) => marks))),
  };
}

/** True for what looks like a model of this form; the store's rows are ours, so no more is asked. */
export function isModel(body: unknown): body is Model {
  return typeof body === 'object' && body !== null && 'form' in body && body.form === modelForm;
}

/** What was learned, ready for asking; yields from time to time. */
export function* readModel(model: Model): Generator<undefined, Learned> {
  const texts = new Map(
    model.texts.map(({ wording, ids, weights, words }) => [wording, { ids, weights, words }]),
  );
  const traces: Trace[] = [];
  for (const packed of model.traces) {
    const text = texts.get(packed.wording);
    if (text !== undefined) traces.push(unpackTrace(packed, model.symbols, text));
    if (traces.length % 64 === 63) yield;
  }
  const linear = Float32Array.from(
    fromBytes(model.linear, Int16Array),
    (weight) => weight * model.linearScale,
  );
  const isFit = linear.length === 1 << softmaxSettings.bits;
  const softmax = isFit ? new Softmax(linear) : new Softmax();
  const tasks = toTasks(traces);
  const knowledge = yield* createKnowledge(weigh(traces, tasks), softmax);
  return { knowledge, weights: Float64Array.from(model.mixture), tasks: new Set(tasks).size };
}

function unpackTrace(
  packed: PackedTrace,
  symbols: readonly string[],
  text: Omit<PackedText, 'wording'>,
): Trace {
  const { id, lot, wording, subjects, weight } = packed;
  const marks = fromBytes(packed.marks, Uint32Array);
  let from = 0;
  const steps = packed.steps.map((place, at): TraceStep => {
    const to = from + (packed.counts[at] ?? 0);
    const own = [...marks.subarray(from, to)];
    from = to;
    return { symbol: symbols[place] ?? '', marks: own, unused: packed.unused[at] ?? 0 };
  });
  const features = {
    ids: fromBytes(text.ids, Uint32Array),
    weights: fromBytes(text.weights, Float32Array),
    words: text.words,
  };
  return { id, lot, wording, subjects, weight, steps, features };
}
