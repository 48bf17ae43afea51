/**
 * Everything that stands between a call and its upstream, in one order: the whole time, retries, breaker, bulkhead, the
 * time of one try. A refusal by the breaker or the bulkhead is ours and never counts against the upstream.
 */
import type { CallOutcome } from '../../../machines/words/calls.ts';
import { DreyError, toDreyError } from '../../../machines/words/errors.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { Breaker, CallOutcome as Verdict } from '../breaker/breaker.ts';
import { openBulkhead } from './bulkhead.ts';
import type { Bulkhead, BulkheadConfig, BulkheadEvent, Rejection } from './bulkhead.ts';
import type { Clock } from '../clock.ts';
import { createRetryBudget } from './retry-budget.ts';
import type { RetryBudget, RetryBudgetConfig } from './retry-budget.ts';
import { retry, toRetrySettings } from './retry.ts';
import type { Again, Ended, RetryConfig, RetrySettings } from './retry.ts';
import { withTimeout } from './timeout.ts';

export interface GuardConfig {
  /** The whole call: waits, tries and all. */
  readonly totalMs?: number;
  /** One try; without it, the whole time. */
  readonly tryMs?: number;
  readonly bulkhead?: BulkheadConfig;
  readonly retry?: RetryConfig;
  readonly budget?: RetryBudgetConfig;
}

export const guardDefaults = { totalMs: 120_000 } as const;

export interface GuardOptions {
  /** The upstream's name, for sentences. */
  readonly name: string;
  readonly breaker: Pick<Breaker, 'permit' | 'done'>;
  readonly config: GuardConfig;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  /** Numbers from 0 up to 1, for jitter. */
  readonly chance: () => number;
  readonly onBulkhead?: (event: BulkheadEvent) => void;
}

/** The guards of one upstream, shared by all its calls. */
export interface Guards {
  readonly options: GuardOptions;
  readonly bulkhead: Bulkhead;
  readonly budget: RetryBudget;
  readonly retry: RetrySettings;
  readonly totalMs: number;
  readonly tryMs: number;
}

export interface GuardedCall {
  /** Whose call it is: namespaces take turns where there is a line. */
  readonly namespace: string;
  readonly signal: StopSignal;
  /** See `isRepeatable`; what is not is tried once. */
  readonly isRepeatable: boolean;
  /** One try; its signal aborts when the caller left or the time is over. */
  readonly work: (signal: StopSignal) => Promise<CallOutcome>;
}

/** Makes the guards of one upstream around its breaker; throws `config_invalid`. */
export function createGuards(options: GuardOptions): Guards {
  const { config, clock, onBulkhead } = options;
  const totalMs = config.totalMs ?? guardDefaults.totalMs;
  const tryMs = Math.min(config.tryMs ?? totalMs, totalMs);
  if (!(totalMs > 0 && tryMs > 0)) {
    throw new DreyError(
      'config_invalid',
      `A call's totalMs and tryMs are ${totalMs} and ${tryMs}; write more than 0.`,
    );
  }
  return {
    options,
    bulkhead: openBulkhead({
      config: config.bulkhead ?? {},
      clock,
      ...(onBulkhead === undefined ? {} : { onEvent: onBulkhead }),
    }),
    budget: createRetryBudget(config.budget),
    retry: toRetrySettings(config.retry ?? {}),
    totalMs,
    tryMs,
  };
}

/** Makes one call through all guards; it never rejects. */
export async function guardCall(guards: Guards, call: GuardedCall): Promise<CallOutcome> {
  const { options, totalMs } = guards;
  const { clock, chance } = options;
  const deadlineAt = clock.monotonic() + totalMs;
  const tryAll = (signal: StopSignal): Promise<CallOutcome> =>
    retry(() => tryOnce(guards, call, signal), {
      settings: guards.retry,
      again: (ended) => (call.isRepeatable ? toAgainOf(ended) : false),
      budget: guards.budget,
      clock,
      chance,
      signal,
      deadlineAt,
    });
  try {
    return await withTimeout(
      { ms: totalMs, signal: call.signal, clock, what: `the call to "${options.name}"` },
      tryAll,
    );
  } catch (error) {
    return toFailed(error);
  }
}

async function tryOnce(guards: Guards, call: GuardedCall, signal: StopSignal): Promise<CallOutcome> {
  const { bulkhead, options } = guards;
  const { breaker, clock, name } = options;
  const admission = breaker.permit();
  if (!admission.ok) return toBroken(name, admission.retryAfterMs);
  let verdict: Verdict = 'ignored';
  let durationMs = 0;
  try {
    const ran = await bulkhead.run(call.namespace, signal, async () => {
      // The wait in line is ours; only what follows says something about the upstream.
      const begunAt = clock.monotonic();
      const outcome = await workOnce(guards, call, signal);
      durationMs = clock.monotonic() - begunAt;
      verdict = signal.aborted ? toAbortedVerdict(signal, durationMs, guards.tryMs) : toVerdict(outcome);
      return outcome;
    });
    return ran.ok ? ran.value : toRejected(name, ran.why);
  } finally {
    breaker.done(admission.permit, verdict, durationMs);
  }
}

async function workOnce(guards: Guards, call: GuardedCall, signal: StopSignal): Promise<CallOutcome> {
  const { totalMs, tryMs, options } = guards;
  // A bound that cannot come before the whole call's needs no timer of its own.
  const ms = tryMs < totalMs ? tryMs : Infinity;
  try {
    return await withTimeout({ ms, signal, clock: options.clock, what: `"${options.name}"` }, call.work);
  } catch (error) {
    return toFailed(error);
  }
}

/** What a try's end says of the upstream's health; a tool's own error says nothing. */
export function toVerdict(outcome: CallOutcome): Verdict {
  if (outcome.outcome === 'finished') return 'ok';
  if (outcome.outcome === 'refused') return 'ignored';
  return outcome.countsAgainst ? 'err' : 'ignored';
}

/**
 * A try that was cut short from outside. The caller's leaving says nothing; the end of the whole time does when the try
 * had at least half of its own, or an upstream that hangs would never be found out.
 */
function toAbortedVerdict(signal: StopSignal, durationMs: number, tryMs: number): Verdict {
  const isOverdue = toDreyError(signal.reason).code === 'call_timeout';
  return isOverdue && durationMs * 2 >= tryMs ? 'err' : 'ignored';
}

/** Only what failed on the way may be tried again: a refusal is an answer, and so is a tool's error. */
function toAgainOf(ended: Ended<CallOutcome>): Again {
  return ended.ok && ended.value.outcome === 'failed' && ended.value.countsAgainst ? {} : false;
}

function toFailed(error: unknown): CallOutcome {
  const { code, message } = toDreyError(error, 'upstream_failed');
  return { outcome: 'failed', code, message, error: undefined, countsAgainst: code !== 'call_cancelled' };
}

function toBroken(name: string, retryAfterMs: number | null): CallOutcome {
  return {
    outcome: 'refused',
    code: 'breaker_open',
    message: `the upstream "${name}" failed too often lately; its circuit breaker refuses calls for now`,
    retryAfterMs: retryAfterMs ?? undefined,
  };
}

const sentences: Readonly<Record<Rejection, string>> = {
  full: 'has as many calls running and waiting as it may have',
  overdue: 'had no free place for this call in time',
  cancelled: 'was not called: its caller left while waiting',
  closed: 'takes no more calls; it is being stopped',
};

/** How long a caller should stay away from an upstream whose line is full. */
const crowdedRetryMs = 1_000;

function toRejected(name: string, why: Rejection): CallOutcome {
  const message = `the upstream "${name}" ${sentences[why]}`;
  if (why === 'cancelled')
    return { outcome: 'failed', code: 'call_cancelled', message, error: undefined, countsAgainst: false };
  const code = why === 'closed' ? 'upstream_unavailable' : 'limit_reached';
  return { outcome: 'refused', code, message, retryAfterMs: crowdedRetryMs };
}
