/**
 * What foresight knows of past tasks, ready for asking: the documents, counts of what came next in which context, and a
 * linear predictor. Made anew from traces, whatever their order; it asks nobody and keeps no text.
 */
import { contextKinds, toContexts, toStateFeatures } from './contexts.ts';
import { CountTables } from './counts.ts';
import { type Documents, createDocuments, type Near, toDocuments } from './documents.ts';
import { hashText, mix } from './hashing.ts';
import { type Trace, type TraceStep, wentWell } from './traces.ts';
import type { SparseWeights } from './weights.ts';
import type { Features } from './wording-features.ts';

export const knowledgeBounds = {
  /** Documents near a task that have a say. */
  nearMax: 25,
  /** Symbols among which the next one is chosen, the end apart. */
  candidatesMax: 20,
  /** Words of a task the linear predictor looks at. */
  wordsMax: 44,
  /** Of these, the ones it looks at together with the last call. */
  pairedMax: 24,
} as const;

export interface Knowledge {
  readonly symbols: readonly string[];
  /** The place in `symbols` that stands for the end. */
  readonly stop: number;
  readonly placeOf: (symbol: string) => number;
  /** What stands for the symbol of a place, or for the end, in the linear predictor: the same whatever else is known. */
  readonly codeOf: (place: number) => number;
  readonly documents: Documents;
  readonly tables: CountTables;
  /** Of the linear predictor. */
  readonly linear: SparseWeights;
  /** How often each symbol is used at all. */
  readonly frequencies: ReadonlyMap<number, number>;
}

/** A trace with what it weighs among all: a case worked on many times counts little more than one worked on once. */
export interface Weighed {
  readonly trace: Trace;
  readonly weight: number;
}

/** Where a task stands now. */
export interface Standing {
  readonly near: readonly Near[];
  readonly words: readonly number[];
  readonly symbols: readonly number[];
  readonly steps: readonly TraceStep[];
  readonly contexts: Uint32Array;
}

/** The context that stands for none. */
const everywhere = contextKinds.length;

/**
 * Counts everything, and yields from time to time; the linear predictor's weights are handed in, or know nothing. What
 * failed is counted, since it tells what agents do next, but it is no task to be compared with, and names no symbol.
 */
export function* createKnowledge(
  weighed: readonly Weighed[],
  linear: SparseWeights,
): Generator<undefined, Knowledge> {
  const won = weighed.map(({ trace }) => trace).filter(wentWell);
  const symbols = [...new Set(won.flatMap(({ steps }) => steps.map(({ symbol }) => symbol)))].sort();
  const places = new Map(symbols.map((symbol, at) => [symbol, at]));
  const stop = symbols.length;
  // Numbers of unknown symbols must not depend on what is known.
  const placeOf = (symbol: string) => places.get(symbol) ?? -2;
  const codes = [...symbols.map(hashText), hashText('')];
  const codeOf = (place: number) => codes[place] ?? place;
  yield;
  const documents = yield* createDocuments(yield* toDocuments(won, placeOf));
  const tables = new CountTables(contextKinds.length + 1);
  const frequencies = new Map<number, number>();
  let turns = 0;
  for (const { trace, weight } of weighed) {
    turns += 1;
    if (turns % 16 === 0) yield;
    const own = trace.steps.map(({ symbol }) => placeOf(symbol));
    toContexts(own, trace.steps).forEach((contexts, at) => {
      const next = own[at] ?? stop;
      if (next < 0) return;
      contexts.forEach((context, kind) => tables.add(kind, context, next, weight));
      tables.add(everywhere, 0, next, weight);
      frequencies.set(next, (frequencies.get(next) ?? 0) + weight);
    });
  }
  return { symbols, stop, placeOf, codeOf, documents, tables, linear, frequencies };
}

/** What followed anywhere. */
export function followersAnywhere(knowledge: Knowledge) {
  return knowledge.tables.get(everywhere, 0);
}

/** The words a linear predictor looks at, heaviest first. */
function toWords({ documents }: Knowledge, { ids, weights, words }: Features): number[] {
  return [...ids.subarray(0, words)]
    .map((id, at) => ({ id, heavy: (weights[at] ?? 0) * documents.weightOf(id, 0) }))
    .filter(({ heavy }) => heavy > 0)
    .sort((a, b) => b.heavy - a.heavy || a.id - b.id)
    .slice(0, knowledgeBounds.wordsMax)
    .map(({ id }) => id);
}

/** The features of a standing: words, state, and words together with the last symbol. */
export function toLinearFeatures(
  { codeOf }: Knowledge,
  { words, symbols: places, steps }: Standing,
): number[] {
  const symbols = places.map(codeOf);
  const last = symbols.at(-1) ?? -1;
  const features = toStateFeatures(symbols, steps);
  words.forEach((word, at) => {
    features.push(mix(word, 201));
    if (at < knowledgeBounds.pairedMax) features.push(mix(mix(word, last), 202));
  });
  return features;
}

/** Symbols that may come next, the end first. */
export function toCandidates(knowledge: Knowledge, standing: Standing): number[] {
  const { stop, tables, frequencies } = knowledge;
  const scores = new Map<number, number>();
  const bump = (symbol: number, by: number) => scores.set(symbol, (scores.get(symbol) ?? 0) + by);
  for (const kind of [0, 1, 5, 6]) {
    const found = tables.get(kind, standing.contexts[kind] ?? 0);
    if (found === undefined) continue;
    for (const [symbol, count] of found.counts) bump(symbol, count / found.total);
  }
  for (const { document, likeness } of standing.near)
    for (const [symbol, share] of document.uses) bump(symbol, share * likeness * likeness);
  if (scores.size < knowledgeBounds.candidatesMax) {
    const all = [...frequencies].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    for (const [symbol] of all.slice(0, knowledgeBounds.candidatesMax)) bump(symbol, 0);
  }
  scores.delete(stop);
  const best = [...scores].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return [stop, ...best.slice(0, knowledgeBounds.candidatesMax).map(([symbol]) => symbol)];
}

/** The documents most like a task. */
export function toNear({ documents }: Knowledge, features: Features): Near[] {
  return documents.near(features, knowledgeBounds.nearMax);
}

/** The standings of a task after each of its steps, from none to all. */
export function toStandings(
  knowledge: Knowledge,
  features: Features,
  steps: readonly TraceStep[],
  near = toNear(knowledge, features),
): Standing[] {
  const words = toWords(knowledge, features);
  const symbols = steps.map(({ symbol }) => knowledge.placeOf(symbol));
  return toContexts(symbols, steps).map((contexts, at) => ({
    near,
    words,
    symbols: symbols.slice(0, at),
    steps: steps.slice(0, at),
    contexts,
  }));
}
