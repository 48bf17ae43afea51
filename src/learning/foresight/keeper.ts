/**
 * Which traces are kept: all of them up to a bound, then those with the lowest lots, so that what is kept depends on the
 * log and not on the order of arrival. An episode that is learned again replaces its trace.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { toBindingCases } from './binding-book.ts';
import { toTrace, type Trace } from './traces.ts';
import { compareTraces } from './training.ts';

export const keeperBounds = {
  tracesMax: 4_000,
  /** Of about so many the arguments are looked at. */
  boundMax: 1_000,
} as const;

export interface TraceKeeper {
  learn(episode: Episode): void;
  forget(episodeId: string): void;
  /** Grows with every change. */
  readonly changes: number;
  readonly traces: readonly Trace[];
}

/** A keeper that has nothing yet. */
export function createTraceKeeper(max: number = keeperBounds.tracesMax): TraceKeeper {
  const kept = new Map<string, Trace>();
  let changes = 0;
  function forget(episodeId: string): void {
    if (kept.delete(episodeId)) changes += 1;
  }
  /** Dropped in lots of a tenth, so that it costs little. */
  function drop(): void {
    if (kept.size <= max * 1.1) return;
    const over = [...kept.values()].sort(compareTraces).slice(max);
    for (const { id } of over) kept.delete(id);
  }
  return {
    learn(episode) {
      const trace = toTrace(episode);
      if (trace === undefined) return forget(episode.episodeId);
      const isSampled = trace.lot / 2 ** 32 < keeperBounds.boundMax / (kept.size + 1);
      const cases = isSampled ? toBindingCases(episode, trace.wording) : [];
      kept.set(trace.id, { ...trace, cases });
      changes += 1;
      drop();
    },
    forget,
    get changes() {
      return changes;
    },
    get traces() {
      return [...kept.values()].sort(compareTraces).slice(0, max);
    },
  };
}
