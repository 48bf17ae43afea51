/**
 * A namespace's own history as a backtest: learned from its earlier part and asked about the later one, as it really
 * happened; and learned from one half of its tasks and asked about the others, as if they had never been seen.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { mix } from '../foresight/hashing.ts';
import { toTrace } from '../foresight/traces.ts';
import { toTasks } from '../foresight/training.ts';
import { toWordingKey } from '../terms.ts';
import { type Card, toCard } from './card.ts';
import { isAskable, type Sample } from './samples.ts';

export const backtestBounds = {
  /** Episodes of the history that are looked at: the newest. */
  episodesMax: 5_000,
  /** Episodes that are asked about, and those of them whose every step is. */
  heldOutMax: 1_000,
  stepsOfMax: 400,
  /** Below this many episodes on either side figures say nothing. */
  sideMin: 5,
} as const;

/** The earlier part of the history that is learned from. */
const earlierShare = 0.7;

export interface Backtest extends Omit<Card, 'system' | 'sops'> {
  /** Procedures that were learned. */
  readonly sops: number;
  /** `time`: the past teaches, the rest is asked. `task`: no task stands on both sides. */
  readonly split: 'time' | 'task';
  readonly taught: number;
  readonly heldOut: number;
  /** Different tasks among those held out. */
  readonly tasks: number;
}

/** Both ways of looking at a history; none where there is too little of it. */
export function* backtest(namespace: string, history: readonly Episode[]): Generator<undefined, Backtest[]> {
  const samples = toSamples(history);
  const isTold = history.some(({ outcome }) => outcome === 'success');
  const cut = Math.floor(samples.length * earlierShare);
  const sides = [
    { split: 'time', isTaught: (_: Sample, at: number) => at < cut },
    { split: 'task', isTaught: ({ taskId }: Sample) => mix(Number(taskId), 17) % 2 === 0 },
  ] as const;
  const done: Backtest[] = [];
  for (const { split, isTaught } of sides) {
    yield;
    const taught = samples.filter(isTaught);
    const heldOut = pick(samples.filter((sample, at) => !isTaught(sample, at) && isAskable(sample, isTold)));
    if (Math.min(taught.length, heldOut.length) < backtestBounds.sideMin) continue;
    const {
      system: _,
      sops,
      ...card
    } = toCard(taught, heldOut, {
      namespace,
      stepsOf: backtestBounds.stepsOfMax,
    });
    const tasks = new Set(heldOut.map(({ taskId }) => taskId)).size;
    done.push({ ...card, sops: sops.length, split, taught: taught.length, heldOut: heldOut.length, tasks });
  }
  return done;
}

/** Oldest first; what the learner itself takes for one task is one task. */
function toSamples(history: readonly Episode[]): Sample[] {
  const ordered = [...history].sort(
    (a, b) =>
      Date.parse(a.startedAt) - Date.parse(b.startedAt) ||
      (a.episodeId < b.episodeId ? -1 : a.episodeId > b.episodeId ? 1 : 0),
  );
  const traces = ordered.flatMap((episode) => toTrace(episode) ?? []);
  const tasks = new Map(toTasks(traces).map((task, at) => [traces[at]?.id ?? '', task]));
  const byWording = new Map<string, number>();
  for (const { episodeId, task } of ordered) {
    const known = tasks.get(episodeId);
    if (known !== undefined) byWording.set(toWordingKey(task), known);
  }
  return ordered.map((episode, at) => ({
    episode,
    taskId: String(tasks.get(episode.episodeId) ?? byWording.get(toWordingKey(episode.task)) ?? at),
  }));
}

/** As many as are asked about, spread over the whole side. */
function pick(samples: readonly Sample[]): Sample[] {
  const step = Math.max(1, samples.length / backtestBounds.heldOutMax);
  return Array.from({ length: Math.min(samples.length, backtestBounds.heldOutMax) }, (_, at) => {
    return samples[Math.floor(at * step)];
  }).flatMap((sample) => sample ?? []);
}
