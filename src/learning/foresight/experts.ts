/**
 * Experts: each says, from one point of view, how likely every candidate is and how much evidence it has. Those of the
 * near tasks see only the runs of documents that are like the task.
 */
import { contextKinds, toContexts } from './contexts.ts';
import type { Run } from './documents.ts';
import { followersAnywhere, type Knowledge, type Standing, toLinearFeatures } from './knowledge.ts';
import { predict } from './softmax.ts';

/** What all experts say at one standing. */
export interface Opinions {
  readonly candidates: readonly number[];
  /** For each expert the logarithm of each candidate's probability; expert by expert. */
  readonly logs: Float32Array;
  /** For each expert the bucket of its evidence; 0 where it has none. */
  readonly buckets: Uint8Array;
}

/** Contexts in which near tasks are asked. */
const nearKinds = [0, 1, 3, 4, 5, 6, 9, 10] as const;
const nearExperts = nearKinds.length + 2;
export const expertCount = contextKinds.length + 1 + nearExperts + 1;
export const bucketCount = 12;

const smoothing = 0.4;
/** Sharpness of likeness: (likeness / best) to this power. */
const sharpness = 4;

/** Asks every expert. */
export function ask(knowledge: Knowledge, standing: Standing, candidates: readonly number[]): Opinions {
  const size = candidates.length;
  const logs = new Float32Array(expertCount * size);
  const buckets = new Uint8Array(expertCount);
  const placeOf = new Map(candidates.map((symbol, at) => [symbol, at]));
  let expert = 0;
  const base = toShares(
    followersAnywhere(knowledge)?.counts,
    placeOf,
    size,
    new Float64Array(size).fill(1 / size),
  ).shares;
  const put = (shares: Float64Array, bucket: number) => {
    for (let at = 0; at < size; at += 1) logs[expert * size + at] = Math.log(Math.max(1e-5, shares[at] ?? 0));
    buckets[expert] = bucket;
    expert += 1;
  };
  put(base, 1);
  let bigram = base;
  for (let kind = 0; kind < contextKinds.length; kind += 1) {
    const found = knowledge.tables.get(kind, standing.contexts[kind] ?? 0);
    const said = toShares(found?.counts, placeOf, size, bigram);
    if (kind === 0) bigram = said.shares;
    put(said.shares, toBucket(said.total, said.most));
  }
  for (const counts of toNearCounts(knowledge, standing, placeOf, size)) {
    const said = toSharesOf(counts, bigram);
    put(said.shares, toBucket(said.total, said.most));
  }
  const features = toLinearFeatures(knowledge, standing);
  const linear = predict(knowledge.linear, features, candidates.map(knowledge.codeOf));
  put(linear, 1 + Math.min(10, Math.floor(Math.max(...linear) * 10)));
  return { candidates, logs, buckets };
}

interface Said {
  readonly shares: Float64Array;
  readonly total: number;
  readonly most: number;
}

function toShares(
  counts: ReadonlyMap<number, number> | undefined,
  placeOf: ReadonlyMap<number, number>,
  size: number,
  base: Float64Array,
): Said {
  const own = new Float64Array(size);
  for (const [symbol, count] of counts ?? []) {
    const at = placeOf.get(symbol);
    if (at !== undefined) own[at] = (own[at] ?? 0) + count;
  }
  return toSharesOf(own, base);
}

function toSharesOf(own: Float64Array, base: Float64Array): Said {
  let total = 0;
  let most = 0;
  for (const count of own) {
    total += count;
    most = Math.max(most, count);
  }
  const shares = own.map((count, at) => (count + smoothing * (base[at] ?? 0)) / (total + smoothing));
  return { shares, total, most: total === 0 ? 0 : most / total };
}

/** 0 for no evidence; else by how much there is and whether it is of one mind. */
function toBucket(total: number, most: number): number {
  if (total <= 0) return 0;
  const amount = total < 0.6 ? 0 : total < 1.6 ? 1 : total < 4 ? 2 : total < 12 ? 3 : 4;
  return 1 + amount * 2 + (most > 0.85 ? 1 : 0);
}

const contextsOf = new WeakMap<Run, readonly Uint32Array[]>();

/** The contexts of a run, made once. */
function toRunContexts(run: Run): readonly Uint32Array[] {
  const known = contextsOf.get(run);
  if (known !== undefined) return known;
  const made = toContexts(run.symbols, run.trace.steps);
  contextsOf.set(run, made);
  return made;
}

/** Counts of what near tasks did next where they stood alike; then what they did anywhere that is not done yet; then how they began. */
function toNearCounts(
  knowledge: Knowledge,
  standing: Standing,
  placeOf: ReadonlyMap<number, number>,
  size: number,
): Float64Array[] {
  const counts = Array.from({ length: nearExperts }, () => new Float64Array(size));
  const best = standing.near[0]?.likeness ?? 0;
  const done = toTimes(standing.symbols);
  for (const { document, likeness } of standing.near) {
    const weight = (likeness / best) ** sharpness * Math.min(1, likeness * 2);
    for (const run of document.runs) {
      const share = weight * run.weight;
      toRunContexts(run).forEach((contexts, at) => {
        const place = placeOf.get(run.symbols[at] ?? knowledge.stop);
        if (place === undefined) return;
        nearKinds.forEach((kind, expert) => {
          const own = counts[expert];
          if (own !== undefined && contexts[kind] === standing.contexts[kind])
            own[place] = (own[place] ?? 0) + share;
        });
      });
      countOpen(run, done, share, counts[nearKinds.length], placeOf, knowledge.stop);
      countPlace(run, standing.symbols.length, share, counts[nearKinds.length + 1], placeOf, knowledge.stop);
    }
  }
  return counts;
}

function toTimes(symbols: readonly number[]): Map<number, number> {
  const times = new Map<number, number>();
  for (const symbol of symbols) times.set(symbol, (times.get(symbol) ?? 0) + 1);
  return times;
}

/** The first thing a run did that is not done yet; the end where all of it is. */
function countOpen(
  run: Run,
  done: ReadonlyMap<number, number>,
  share: number,
  own: Float64Array | undefined,
  placeOf: ReadonlyMap<number, number>,
  stop: number,
): void {
  const left = new Map(done);
  const open = run.symbols.find((symbol) => {
    const times = left.get(symbol) ?? 0;
    left.set(symbol, times - 1);
    return times <= 0;
  });
  const place = placeOf.get(open ?? stop);
  if (own !== undefined && place !== undefined) own[place] = (own[place] ?? 0) + share;
}

/** What a run did at this place. */
function countPlace(
  run: Run,
  at: number,
  share: number,
  own: Float64Array | undefined,
  placeOf: ReadonlyMap<number, number>,
  stop: number,
): void {
  if (at > run.symbols.length) return;
  const place = placeOf.get(run.symbols[at] ?? stop);
  if (own !== undefined && place !== undefined) own[place] = (own[place] ?? 0) + share;
}
