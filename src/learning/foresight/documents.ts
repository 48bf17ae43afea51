/**
 * The tasks that were seen, to be compared with a new one: one document a wording, with its runs. Terms weigh by rarity
 * and by how alike the procedures are of those that share them, so that names and values lose weight without any list.
 */
import type { Trace } from './traces.ts';
import { type Features, noFeatures } from './wording-features.ts';

/** A run of a document, as places in the vocabulary. */
export interface Run {
  readonly symbols: readonly number[];
  readonly trace: Trace;
  readonly weight: number;
}

export interface TaskDocument {
  readonly at: number;
  readonly features: Features;
  readonly runs: readonly Run[];
  /** Symbols that its runs use, each with the share of runs. */
  readonly uses: ReadonlyMap<number, number>;
}

/** A document with its likeness to a task, 0 to 1. */
export interface Near {
  readonly document: TaskDocument;
  readonly likeness: number;
}

export interface Documents {
  readonly all: readonly TaskDocument[];
  near(features: Features, max: number): Near[];
  /** What a term weighs; `unknown` where no document has it. */
  weightOf(this: void, id: number, unknown?: number): number;
}

const search = {
  /** Documents of one term that are looked at; a term in more says little. */
  postingsMax: 4_000,
  /** Documents of one term that its lift is estimated from. */
  liftSampleMax: 24,
  liftShrink: 8,
  runsMax: 16,
  /** Work before others get their turn: a few milliseconds at most. */
  documentsPerTurn: 32,
  termsPerTurn: 256,
} as const;

/** Makes documents comparable; yields from time to time, so that others get their turn. */
export function* createDocuments(all: readonly TaskDocument[]): Generator<undefined, Documents> {
  const postings = yield* post(all);
  const background = toBackground(all);
  const weights = new Map<number, number>();
  for (const [id, { places }] of postings) {
    const idf = Math.log((all.length + 1) / (places.length + 0.5));
    weights.set(id, Math.max(0.05, idf) * toLift(places, all, background));
    if (weights.size % search.termsPerTurn === 0) yield;
  }
  const rarest = Math.log(all.length + 2);
  const weightOf = (id: number, unknown = rarest) => weights.get(id) ?? unknown;
  const normOf = ({ ids, weights: own }: Features) => {
    let sum = 0;
    for (let at = 0; at < ids.length; at += 1) sum += ((own[at] ?? 0) * weightOf(ids[at] ?? 0)) ** 2;
    return Math.sqrt(sum) || 1;
  };
  const norms = new Float64Array(all.length);
  for (const { at, features } of all) {
    norms[at] = normOf(features);
    if (at % search.documentsPerTurn === 0) yield;
  }
  return {
    all,
    weightOf,
    near(features, max) {
      const likenesses = toDots(features, postings, weightOf, all.length);
      const own = normOf(features);
      for (let at = 0; at < likenesses.length; at += 1)
        likenesses[at] = Math.min(1, (likenesses[at] ?? 0) / (own * (norms[at] ?? 1)));
      return chooseMost(likenesses, max).flatMap((at) => {
        const document = all[at];
        return document === undefined ? [] : [{ document, likeness: likenesses[at] ?? 0 }];
      });
    },
  };
}

/** The documents that have a term, and what it weighs in each: plain numbers, since every question walks through thousands. */
interface Postings {
  readonly places: Uint32Array;
  readonly weights: Float32Array;
}

function* post(all: readonly TaskDocument[]): Generator<undefined, ReadonlyMap<number, Postings>> {
  const lists = new Map<number, { readonly places: number[]; readonly weights: number[] }>();
  for (const { at, features } of all) {
    features.ids.forEach((id, place) => {
      let list = lists.get(id);
      if (list === undefined) lists.set(id, (list = { places: [], weights: [] }));
      if (list.places.length >= search.postingsMax) return;
      list.places.push(at);
      list.weights.push(features.weights[place] ?? 0);
    });
    if (at % search.documentsPerTurn === 0) yield;
  }
  const postings = new Map<number, Postings>();
  for (const [id, { places, weights }] of lists) {
    postings.set(id, { places: Uint32Array.from(places), weights: Float32Array.from(weights) });
    if (postings.size % search.termsPerTurn === 0) yield;
  }
  return postings;
}

/** Shared weight by document. */
function toDots(
  { ids, weights }: Features,
  postings: ReadonlyMap<number, Postings>,
  weightOf: (id: number) => number,
  size: number,
): Float64Array {
  const dots = new Float64Array(size);
  for (let place = 0; place < ids.length; place += 1) {
    const id = ids[place] ?? 0;
    const found = postings.get(id);
    if (found === undefined) continue;
    const scaled = (weights[place] ?? 0) * weightOf(id) ** 2;
    for (let at = 0; at < found.places.length; at += 1) {
      const document = found.places[at] ?? 0;
      dots[document] = (dots[document] ?? 0) + scaled * (found.weights[at] ?? 0);
    }
  }
  return dots;
}

/** The places of the greatest numbers above nought, greatest first; of equal ones the first. */
function chooseMost(numbers: Float64Array, max: number): readonly number[] {
  const chosen: number[] = [];
  if (max < 1) return chosen;
  let least = 0;
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] ?? 0;
    if (number <= least) continue;
    let place = chosen.length;
    while (place > 0 && (numbers[chosen[place - 1] ?? 0] ?? 0) < number) place -= 1;
    chosen.splice(place, 0, at);
    if (chosen.length > max) chosen.pop();
    if (chosen.length === max) least = numbers[chosen[max - 1] ?? 0] ?? 0;
  }
  return chosen;
}

/** One document a wording; equal runs of it are one. Traces come in an order that does not depend on arrival. */
export function* toDocuments(
  traces: readonly Trace[],
  placeOf: (symbol: string) => number,
): Generator<undefined, TaskDocument[]> {
  const wordings = new Map<number, Trace[]>();
  for (const trace of traces) {
    const list = wordings.get(trace.wording);
    if (list === undefined) wordings.set(trace.wording, [trace]);
    else list.push(trace);
  }
  const documents: TaskDocument[] = [];
  for (const own of wordings.values()) {
    if (documents.length % search.documentsPerTurn === 0) yield;
    const at = documents.length;
    const total = own.reduce((sum, { weight }) => sum + weight, 0);
    const runs = own.slice(0, search.runsMax).map((trace) => ({
      symbols: trace.steps.map(({ symbol }) => placeOf(symbol)),
      trace,
      weight: trace.weight / Math.max(1e-9, Math.min(total, search.runsMax)),
    }));
    const uses = new Map<number, number>();
    const sum = runs.reduce((weight, run) => weight + run.weight, 0);
    for (const run of runs)
      for (const symbol of new Set(run.symbols))
        uses.set(symbol, (uses.get(symbol) ?? 0) + run.weight / Math.max(1e-9, sum));
    documents.push({ at, features: own[0]?.features ?? noFeatures, runs, uses });
  }
  return documents;
}

/** How alike two documents are by chance. */
function toBackground(all: readonly TaskDocument[]): number {
  const step = Math.max(1, Math.floor(all.length / 200));
  const some = all.filter((_, at) => at % step === 0);
  return toAlike(some);
}

/** Mean overlap of the symbols of different documents. */
function toAlike(some: readonly TaskDocument[]): number {
  const sums = new Map<number, number>();
  let squares = 0;
  for (const { uses } of some) {
    const unit = 1 / Math.sqrt([...uses.values()].reduce((sum, share) => sum + share * share, 0) || 1);
    for (const [symbol, share] of uses) {
      const before = sums.get(symbol) ?? 0;
      squares += 2 * before * share * unit;
      sums.set(symbol, before + share * unit);
    }
  }
  const pairs = (some.length * (some.length - 1)) / 2;
  return pairs === 0 ? 0 : squares / 2 / pairs;
}

/** How much more alike the procedures are where a term stands: above 1 it tells something, below it is a mere name. */
function toLift(places: Uint32Array, all: readonly TaskDocument[], background: number): number {
  const sample = [...places.subarray(0, search.liftSampleMax)].flatMap((at) => all[at] ?? []);
  const pairs = (sample.length * (sample.length - 1)) / 2;
  const alike = pairs === 0 ? 0 : toAlike(sample);
  const gain = (alike - background) / Math.max(0.05, 1 - background);
  const sure = pairs / (pairs + search.liftShrink);
  return Math.max(0.15, 0.6 + sure * (1.4 * gain - 0.2));
}
