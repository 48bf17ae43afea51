/**
 * Which traces are kept: all of them up to a bound, then those with the lowest lots, so that what is kept depends on the
 * log and not on the order of arrival. What failed has a bound of its own, since it must not push out what went well. An
 * episode that is learned again replaces its trace.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { toBindingCases } from './binding-book.ts';
import { type KeptTrace, toTrace, wentWell } from './traces.ts';
import { compareTraces } from './training.ts';

export interface KeeperBounds {
  /** Traces of what went well, and of what failed. */
  readonly wonMax: number;
  readonly failedMax: number;
  /** Of about so many the arguments are looked at. */
  readonly boundMax: number;
}

export const keeperBounds: KeeperBounds = { wonMax: 4_000, failedMax: 2_000, boundMax: 1_000 };

export interface TraceKeeper {
  learn(episode: Episode): void;
  forget(episodeId: string): void;
  /** Grows with every change. */
  readonly changes: number;
  readonly traces: readonly KeptTrace[];
}

/** Traces with the lowest lots, in the order of their lots. */
class Lots {
  readonly #kept = new Map<string, KeptTrace>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many there are, a few too many included. */
  get size(): number {
    return this.#kept.size;
  }

  /** Too many are dropped in lots of a tenth, so that it costs little. */
  put(trace: KeptTrace): void {
    this.#kept.set(trace.id, trace);
    if (this.size <= this.#max * 1.1) return;
    const over = [...this.#kept.values()].sort(compareTraces).slice(this.#max);
    for (const { id } of over) this.#kept.delete(id);
  }

  delete(id: string): boolean {
    return this.#kept.delete(id);
  }

  get lowest(): KeptTrace[] {
    return [...this.#kept.values()].sort(compareTraces).slice(0, this.#max);
  }
}

/** A keeper that has nothing yet. */
export function createTraceKeeper(bounds: Partial<KeeperBounds> = {}): TraceKeeper {
  const { wonMax, failedMax, boundMax } = { ...keeperBounds, ...bounds };
  const won = new Lots(wonMax);
  const failed = new Lots(failedMax);
  let changes = 0;
  function forget(episodeId: string): void {
    if (won.delete(episodeId) || failed.delete(episodeId)) changes += 1;
  }
  return {
    learn(episode) {
      const trace = toTrace(episode);
      forget(episode.episodeId);
      if (trace === undefined) return;
      changes += 1;
      if (!wentWell(trace)) return failed.put(trace);
      const isSampled = trace.lot / 2 ** 32 < boundMax / (won.size + 1);
      won.put({ ...trace, cases: isSampled ? toBindingCases(episode, trace.wording) : [] });
    },
    forget,
    get changes() {
      return changes;
    },
    get traces() {
      return [...won.lowest, ...failed.lowest].sort(compareTraces);
    },
  };
}
