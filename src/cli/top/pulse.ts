/**
 * What calls did in the last minute, out of their events: how many a second, how long they took, what failed last. Its
 * memory is bounded however busy the node is.
 */
import type { EventView } from '../views/answers.ts';

/** The minute that is looked back at. */
const windowMs = 60_000;
/** Calls remembered; of a busier minute the newest. */
const callsMax = 20_000;
const failuresMax = 5;

export interface Failure {
  readonly at: string;
  readonly tool: string;
  readonly why: string;
}

export interface PulseFigures {
  readonly callsPerSecond: number;
  readonly failedPerSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly failures: readonly Failure[];
}

export interface Pulse {
  readonly take: (event: EventView) => void;
  readonly read: () => PulseFigures;
}

/** Begins with nothing. */
export function createPulse(now: () => number): Pulse {
  const calls: { readonly at: number; readonly ms: number; readonly failed: boolean }[] = [];
  const failures: Failure[] = [];
  const beganAt = now();
  return {
    take: ({ type, at, data }) => {
      if (!/^call\.(?:finished|failed|refused)$/.test(type)) return;
      const failed = type !== 'call.finished' || data['isError'] === true;
      const { durationMs } = data;
      calls.push({ at: now(), ms: typeof durationMs === 'number' ? durationMs : 0, failed });
      if (calls.length > callsMax) calls.shift();
      if (!failed) return;
      const error = data['error'];
      const said =
        typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : type;
      failures.unshift({ at, tool: typeof data['name'] === 'string' ? data['name'] : '', why: said });
      failures.splice(failuresMax);
    },
    read: () => {
      const since = now() - windowMs;
      while (calls[0] !== undefined && calls[0].at < since) calls.shift();
      const seconds = Math.max(1, Math.min(windowMs, now() - beganAt) / 1_000);
      const took = calls.map((call) => call.ms).toSorted((a, b) => a - b);
      return {
        callsPerSecond: calls.length / seconds,
        failedPerSecond: calls.filter((call) => call.failed).length / seconds,
        p50Ms: toShare(took, 0.5),
        p95Ms: toShare(took, 0.95),
        failures: [...failures],
      };
    },
  };
}

function toShare(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
