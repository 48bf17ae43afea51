/**
 * What a breaker leaves behind when its process ends: state and due times as plain data. What cannot be understood is
 * reported and dropped, and the breaker then starts closed: it never starts in a state that nobody can explain.
 */
import { breakerMachine, breakerMachineVersion } from '../../../machines/breaker.machine.ts';
import type { BreakerContext, BreakerTimes } from '../../../machines/breaker.machine.ts';
import type { BreakerSettings } from './breaker-config.ts';
import type { Log } from '../clock.ts';

export type BreakerState = 'closed' | 'open' | 'halfOpen' | 'isolated' | 'disabled' | 'metricsOnly';

/** A breaker at rest. */
export interface PersistedBreaker {
  readonly machineVersion: number;
  readonly state: BreakerState;
  readonly context: BreakerContext;
  /** When it was persisted, on the breaker's own time line and by the wall clock. */
  readonly at: number;
  readonly wallAt: number;
}

/** The machine's share of the settings; infinity is not JSON, so no limit is null. */
export function toTimes(settings: BreakerSettings): BreakerTimes {
  return {
    openMs: settings.openMs,
    backoff: settings.backoff,
    openMaxMs: Number.isFinite(settings.openMaxMs) ? settings.openMaxMs : null,
    halfOpenMaxMs: settings.halfOpenMaxMs === 0 ? null : toFinite(settings.halfOpenMaxMs),
  };
}

function toFinite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

/** The snapshot to restore from, or null where what was persisted cannot be understood. */
export function parsePersisted(
  persisted: PersistedBreaker,
  breakerId: string,
  log: Log,
): PersistedBreaker | null {
  if (isUnderstood(persisted)) return persisted;
  log.warn(
    { breaker: breakerId, machineVersion: persisted?.machineVersion },
    'A persisted breaker is not understood; it starts closed.',
  );
  return null;
}

/** The persisted breaker as a snapshot of the machine, under the settings of now. */
export function toSnapshot(persisted: PersistedBreaker, breakerId: string, times: BreakerTimes): object {
  const context = { ...persisted.context, breakerId, times };
  const snapshot = breakerMachine.resolveState({ value: persisted.state, context });
  return breakerMachine.getPersistedSnapshot(snapshot);
}

function isUnderstood(persisted: PersistedBreaker): boolean {
  if (typeof persisted !== 'object' || persisted === null) return false;
  if (
    persisted.machineVersion !== breakerMachineVersion ||
    !Object.hasOwn(breakerMachine.states, persisted.state)
  ) {
    return false;
  }
  const { context, at, wallAt } = persisted;
  if (typeof context !== 'object' || context === null) return false;
  const counts = [at, wallAt, context.generation, context.failedProbes, context.isolations];
  if (!counts.every((value) => Number.isFinite(value))) return false;
  if (persisted.state === 'open' && !Number.isFinite(context.openUntil)) return false;
  return [context.openUntil, context.halfOpenUntil].every((due) => due === null || Number.isFinite(due));
}
