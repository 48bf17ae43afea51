/**
 * The way of one tool's calls: the upstream's breaker passes a call on to its resource, or refuses it. What a call says
 * about the upstream's health is told to the breaker exactly once.
 */
import type { CallCommand, CallOutcome } from '../../machines/words/calls.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Breaker } from './breaker.ts';
import type { Clock } from './clock.ts';
import type { Resource } from './resource.ts';

/** Where a tool's calls go. */
export interface Route {
  readonly server: string;
  readonly tool: string;
  call(command: CallCommand): Promise<CallOutcome>;
}

/** An upstream behind its breaker. */
export interface Guarded {
  readonly alias: string;
  readonly resource: Pick<Resource<Pick<Upstream, 'call'>>, 'current' | 'view' | 'restart'>;
  readonly breaker: Pick<Breaker, 'permit' | 'done'>;
  /** When somebody's call last made it start again; on the monotonic clock. */
  revivedAt: number;
}

/** A failed upstream is tried again when it is called, but not more often than this. */
const reviveMs = 30_000;
const absentRetryMs = 1_000;

/** The route of one tool. */
export function toRoute(one: Guarded, tool: string, clock: Clock): Route {
  return {
    server: one.alias,
    tool,
    async call(command) {
      const admission = one.breaker.permit();
      if (!admission.ok) {
        return {
          outcome: 'refused',
          code: 'breaker_open',
          message: `the upstream "${one.alias}" failed too often lately; its circuit breaker refuses calls for now`,
          retryAfterMs: admission.retryAfterMs ?? undefined,
        };
      }
      const begunAt = clock.monotonic();
      const upstream = one.resource.current;
      let verdict: 'ok' | 'err' | 'ignored' = 'ignored';
      try {
        if (upstream === undefined) return refuseAbsent(one, clock);
        const { args, meta, signal, notify } = command;
        const outcome = await upstream.call({ tool, args, meta, signal, notify });
        verdict = toVerdict(outcome);
        return outcome;
      } finally {
        // Whatever happens, the permit goes back: a probe that is never judged would keep the breaker half-open.
        one.breaker.done(admission.permit, verdict, clock.monotonic() - begunAt);
      }
    },
  };
}

/** Only what says something about the upstream's health counts; a tool's own error does not. */
function toVerdict(outcome: CallOutcome): 'ok' | 'err' | 'ignored' {
  if (outcome.outcome === 'finished') return 'ok';
  if (outcome.outcome === 'refused') return 'ignored';
  return outcome.countsAgainst ? 'err' : 'ignored';
}

function refuseAbsent(one: Guarded, clock: Clock): CallOutcome {
  const { state, lastError } = one.resource.view();
  if (state === 'failed' && clock.monotonic() - one.revivedAt > reviveMs) {
    one.revivedAt = clock.monotonic();
    one.resource.restart();
  }
  return {
    outcome: 'refused',
    code: 'upstream_unavailable',
    message: `the upstream "${one.alias}" is ${state}${lastError === null ? '' : `: ${lastError}`}`,
    retryAfterMs: absentRetryMs,
  };
}
