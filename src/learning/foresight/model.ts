/**
 * What was learned as plain JSON, and back: the traces as numbers, the weights of the linear predictor and the mixture.
 * Whoever serves reads it from the store and needs nobody else. A model of another form is refused, never guessed at.
 */
import type { Choosing } from './backtest.ts';
import type { BindingBook } from './binding-book.ts';
import type { ArgumentKey } from '../keys/choices.ts';
import { createKnowledge } from './knowledge.ts';
import { createNaming } from './naming.ts';
import { fromBytes, toBytes } from './packing.ts';
import { createPresence } from './presence.ts';
import { type KeptTrace, type Trace, type TraceStep, wentWell } from './traces.ts';
import { countTasks, type Learned, toTasks, weigh } from './training.ts';
import { packWeights, unpackWeights } from './weights.ts';
import type { PackedWeights } from './weights.ts';
import { type Features, noFeatures } from './wording-features.ts';

export const modelForm = 'foresight-5';

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
  /** The argument keys that its symbols are named by, as those of whoever asks have to be. */
  readonly keys: readonly ArgumentKey[];
  readonly symbols: readonly string[];
  readonly texts: readonly PackedText[];
  readonly traces: readonly PackedTrace[];
  readonly linear: PackedWeights;
  readonly mixture: readonly number[];
  readonly tools: readonly string[];
  readonly wanted: PackedWeights;
  readonly named: number;
  readonly choosing: Choosing | null;
  readonly book: BindingBook;
}

/** Packs what was learned. */
export function toModel(kept: readonly KeptTrace[], learned: Learned): Model {
  const { knowledge, weights, presence, choosing, book, naming } = learned;
  const traces = kept.map(naming.trace);
  // A failure is counted, never compared with: its words were learned from, and are needed no more.
  const texts = new Map(traces.filter(wentWell).map(({ wording, features }) => [wording, features]));
  return {
    form: modelForm,
    keys: naming.keys,
    symbols: knowledge.symbols,
    texts: [...texts].map(([wording, { ids, weights: own, words }]) => ({
      wording,
      ids: toBytes(ids),
      weights: toBytes(own),
      words,
    })),
    traces: traces.map((trace) => packTrace(trace, knowledge.placeOf)),
    linear: packWeights(knowledge.linear),
    mixture: [...weights].map((weight) => Math.round(weight * 1e5) / 1e5),
    tools: presence.tools,
    wanted: packWeights(presence.weights.words),
    named: presence.weights.named,
    choosing: choosing ?? null,
    book,
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

/** Traces unpacked before others get their turn. */
const tracesPerTurn = 16;

/** What was learned, ready for asking; yields every few milliseconds, since who serves does it while agents ask. */
export function* readModel(model: Model): Generator<undefined, Learned> {
  const texts = new Map(
    model.texts.map(({ wording, ids, weights, words }) => [
      wording,
      { ids: fromBytes(ids, Uint32Array), weights: fromBytes(weights, Float32Array), words },
    ]),
  );
  const traces: Trace[] = [];
  for (const packed of model.traces) {
    traces.push(unpackTrace(packed, model.symbols, texts.get(packed.wording) ?? noFeatures));
    if (traces.length % tracesPerTurn === 0) yield;
  }
  yield;
  const tasks = toTasks(traces);
  yield;
  const linear = unpackWeights(model.linear);
  yield;
  const knowledge = yield* createKnowledge(weigh(traces, tasks), linear);
  yield;
  const words = unpackWeights(model.wanted);
  yield;
  const presence = createPresence(model.tools, knowledge.documents, { words, named: model.named });
  return {
    knowledge,
    weights: Float64Array.from(model.mixture),
    tasks: countTasks(traces, tasks),
    presence,
    choosing: model.choosing ?? undefined,
    book: model.book,
    naming: createNaming(model.keys),
  };
}

function unpackTrace(packed: PackedTrace, symbols: readonly string[], features: Features): Trace {
  const { id, lot, wording, subjects, weight } = packed;
  const marks = fromBytes(packed.marks, Uint32Array);
  let from = 0;
  const steps = packed.steps.map((place, at): TraceStep => {
    const to = from + (packed.counts[at] ?? 0);
    const own = [...marks.subarray(from, to)];
    from = to;
    return { symbol: symbols[place] ?? '', marks: own, unused: packed.unused[at] ?? 0 };
  });
  return { id, lot, wording, subjects, weight, steps, features, cases: [] };
}
