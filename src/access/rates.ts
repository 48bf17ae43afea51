/**
 * The rates of the design: how much of a deed a principal may do in a minute, by profile. A profile is chosen when a
 * node starts; nothing that comes with a request can choose another one.
 */
import type { RateOperation, RateProfile } from '../../machines/words/rates.ts';

export interface Rate {
  readonly max: number;
  readonly windowMs: number;
  /** How long whoever went over is refused; 0 means until the window ends. */
  readonly blockMs: number;
}

export type Rates = Readonly<Record<RateOperation, Rate>>;

const minuteMs = 60_000;

const production: Rates = {
  sop_write: { max: 30, windowMs: minuteMs, blockMs: 60_000 },
  pattern_write: { max: 30, windowMs: minuteMs, blockMs: 60_000 },
  context_inject: { max: 60, windowMs: minuteMs, blockMs: 30_000 },
  feedback: { max: 100, windowMs: minuteMs, blockMs: 30_000 },
};

const development: Rates = {
  sop_write: { max: 60, windowMs: minuteMs, blockMs: 0 },
  pattern_write: { max: 60, windowMs: minuteMs, blockMs: 0 },
  context_inject: { max: 120, windowMs: minuteMs, blockMs: 0 },
  feedback: { max: 200, windowMs: minuteMs, blockMs: 0 },
};

const none: Rate = { max: 999_999, windowMs: 1_000, blockMs: 0 };
const test: Rates = { sop_write: none, pattern_write: none, context_inject: none, feedback: none };

/** The rates of each profile. */
export const rates: Readonly<Record<RateProfile, Rates>> = { production, development, test };

/** Deeds that go on while the database is away, on a budget of this node's own. */
export const readOperations: ReadonlySet<RateOperation> = new Set(['context_inject']);

/** Keys that a node counts for by itself; when there are more, those whose window is over go first. */
export const ownBudgetsMax = 10_000;

interface Window {
  used: number;
  endsAt: number;
  isBlocked: boolean;
}

/** Budgets in this process, for the time in which nobody can share them. */
export interface OwnBudgets {
  /** Milliseconds until the next attempt can be allowed; 0 when this one is. */
  take(key: string, rate: Rate, nowMs: number): number;
  readonly size: number;
}

/** The same rules as the shared ones, for one process. */
export function createOwnBudgets(): OwnBudgets {
  const windows = new Map<string, Window>();
  return {
    get size() {
      return windows.size;
    },
    take(key, rate, nowMs) {
      const found = windows.get(key);
      if (found === undefined || found.endsAt <= nowMs) {
        if (found === undefined && windows.size >= ownBudgetsMax) makeRoom(windows, nowMs);
        windows.set(key, { used: 1, endsAt: nowMs + rate.windowMs, isBlocked: false });
        return 0;
      }
      if (found.isBlocked || found.used >= rate.max) {
        if (!found.isBlocked && rate.blockMs > 0) {
          found.isBlocked = true;
          found.endsAt = nowMs + rate.blockMs;
        }
        return found.endsAt - nowMs;
      }
      found.used += 1;
      return 0;
    },
  };
}

/** Windows that are over go; when all of them run, the oldest does. */
function makeRoom(windows: Map<string, Window>, nowMs: number): void {
  for (const [key, { endsAt }] of windows) if (endsAt <= nowMs) windows.delete(key);
  for (const key of windows.keys()) {
    if (windows.size < ownBudgetsMax) return;
    windows.delete(key);
  }
}
