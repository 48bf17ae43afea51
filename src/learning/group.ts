/**
 * Third step: episodes of one kind of task come together, by text (0.4) and procedure (0.6). Cases are told in order of
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
  text: 0.4,
  procedure: 0.6,
  joinAt: 0.55,
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

/** An empty grouping. */
export function createGrouping(book: SequenceBook): Grouping {
  const clusters = new Map<number, Cluster>();
  const postings = new Map<string, Map<number, number>>();
  const waiting: Case[] = [];
  const told: Told[] = [];
  let successes = 0;
  let touched = new Set<number>();

  const idf = (term: string) => 1 + Math.log((successes + 20) / ((postings.get(term)?.size ?? 0) + 1));

  function count(cluster: Cluster, one: Case, sign: 1 | -1): void {
    for (const { term, weight } of one.terms) {
      bump(cluster.terms, term, sign * weight);
      const posting = postings.get(term) ?? new Map<number, number>();
      postings.set(term, posting);
      bump(posting, cluster.at, sign * weight);
      if (posting.size === 0) postings.delete(term);
    }
    bump(cluster.sequences, one.sequence, sign);
    successes += sign;
  }

  /** Cosine of a case and the mean of a cluster's members. */
  function textLikeness(one: Case, cluster: Cluster): number {
    let dot = 0;
    let own = 0;
    for (const { term, weight } of one.terms) {
      const scaled = idf(term) ** 2;
      own += weight * weight * scaled;
      dot += weight * (cluster.terms.get(term) ?? 0) * scaled;
    }
    if (dot === 0) return 0;
    let other = 0;
    for (const [term, weight] of cluster.terms) other += (weight * idf(term)) ** 2;
    return dot / Math.sqrt(own * other);
  }

  function procedureLikeness(one: Case, cluster: Cluster): number {
    let compared: [Interned, number][] = [...cluster.sequences];
    if (compared.length > bounds.sequencesComparedMax) {
      compared.sort((a, b) => b[1] - a[1] || (a[0].key < b[0].key ? -1 : 1));
      compared = compared.slice(0, bounds.sequencesComparedMax);
    }
    let sum = 0;
    let weight = 0;
    for (const [sequence, times] of compared) {
      sum += times * book.likeness(one.sequence, sequence);
      weight += times;
    }
    return weight === 0 ? 0 : sum / weight;
  }

  /** The clusters that share most of a case's terms. */
  function findCandidates(one: Case): Cluster[] {
    const scores = new Map<number, number>();
    for (const { term, weight } of one.terms) {
      const scaled = idf(term) ** 2 * weight;
      for (const [at, times] of postings.get(term) ?? []) {
        scores.set(at, (scores.get(at) ?? 0) + (scaled * times) / (clusters.get(at)?.members.length ?? 1));
      }
    }
    return [...scores]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, bounds.candidatesMax)
      .flatMap(([at]) => clusters.get(at) ?? []);
  }

  function findHome(one: Case): Cluster | undefined {
    let best: Cluster | undefined;
    let bestScore = -1;
    for (const cluster of findCandidates(one)) {
      const text = textLikeness(one, cluster);
      if (text < groupWeights.textMin) continue;
      const score = groupWeights.text * text + groupWeights.procedure * procedureLikeness(one, cluster);
      if (score >= groupWeights.joinAt && score > bestScore) [best, bestScore] = [cluster, score];
    }
    return best;
  }

  function findFailureHome(one: Case): Cluster | undefined {
    let best: Cluster | undefined;
    let bestText: number = groupWeights.failureTextMin;
    for (const cluster of findCandidates(one)) {
      const text = textLikeness(one, cluster);
      if (text > bestText) [best, bestText] = [cluster, text];
    }
    return best;
  }

  function addSuccess(one: Case): void {
    const home = findHome(one);
    const cluster: Cluster = home ?? {
      at: told.length,
      members: [],
      failures: [],
      terms: new Map(),
      sequences: new Map(),
    };
    clusters.set(cluster.at, cluster);
    cluster.members.push(one);
    count(cluster, one, 1);
    touched.add(cluster.at);
    const adopted =
      home === undefined
        ? waiting.filter((failed) => textLikeness(failed, cluster) > groupWeights.failureTextMin)
        : [];
    for (const failed of adopted) waiting.splice(waiting.indexOf(failed), 1);
    cluster.failures.push(...adopted);
    told.push({ kind: 'joined', one, cluster: cluster.at, adopted });
  }

  function addFailure(one: Case): void {
    const home = findFailureHome(one);
    if (home !== undefined) {
      home.failures.push(one);
      touched.add(home.at);
      told.push({ kind: 'failed', one, cluster: home.at });
      return;
    }
    waiting.push(one);
    const dropped = waiting.length > bounds.waitingFailuresMax ? waiting.shift() : undefined;
    told.push({ kind: 'waiting', one, dropped });
  }

  function takeBackJoined(step: Extract<Told, { kind: 'joined' }>): void {
    const cluster = clusters.get(step.cluster);
    if (cluster === undefined) return;
    touched.add(cluster.at);
    cluster.members.pop();
    count(cluster, step.one, -1);
    if (cluster.members.length > 0) return;
    clusters.delete(cluster.at);
    waiting.push(...step.adopted);
    // Waiting failures stand in the order in which they were told.
    waiting.sort(compareCases);
  }

  return {
    clusters,
    get length() {
      return told.length;
    },
    add: (one) => (teachesSteps(one) ? addSuccess(one) : addFailure(one)),
    takeBack() {
      const step = told.pop();
      if (step === undefined) return;
      if (step.kind === 'joined') return takeBackJoined(step);
      if (step.kind === 'failed') {
        clusters.get(step.cluster)?.failures.pop();
        touched.add(step.cluster);
        return;
      }
      waiting.splice(waiting.indexOf(step.one), 1);
      if (step.dropped !== undefined) waiting.unshift(step.dropped);
    },
    takeTouched() {
      const taken = touched;
      touched = new Set();
      return taken;
    },
  };
}

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}
