/**
 * Learning to foresee: experts are made from three quarters of the tasks and asked about the rest, four times over, and
 * the mixture learns from what they said about tasks they had not seen. Work is bounded, whatever the history's length.
 */
import { ask } from './experts.ts';
import { type Choosing, learnWanted, toChoosing, tryFold, type Trial } from './backtest.ts';
import { type BindingBook, learnBindings } from './binding-book.ts';
import type { Near } from './documents.ts';
import { mix } from './hashing.ts';
import {
  createKnowledge,
  type Knowledge,
  toCandidates,
  toLinearFeatures,
  toNear,
  toStandings,
  type Weighed,
} from './knowledge.ts';
import { learnHonestWeights, type MixerExample, toFirstWeights } from './mixer.ts';
import { createPresence, type Presence } from './presence.ts';
import { type Example, Softmax, softmaxSettings } from './softmax.ts';
import { SparseWeights } from './weights.ts';
import type { ArgumentKey } from '../keys/choices.ts';
import { createNaming, type Naming } from './naming.ts';
import { type KeptTrace, type Trace, wentWell } from './traces.ts';

export const trainingBounds = {
  /** Positions the linear predictor learns from, and those the mixture learns from. */
  linearMax: 10_000,
  mixedMax: 6_000,
  folds: 4,
  /** Below this many tasks nothing can be held back. */
  tasksMin: 8,
  /** Below this many no choice of procedures can be calibrated. */
  calibratedMin: 60,
  /** A subject that so many traces share is none. */
  subjectMax: 40,
} as const;

/** An order that has nothing to do with arrival. */
export function compareTraces(a: Trace, b: Trace): number {
  return a.lot - b.lot || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * Traces of one task: the same wording, or the same case in other words. What failed shows no case: it often began with
 * the wrong one, and would tie half a history together.
 */
export function toTasks(traces: readonly Trace[]): number[] {
  const parent = new Map<number, number>();
  const find = (key: number): number => {
    let root = key;
    while ((parent.get(root) ?? root) !== root) root = parent.get(root) ?? root;
    parent.set(key, root);
    return root;
  };
  const subjects = new Map<number, number>();
  const won = traces.filter(wentWell);
  for (const trace of won)
    for (const subject of new Set(trace.subjects)) subjects.set(subject, (subjects.get(subject) ?? 0) + 1);
  const most = Math.min(trainingBounds.subjectMax, Math.max(3, won.length * 0.03));
  for (const trace of won) {
    for (const subject of trace.subjects) {
      if ((subjects.get(subject) ?? 0) > most) continue;
      const [own, shared] = [find(trace.wording), find(mix(subject, 5))];
      if (own !== shared) parent.set(Math.max(own, shared), Math.min(own, shared));
    }
  }
  return traces.map(({ wording }) => find(wording));
}

/** Weights under which each task counts much the same; one that never went well counts less. */
export function weigh(traces: readonly Trace[], tasks: readonly number[]): Weighed[] {
  const sums = new Map<number, number>();
  tasks.forEach((task, at) => sums.set(task, (sums.get(task) ?? 0) + (traces[at]?.weight ?? 0)));
  return traces.map((trace, at) => ({
    trace,
    weight: trace.weight / Math.max(leastSum, sums.get(tasks[at] ?? 0) ?? 0) ** 0.75,
  }));
}

/** What the runs of a task weigh together, at least. */
const leastSum = 0.5;

/** So many tasks went well at least once. */
export const countTasks = (traces: readonly Trace[], tasks: readonly number[]) =>
  new Set(tasks.filter((_, at) => traces[at] !== undefined && wentWell(traces[at]))).size;

/** What was learned: knowledge of everything, and the weights of the mixture. */
export interface Learned {
  readonly knowledge: Knowledge;
  readonly weights: Float64Array;
  readonly tasks: number;
  readonly presence: Presence;
  /** How procedures are chosen; undefined where too few tasks are known to try it. */
  readonly choosing: Choosing | undefined;
  /** Where arguments come from. */
  readonly book: BindingBook;
  /** By which its symbols are named, and those of whoever asks. */
  readonly naming: Naming;
}

/** Learns from traces, whatever their order; yields from time to time, so that others get their turn. */
export function* train(
  unordered: readonly KeptTrace[],
  keys: readonly ArgumentKey[] = [],
): Generator<undefined, Learned> {
  const naming = createNaming(keys);
  const traces = unordered.map(naming.trace).sort(compareTraces);
  const tasks = toTasks(traces);
  const weighed = weigh(traces, tasks);
  const count = countTasks(traces, tasks);
  const knowledge = yield* teach(weighed);
  const presence = yield* learnWanted(knowledge);
  const cases = traces.flatMap((trace, at) => trace.cases.map((one) => ({ ...one, task: tasks[at] ?? 0 })));
  const book = yield* learnBindings(cases);
  if (count < trainingBounds.tasksMin)
    return {
      knowledge,
      weights: toFirstWeights(),
      tasks: count,
      presence,
      choosing: undefined,
      book,
      naming,
    };
  const trials: Trial[] = [];
  const examples: OrderedExample[] = [];
  for (let fold = 0; fold < trainingBounds.folds; fold += 1) {
    const isHeld = (at: number) => mix(tasks[at] ?? 0, 31) % trainingBounds.folds === fold;
    const held = weighed.filter(({ trace }, at) => isHeld(at) && wentWell(trace));
    const others = yield* teach(weighed.filter((_, at) => !isHeld(at)));
    yield* addExamples(examples, others, held, fold);
    trials.push(...(yield* tryFold(others, held)));
  }
  examples.sort((a, b) => a.order - b.order);
  const choosing = count < trainingBounds.calibratedMin ? undefined : toChoosing(trials);
  return {
    knowledge,
    weights: yield* learnHonestWeights(examples, trainingBounds.folds),
    tasks: count,
    presence,
    choosing,
    book,
    naming,
  };
}

/** The same weights and keys over other traces: counts and documents are fresh at a small price. */
export function* recall(
  kept: readonly KeptTrace[],
  { knowledge, weights, presence, choosing, book, naming }: Learned,
): Generator<undefined, Learned> {
  const traces = kept.map(naming.trace);
  const tasks = toTasks(traces);
  const fresh = yield* createKnowledge(weigh(traces, tasks), knowledge.linear);
  const wanted = createPresence(presence.tools, fresh.documents, presence.weights);
  const count = countTasks(traces, tasks);
  return { knowledge: fresh, weights, tasks: count, presence: wanted, choosing, book, naming };
}

/** Knowledge with a linear predictor that learned from the same traces. */
function* teach(weighed: readonly Weighed[]): Generator<undefined, Knowledge> {
  const softmax = new Softmax();
  const knowledge = yield* createKnowledge(weighed, new SparseWeights([], []));
  const examples = yield* toLinearExamples(knowledge, weighed);
  for (let epoch = 0; epoch < softmaxSettings.epochs; epoch += 1) {
    for (const [at, example] of examples.entries()) {
      softmax.learn(example);
      if (at % 64 === 63) yield;
    }
  }
  return { ...knowledge, linear: softmax.settle() };
}

function* toLinearExamples(
  knowledge: Knowledge,
  weighed: readonly Weighed[],
): Generator<undefined, Example[]> {
  const examples: (Example & { readonly order: number })[] = [];
  const nearOf = rememberNear(knowledge);
  for (const { trace, weight } of pick(weighed, trainingBounds.linearMax)) {
    yield;
    const own = trace.steps.map(({ symbol }) => knowledge.placeOf(symbol));
    toStandings(knowledge, trace.features, trace.steps, nearOf(trace)).forEach((standing, at) => {
      const candidates = toCandidates(knowledge, standing);
      const right = candidates.indexOf(own[at] ?? knowledge.stop);
      if (right < 0) return;
      examples.push({
        features: toLinearFeatures(knowledge, standing),
        candidates: candidates.map(knowledge.codeOf),
        right,
        weight: Math.sqrt(weight),
        order: mix(trace.lot, at),
      });
    });
  }
  return examples.sort((a, b) => a.order - b.order);
}

function* addExamples(
  examples: OrderedExample[],
  knowledge: Knowledge,
  held: readonly Weighed[],
  fold: number,
): Generator<undefined, void> {
  const max = trainingBounds.mixedMax / trainingBounds.folds;
  const nearOf = rememberNear(knowledge);
  for (const { trace, weight } of pick(held, max)) {
    yield;
    const own = trace.steps.map(({ symbol }) => knowledge.placeOf(symbol));
    toStandings(knowledge, trace.features, trace.steps, nearOf(trace)).forEach((standing, at) => {
      const candidates = toCandidates(knowledge, standing);
      const right = candidates.indexOf(own[at] ?? knowledge.stop);
      if (right < 0) return;
      const opinions = ask(knowledge, standing, candidates);
      examples.push({ opinions, right, weight, fold, order: mix(trace.lot, at + 7) });
    });
  }
}

/** Traces of one wording have the same neighbours. */
function rememberNear(knowledge: Knowledge): (trace: Trace) => Near[] {
  const known = new Map<number, Near[]>();
  return ({ wording, features }) => {
    const near = known.get(wording) ?? toNear(knowledge, features);
    known.set(wording, near);
    return near;
  };
}

interface OrderedExample extends MixerExample {
  readonly order: number;
}

/**
 * As many traces as have so many positions together: what went well first, one of each wording, then a second one of
 * each, and so on.
 */
function pick(weighed: readonly Weighed[], max: number): Weighed[] {
  const times = new Map<number, number>();
  const ranked = weighed.map((one) => {
    const rank = times.get(one.trace.wording) ?? 0;
    times.set(one.trace.wording, rank + 1);
    return { one, rank };
  });
  let positions = 0;
  return ranked
    .sort(
      (a, b) =>
        Number(wentWell(b.one.trace)) - Number(wentWell(a.one.trace)) ||
        a.rank - b.rank ||
        a.one.trace.lot - b.one.trace.lot,
    )
    .filter(({ one }) => {
      positions += one.trace.steps.length + 1;
      return positions <= max;
    })
    .map(({ one }) => one);
}
