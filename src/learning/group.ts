/**
 * Third step: episodes of one kind of task come together, by text (0.2) and procedure (0.8). Cases are told in order of
 * time; what a case joins depends only on the cases before it, and the last case can be taken back exactly. That makes
 * the result independent of the order of arrival: a late case takes back what follows it and tells it again.
 */
import { bounds } from './bounds.ts';
import { type Case, compareCases, teachesSteps } from './case.ts';
import type { Interned, SequenceBook } from './likeness.ts';

export interface Cluster {
  readonly at: number;
  /** Successes, in order of time; the first is the founder. */
  readonly members: Case[];
  /** Failed episodes of the same task: they teach pitfalls and cost confidence. */
  readonly failures: Case[];
  readonly terms: Map<string, number>;
  readonly sequences: Map<Interned, number>;
}

export interface Grouping {
  readonly clusters: ReadonlyMap<number, Cluster>;
  readonly length: number;
  add(one: Case): void;
  /** Takes the last case back. */
  takeBack(): void;
  /** The clusters touched since the last call. */
  takeTouched(): ReadonlySet<number>;
}

export const groupWeights = {
  text: 0.2,
  procedure: 0.8,
  joinAt: 0.7,
  textMin: 0.1,
  failureTextMin: 0.45,
} as const;

type Told =
  | {
      readonly kind: 'joined';
      readonly one: Case;
      readonly cluster: number;
      readonly adopted: readonly Case[];
    }
  | { readonly kind: 'failed'; readonly one: Case; readonly cluster: number }
  | { readonly kind: 'waiting'; readonly one: Case; readonly dropped: Case | undefined };

interface State {
  readonly book: SequenceBook;
  readonly clusters: Map<number, Cluster>;
  readonly postings: Map<string, Map<number, number>>;
  readonly waiting: Case[];
  readonly told: Told[];
  successes: number;
  touched: Set<number>;
}

/** An empty grouping. */
export function createGrouping(book: SequenceBook): Grouping {
  const state: State = {
    book,
    clusters: new Map(),
    postings: new Map(),
    waiting: [],
    told: [],
    successes: 0,
    touched: new Set(),
  };
  return {
    clusters: state.clusters,
    get length() {
      return state.told.length;
    },
    add: (one) => (teachesSteps(one) ? addSuccess(state, one) : addFailure(state, one)),
    takeBack: () => takeBack(state),
    takeTouched() {
      const taken = state.touched;
      state.touched = new Set();
      return taken;
    },
  };
}

function addSuccess(state: State, one: Case): void {
  const home = findHome(state, one);
  const at = state.told.length;
  const cluster: Cluster = home ?? { at, members: [], failures: [], terms: new Map(), sequences: new Map() };
  state.clusters.set(cluster.at, cluster);
  cluster.members.push(one);
  count(state, cluster, one, 1);
  state.touched.add(cluster.at);
  const isOurs = (failed: Case) => textLikeness(state, failed, cluster) > groupWeights.failureTextMin;
  const adopted = home === undefined ? state.waiting.filter(isOurs) : [];
  for (const failed of adopted) state.waiting.splice(state.waiting.indexOf(failed), 1);
  cluster.failures.push(...adopted);
  state.told.push({ kind: 'joined', one, cluster: cluster.at, adopted });
}

function addFailure(state: State, one: Case): void {
  const home = findFailureHome(state, one);
  if (home !== undefined) {
    home.failures.push(one);
    state.touched.add(home.at);
    state.told.push({ kind: 'failed', one, cluster: home.at });
    return;
  }
  state.waiting.push(one);
  const dropped = state.waiting.length > bounds.waitingFailuresMax ? state.waiting.shift() : undefined;
  state.told.push({ kind: 'waiting', one, dropped });
}

function takeBack(state: State): void {
  const step = state.told.pop();
  if (step === undefined) return;
  if (step.kind === 'joined') return takeBackJoined(state, step);
  if (step.kind === 'failed') {
    state.clusters.get(step.cluster)?.failures.pop();
    state.touched.add(step.cluster);
    return;
  }
  state.waiting.splice(state.waiting.indexOf(step.one), 1);
  if (step.dropped !== undefined) state.waiting.unshift(step.dropped);
}

function takeBackJoined(state: State, step: Extract<Told, { kind: 'joined' }>): void {
  const cluster = state.clusters.get(step.cluster);
  if (cluster === undefined) return;
  state.touched.add(cluster.at);
  cluster.members.pop();
  count(state, cluster, step.one, -1);
  if (cluster.members.length > 0) return;
  state.clusters.delete(cluster.at);
  state.waiting.push(...step.adopted);
  // Waiting failures stand in the order in which they were told.
  state.waiting.sort(compareCases);
}

/** Counts are integers, so that taking a case back leaves exactly what was there before. */
function count(state: State, cluster: Cluster, one: Case, sign: 1 | -1): void {
  for (const { term, weight } of one.terms) {
    bump(cluster.terms, term, sign * weight);
    const posting = state.postings.get(term) ?? new Map<number, number>();
    state.postings.set(term, posting);
    bump(posting, cluster.at, sign * weight);
    if (posting.size === 0) state.postings.delete(term);
  }
  bump(cluster.sequences, one.sequence, sign);
  state.successes += sign;
}

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}

function idf(state: State, term: string): number {
  return 1 + Math.log((state.successes + 20) / ((state.postings.get(term)?.size ?? 0) + 1));
}

/** Cosine of a case and the mean of a cluster's members. */
function textLikeness(state: State, one: Case, cluster: Cluster): number {
  let dot = 0;
  let own = 0;
  for (const { term, weight } of one.terms) {
    const scaled = idf(state, term) ** 2;
    own += weight * weight * scaled;
    dot += weight * (cluster.terms.get(term) ?? 0) * scaled;
  }
  if (dot === 0) return 0;
  let other = 0;
  for (const [term, weight] of cluster.terms) other += (weight * idf(state, term)) ** 2;
  return dot / Math.sqrt(own * other);
}

/** Mean likeness to the members' sequences. */
function procedureLikeness(state: State, one: Case, cluster: Cluster): number {
  let compared: [Interned, number][] = [...cluster.sequences];
  if (compared.length > bounds.sequencesComparedMax) {
    compared.sort((a, b) => b[1] - a[1] || (a[0].key < b[0].key ? -1 : 1));
    compared = compared.slice(0, bounds.sequencesComparedMax);
  }
  let sum = 0;
  let weight = 0;
  for (const [sequence, times] of compared) {
    sum += times * state.book.likeness(one.sequence, sequence);
    weight += times;
  }
  return weight === 0 ? 0 : sum / weight;
}

/** The clusters that share most of a case's terms. */
function findCandidates(state: State, one: Case): Cluster[] {
  const scores = new Map<number, number>();
  for (const { term, weight } of one.terms) {
    const scaled = idf(state, term) ** 2 * weight;
    for (const [at, times] of state.postings.get(term) ?? []) {
      const size = state.clusters.get(at)?.members.length ?? 1;
      scores.set(at, (scores.get(at) ?? 0) + (scaled * times) / size);
    }
  }
  return [...scores]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, bounds.candidatesMax)
    .flatMap(([at]) => state.clusters.get(at) ?? []);
}

function findHome(state: State, one: Case): Cluster | undefined {
  let best: Cluster | undefined;
  let bestScore = -1;
  for (const cluster of findCandidates(state, one)) {
    const text = textLikeness(state, one, cluster);
    if (text < groupWeights.textMin) continue;
    const likeness = procedureLikeness(state, one, cluster);
    const score = groupWeights.text * text + groupWeights.procedure * likeness;
    if (score >= groupWeights.joinAt && score > bestScore) [best, bestScore] = [cluster, score];
  }
  return best;
}

/** A failure's own steps say little: its task's words decide. */
function findFailureHome(state: State, one: Case): Cluster | undefined {
  let best: Cluster | undefined;
  let bestText: number = groupWeights.failureTextMin;
  for (const cluster of findCandidates(state, one)) {
    const text = textLikeness(state, one, cluster);
    if (text > bestText) [best, bestText] = [cluster, text];
  }
  return best;
}
