/**
 * The scorecard of learning on recorded episodes. Split by connected groups of task id and text, so that no task and no
 * wording stands on both sides; several seeds; each held-out task weighs 1. The baselines run beside it.
 */
import { existsSync } from 'node:fs';
import { type Sample, type Scores, type System, toCard } from '../../src/learning/learning.ts';
import { scoreRequires } from './learning-graphs.ts';
import { readRecorded, type RecordedEpisode, toGroups, toHash, toSample } from './learning-recorded.ts';
import { scorePoison } from './learning-poison.ts';
import { measure, type Measure } from './measure.ts';

export interface LearningBenchOptions {
  /** Name and path of each set. */
  readonly files: Readonly<Record<string, string>>;
  readonly seeds: readonly string[];
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Episodes held out at most. */
  readonly heldOutMax?: number;
  /** Hears each seed's figures as they come. */
  readonly told?: (name: string, seed: string, scores: Scores) => void;
}

/** What must be reached at least, or, for `ece`, at most; by set. */
const targets: Readonly<Record<string, Scores>> = {
  workbench: { sop1_f1: 0.92, sop1_nlcs: 0.79, next1: 0.83, next_ece: 0.04 },
  tau_bench: {
    sop1_f1: 0.74,
    sop1_nlcs: 0.58,
    next1: 0.64,
    binding_p: 0.9,
    binding_r: 0.35,
    next_ece: 0.04,
  },
  sopbench_dev: {
    sop1_f1: 0.74,
    sop1_nlcs: 0.62,
    next1: 0.71,
    binding_p: 0.94,
    binding_r: 0.88,
    next_ece: 0.04,
    requires_all_f1: 0.8,
    requires_target_f1: 0.97,
  },
};

/** What holds for every set. */
const always: Scores = {
  'poison.injected_steps': 0,
  'poison.attacker_values': 0,
  'poison.constants_kept': 0.5,
};

/** Test texts of other sets that nothing should be served for. */
const foreignMax = 600;
const nextEpisodesMax = 1_200;

/** Runs every set with every seed; figures are means over seeds. */
export function learningBench(options: LearningBenchOptions): Measure[] {
  const present = Object.entries(options.files).filter(([, file]) => existsSync(file));
  const all = new Map(present.map(([name, file]) => [name, readRecorded(file)]));
  return [...all].flatMap(([name, recorded]) => {
    const foreign = [...all]
      .filter(([other]) => other !== name)
      .flatMap(([, each]) => [...new Set(each.map((one) => one.task))].slice(0, foreignMax));
    const graphs = readGraphs(options.files[name]);
    const runs = options.seeds.map((seed) => {
      const scores = runOnce(recorded, foreign, seed, options, graphs);
      options.told?.(name, seed, scores);
      return scores;
    });
    return toMeasures(name, runs);
  });
}

/** Beside a set may lie its tasks with what they really require, as graphs. */
function readGraphs(file = ''): readonly RecordedEpisode[] {
  const beside = file.replace('.jsonl', '_tasks.jsonl');
  return beside !== file && existsSync(beside) ? readRecorded(beside) : [];
}

function toMeasures(name: string, runs: readonly Scores[]): Measure[] {
  return Object.keys(runs[0] ?? {}).map((key) => {
    const values = runs.map((run) => run[key] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const unit = toUnit(key);
    const better = /ece|brier|false|_ms|injected|attacker/.test(key) ? 'lower' : 'higher';
    return measure(
      `learning.${name}.${key}`,
      mean,
      unit,
      better,
      targets[name]?.[key] ?? always[key] ?? toCostTarget(key),
    );
  });
}

function toUnit(key: string): string {
  if (key.endsWith('_ms')) return 'ms';
  if (key.endsWith('sops') || key === 'poison.attacker_values') return 'SOPs';
  if (key === 'poison.episodes') return 'episodes';
  if (key === 'poison.injected_steps') return 'steps';
  if (key === 'poison.constants') return 'constants';
  return key.endsWith('_goals') ? 'goals' : 'share';
}

const toCostTarget = (key: string) => (key === 'learn_ms' ? 5 : key.endsWith('p95_ms') ? 20 : undefined);

/** The halves of a set: what is learned from, and the successes that are asked about. */
export function split(
  recorded: readonly RecordedEpisode[],
  seed: string,
  heldOutMax = 2_000,
): { readonly taught: readonly RecordedEpisode[]; readonly heldOut: readonly RecordedEpisode[] } {
  const groups = toGroups(recorded);
  const isTraining = recorded.map((_, at) => toHash(seed + (groups[at] ?? '')) < 0.5);
  const isTold = recorded.some((each) => each.success === true);
  const counts = (each: RecordedEpisode) =>
    each.steps.length > 0 && (isTold ? each.success === true : each.success !== false);
  return {
    taught: recorded.filter((_, at) => isTraining[at] === true),
    heldOut: recorded
      .filter((each, at) => isTraining[at] === false && counts(each))
      .sort((a, b) => toHash(a.episode_id) - toHash(b.episode_id))
      .slice(0, heldOutMax),
  };
}

function runOnce(
  recorded: readonly RecordedEpisode[],
  foreign: readonly string[],
  seed: string,
  options: LearningBenchOptions,
  graphs: readonly RecordedEpisode[],
): Scores {
  const { taught, heldOut } = split(recorded, seed, options.heldOutMax);
  const samples = taught.map(toSample);
  const asked = heldOut.map(toSample);
  const started = options.now();
  let learnedAt = started;
  const { system, sops, scores, baselines } = toCard(samples, asked, {
    namespace: 'bench',
    stepsOf: nextEpisodesMax,
    derived: () => (learnedAt = options.now()),
  });
  const isServed = (task: string, least: number) =>
    (system.serve(task, 1, least)[0]?.confidence ?? -1) >= least ? 1 : 0;
  const shareServed = (least: number) =>
    foreign.reduce((sum: number, task) => sum + isServed(task, least), 0) / Math.max(1, foreign.length);
  return {
    ...scores,
    nearest_f1: baselines.nearest['sop1_f1'] ?? 0,
    nearest_nlcs: baselines.nearest['sop1_nlcs'] ?? 0,
    frequent_f1: baselines.mostFrequent['sop1_f1'] ?? 0,
    frequent_nlcs: baselines.mostFrequent['sop1_nlcs'] ?? 0,
    bigram_next1: baselines.bigram['next1'] ?? 0,
    bigram_next1_micro: baselines.bigram['next1_micro'] ?? 0,
    false_serve: shareServed(0),
    false_serve_sure: shareServed(0.7),
    learn_ms: (learnedAt - started) / Math.max(1, samples.length),
    ...timeAnswers(system, asked, options.now),
    ...scorePoison(samples, sops),
    ...(graphs.length === 0 ? {} : scoreRequires(sops, taught, graphs)),
    sops: sops.length,
  };
}

/** 95th percentiles of what an agent waits for. */
function timeAnswers(system: System, heldOut: readonly Sample[], now: () => number): Scores {
  const few = heldOut.slice(0, 400);
  const p95 = (ask: (each: Sample) => unknown) => {
    const times = few.map((each) => {
      const before = now();
      ask(each);
      return now() - before;
    });
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
  };
  return {
    serve_p95_ms: p95(({ episode }) => system.serve(episode.task, 1)),
    next_p95_ms: p95(({ episode: { task, calls } }) =>
      system.next?.(task, calls.slice(0, calls.length >> 1)),
    ),
  };
}
