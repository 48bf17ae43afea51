/**
 * Third step: episodes of one kind of task come together, by text (0.2) and procedure (0.8). Cases are told in order of
 * time; what a case joins depends only on the cases before it, and the last case can be taken back exactly. That makes
 * the result independent of the order of arrival: a late case takes back what follows it and tells it again.
 */
import { bounds } from './bounds.ts';
import { type Case, compareCases, teachesSteps } from './case.ts';
import { ClusterWords, type Near, type Worded } from './cluster-words.ts';
import type { Interned, SequenceBook } from './likeness.ts';

export interface Cluster extends Worded {
  readonly at: number;
  /** Successes, in order of time; the first is the founder. */
  readonly members: Case[];
  /** Failed episodes of the same task: they teach pitfalls and cost confidence. */
  readonly failures: Case[];
  /** Finished cases whose task it matched best before they were learned, in order of time: what it is checked by. */
  readonly asked: Case[];
  /** How many members did what; there once they did not all do the same. */
  sequences: Map<Interned, number> | undefined;
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

/**
 * Which procedures a task asks: those whose text is clearly like it and hardly less like it than the best one's. A procedure
 * is asked once so many cases stand behind it; those three are its proof, and what comes after them checks it.
 */
export const asking = { textMin: 0.6, shareOfBest: 0.95, membersMin: 3, clustersMax: 3 } as const;

/** What a case did to the clusters, so that it can be taken back. */
interface Told {
  readonly kind: 'joined' | 'failed' | 'waiting';
  readonly one: Case;
  readonly asked: readonly Cluster[];
  /** Whose it became; nothing of one that waits. */
  readonly cluster: Cluster | undefined;
  /** Failures that waited: those that its cluster took, or one that waits no longer since there are too many. */
  readonly moved: readonly Case[];
}

interface State {
  readonly book: SequenceBook;
  readonly clusters: Map<number, Cluster>;
  readonly words: ClusterWords<Cluster>;
  readonly waiting: Case[];
  readonly told: Told[];
  touched: Set<number>;
}

/** An empty grouping. */
export function createGrouping(book: SequenceBook): Grouping {
  const state: State = {
    book,
    clusters: new Map(),
    words: new ClusterWords<Cluster>(),
    waiting: [],
    told: [],
    touched: new Set(),
  };
  return {
    clusters: state.clusters,
    get length() {
      return state.told.length;
    },
    add: (one) => {
      const near = state.words.nearest(state.words.ask(one));
      const asked = findAsked(one, near);
      const told = teachesSteps(one)
        ? addSuccess(state, one, near, toKept(asked))
        : addFailure(state, one, near, toKept(asked));
      for (const cluster of asked) {
        cluster.asked.push(one);
        state.touched.add(cluster.at);
      }
      state.told.push(told);
    },
    takeBack: () => takeBack(state),
    takeTouched() {
      const taken = state.touched;
      state.touched = new Set();
      return taken;
    },
  };
}

const none: readonly never[] = [];

/** Most lists of a history are empty; those are one. */
function toKept<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? none : list;
}

function addSuccess(state: State, one: Case, near: readonly Near<Cluster>[], asked: Told['asked']): Told {
  const home = findHome(state, one, near);
  const at = state.told.length;
  const cluster: Cluster = home ?? {
    at,
    members: [one],
    failures: [],
    asked: [],
    slot: -1,
    terms: [],
    sequences: undefined,
  };
  if (home === undefined) state.clusters.set(at, cluster);
  else home.members.push(one);
  count(state, cluster, one, 1);
  state.touched.add(cluster.at);
  const { words } = state;
  const own = new Set(one.terms.map((term) => term.at));
  const isOurs = (failed: Case) =>
    failed.terms.some((term) => own.has(term.at)) &&
    words.likeness(words.ask(failed), cluster) > groupWeights.failureTextMin;
  const adopted = home === undefined ? toKept(state.waiting.filter(isOurs)) : none;
  for (const failed of adopted) state.waiting.splice(state.waiting.indexOf(failed), 1);
  cluster.failures.push(...adopted);
  return { kind: 'joined', one, asked, cluster, moved: adopted };
}

function addFailure(state: State, one: Case, near: readonly Near<Cluster>[], asked: Told['asked']): Told {
  const home = findFailureHome(near);
  if (home !== undefined) {
    home.failures.push(one);
    state.touched.add(home.at);
    return { kind: 'failed', one, asked, cluster: home, moved: none };
  }
  state.waiting.push(one);
  const dropped = state.waiting.length > bounds.waitingFailuresMax ? state.waiting.shift() : undefined;
  return { kind: 'waiting', one, asked, cluster: undefined, moved: dropped === undefined ? none : [dropped] };
}

function takeBack(state: State): void {
  const step = state.told.pop();
  if (step === undefined) return;
  for (const cluster of step.asked) {
    cluster.asked.pop();
    state.touched.add(cluster.at);
  }
  const { kind, cluster } = step;
  if (cluster !== undefined) state.touched.add(cluster.at);
  if (kind === 'joined' && cluster !== undefined) return takeBackJoined(state, step, cluster);
  if (kind === 'failed') return void cluster?.failures.pop();
  state.waiting.splice(state.waiting.indexOf(step.one), 1);
  state.waiting.unshift(...step.moved);
}

function takeBackJoined(state: State, step: Told, cluster: Cluster): void {
  cluster.members.pop();
  count(state, cluster, step.one, -1);
  if (cluster.members.length > 0) return;
  state.clusters.delete(cluster.at);
  state.waiting.push(...step.moved);
  // Waiting failures stand in the order in which they were told.
  state.waiting.sort(compareCases);
}

function count(state: State, cluster: Cluster, one: Case, sign: 1 | -1): void {
  if (sign > 0) state.words.add(cluster, one);
  else state.words.takeBack(cluster, one);
  const { sequence } = one;
  const [founder] = cluster.members;
  if (cluster.sequences === undefined) {
    if (founder === undefined || founder.sequence === sequence) return;
    cluster.sequences = new Map([[founder.sequence, cluster.members.length - 1]]);
  }
  const times = (cluster.sequences.get(sequence) ?? 0) + sign;
  if (times === 0) cluster.sequences.delete(sequence);
  else cluster.sequences.set(sequence, times);
}

/** What was done, and by how many members. */
function toSequences({ members, sequences }: Cluster): [Interned, number][] {
  if (sequences !== undefined) return [...sequences];
  const [founder] = members;
  return founder === undefined ? [] : [[founder.sequence, members.length]];
}

/** Mean likeness to the members' sequences. */
function procedureLikeness(state: State, one: Case, cluster: Cluster): number {
  let compared = toSequences(cluster);
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

/** The procedures that would have been predicted for a case's task, before anything was learned from it. */
function findAsked(one: Case, near: readonly Near<Cluster>[]): Cluster[] {
  if (!one.finished || !one.stated) return [];
  const alike = near
    .filter(({ cluster, text }) => cluster.members.length >= asking.membersMin && text >= asking.textMin)
    .sort((a, b) => b.text - a.text || a.cluster.at - b.cluster.at);
  const least = (alike[0]?.text ?? 0) * asking.shareOfBest;
  const best = alike.filter(({ text }) => text >= least).slice(0, asking.clustersMax);
  return best.map(({ cluster }) => cluster);
}

function findHome(state: State, one: Case, near: readonly Near<Cluster>[]): Cluster | undefined {
  let best: Cluster | undefined;
  let bestScore = -1;
  for (const { cluster, text } of near) {
    if (text < groupWeights.textMin) continue;
    const likeness = procedureLikeness(state, one, cluster);
    const score = groupWeights.text * text + groupWeights.procedure * likeness;
    if (score >= groupWeights.joinAt && score > bestScore) [best, bestScore] = [cluster, score];
  }
  return best;
}

/** A failure's own steps say little: its task's words decide. */
function findFailureHome(near: readonly Near<Cluster>[]): Cluster | undefined {
  let best: Cluster | undefined;
  let bestText: number = groupWeights.failureTextMin;
  for (const { cluster, text } of near) if (text > bestText) [best, bestText] = [cluster, text];
  return best;
}
