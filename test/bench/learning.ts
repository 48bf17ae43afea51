/**
 * Learning on recorded episodes: is the right procedure served for a task that was never seen? Through the served path
 * (learn, derive, index, rank), beside the nearest raw episode by tf-idf, split so that no task or text leaks.
 */
import { existsSync } from 'node:fs';
import type { Episode } from '../../machines/words/episodes.ts';
import { createIndex, createLearner, type SopIndex } from '../../src/learning/learning.ts';
import { type BindingCount, countBindings } from './learning-bindings.ts';
import {
  createBaseline,
  mark,
  readRecorded,
  type RecordedEpisode,
  toEpisode,
  toGroups,
  toHash,
} from './learning-recorded.ts';

/** One figure of a benchmark. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly target?: number;
}

interface Served {
  readonly tools: readonly string[];
  readonly confidence: number;
  readonly relevance: number;
}

/** A procedure as the tools it tells to call; repeated steps twice. */
function serve(index: SopIndex, task: string, minConfidence = 0): Served {
  const best = index.rank({ task, limit: 1, minConfidence })[0];
  if (best === undefined) return { tools: [], confidence: 0, relevance: 0 };
  const tools = best.sop.procedure.flatMap((step) => (step.repeated ? [step.tool, step.tool] : [step.tool]));
  return { tools, confidence: best.sop.confidence, relevance: best.relevance };
}

class Average {
  readonly #tasks = new Map<string, { sum: number; count: number }>();
  add(task: string, value: number): void {
    const found = this.#tasks.get(task) ?? { sum: 0, count: 0 };
    this.#tasks.set(task, { sum: found.sum + value, count: found.count + 1 });
  }
  /** Each task weighs 1. */
  get macro(): number {
    const each = [...this.#tasks.values()];
    return each.reduce((sum, { sum: total, count }) => sum + total / count, 0) / Math.max(1, each.length);
  }
  /** Each episode weighs 1. */
  get micro(): number {
    const each = [...this.#tasks.values()];
    return (
      each.reduce((sum, { sum: total }) => sum + total, 0) /
      Math.max(
        1,
        each.reduce((sum, { count }) => sum + count, 0),
      )
    );
  }
}

export interface LearningBenchOptions {
  /** Name and path of each set. */
  readonly files: Readonly<Record<string, string>>;
  readonly seeds: readonly string[];
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Train with failed episodes as well, as in real life: they teach pitfalls. */
  readonly withFailures?: boolean;
  /** What learning is shown of an episode; the tasks it is asked about are told as they are, as in life. */
  readonly redact?: (episode: Episode) => Episode;
  /** Episodes held out at most. */
  readonly heldOutMax?: number;
}

const keys = [
  'sop1_f1',
  'sop1_nlcs',
  'sop1_f1_micro',
  'sop1_nlcs_micro',
  'baseline_f1',
  'baseline_nlcs',
  'coverage',
  'selective_coverage',
  'selective_f1',
  'binding_p',
  'binding_r',
  'false_serve',
  'false_serve_active',
] as const;

/** Runs every set with every seed; figures are means over seeds. */
export function learningBench(options: LearningBenchOptions): Measure[] {
  const measures: Measure[] = [];
  const present = Object.entries(options.files).filter(([, file]) => existsSync(file));
  const all = new Map(present.map(([name, file]) => [name, readRecorded(file)]));
  for (const [name, recorded] of all) {
    const foreign = [...all]
      .filter(([other]) => other !== name)
      .flatMap(([, each]) => [...new Set(each.map((one) => one.task))].slice(0, 600));
    const runs = options.seeds.map((seed) => runOnce(recorded, foreign, seed, options));
    for (const key of keys) {
      const value = runs.reduce((sum, run) => sum + (run.scores[key] ?? 0), 0) / runs.length;
      const better = key.startsWith('false') ? 'lower' : 'higher';
      measures.push({ name: `learning.${name}.${key}`, value, unit: 'share', better });
    }
    const mean = (pick: (run: Run) => number) => runs.reduce((sum, run) => sum + pick(run), 0) / runs.length;
    measures.push(
      {
        name: `learning.${name}.learn_ms`,
        value: mean((run) => run.learnMs),
        unit: 'ms/episode',
        better: 'lower',
        target: 5,
      },
      {
        name: `learning.${name}.rank_p95`,
        value: mean((run) => run.rankP95),
        unit: 'ms',
        better: 'lower',
        target: 20,
      },
      { name: `learning.${name}.sops`, value: mean((run) => run.sops), unit: 'SOPs', better: 'lower' },
    );
  }
  return measures;
}

interface Run {
  readonly scores: Readonly<Partial<Record<(typeof keys)[number], number>>>;
  readonly learnMs: number;
  readonly rankP95: number;
  readonly sops: number;
}

function runOnce(
  recorded: readonly RecordedEpisode[],
  foreign: readonly string[],
  seed: string,
  options: LearningBenchOptions,
): Run {
  const groups = toGroups(recorded);
  const isTraining = recorded.map((_, at) => toHash(seed + (groups[at] ?? '')) < 0.5);
  const taught = recorded.filter(
    (each, at) => isTraining[at] === true && (each.success !== false || options.withFailures !== false),
  );
  const learner = createLearner({ namespace: 'bench' });
  const started = options.now();
  taught.forEach((each, at) => {
    const episode = toEpisode(each, at);
    learner.learn(options.redact?.(episode) ?? episode);
    if (at % 100 === 99) learner.derive();
  });
  const sops = learner.derive().sops;
  const learnMs = (options.now() - started) / Math.max(1, taught.length);
  const index = createIndex(sops);
  const baseline = createBaseline(taught.filter((each) => each.success === true));
  const heldOut = recorded
    .filter((each, at) => isTraining[at] === false && each.success === true && each.steps.length > 0)
    .sort((a, b) => toHash(a.episode_id) - toHash(b.episode_id))
    .slice(0, options.heldOutMax ?? 2_000);
  const average = {
    f1: new Average(),
    nlcs: new Average(),
    baseF1: new Average(),
    baseNlcs: new Average(),
    served: new Average(),
    sure: new Average(),
    sureF1: new Average(),
  };
  const times: number[] = [];
  const bindings: BindingCount = { leaves: 0, said: 0, right: 0 };
  for (const each of heldOut) {
    const real = each.steps.map((step) => step.tool);
    const before = options.now();
    const served = serve(index, each.task);
    times.push(options.now() - before);
    const best = index.rank({ task: each.task, limit: 1, minConfidence: 0 })[0];
    countBindings(bindings, each, best?.sop, 0.7);
    const ours = mark(served.tools, real);
    average.f1.add(each.task_id, ours.f1);
    average.nlcs.add(each.task_id, ours.nlcs);
    average.served.add(each.task_id, served.tools.length > 0 ? 1 : 0);
    const sure = serve(index, each.task, 0.7);
    average.sure.add(each.task_id, sure.tools.length > 0 ? 1 : 0);
    if (sure.tools.length > 0) average.sureF1.add(each.task_id, mark(sure.tools, real).f1);
    const theirs = mark(baseline(each.task), real);
    average.baseF1.add(each.task_id, theirs.f1);
    average.baseNlcs.add(each.task_id, theirs.nlcs);
  }
  times.sort((a, b) => a - b);
  return {
    scores: {
      sop1_f1: average.f1.macro,
      sop1_nlcs: average.nlcs.macro,
      sop1_f1_micro: average.f1.micro,
      sop1_nlcs_micro: average.nlcs.micro,
      baseline_f1: average.baseF1.macro,
      baseline_nlcs: average.baseNlcs.macro,
      coverage: average.served.macro,
      selective_coverage: average.sure.macro,
      selective_f1: average.sureF1.macro,
      binding_p: bindings.right / Math.max(1, bindings.said),
      binding_r: bindings.right / Math.max(1, bindings.leaves),
      false_serve:
        foreign.filter((task) => serve(index, task).tools.length > 0).length / Math.max(1, foreign.length),
      false_serve_active:
        foreign.filter((task) => serve(index, task, 0.7).tools.length > 0).length /
        Math.max(1, foreign.length),
    },
    learnMs,
    rankP95: times[Math.floor(times.length * 0.95)] ?? 0,
    sops: sops.length,
  };
}
