/**
 * Tries a piece of work again while that can help: bounded in number, in time and by a budget. What may be tried again
 * is for the caller to say; doing something twice that was meant once is worse than any failure.
 */
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import { toBackoffMs } from './backoff.ts';
import type { BackoffSettings } from './backoff.ts';
import type { Clock } from '../clock.ts';
import type { RetryBudget } from './retry-budget.ts';
import { rest } from './timeout.ts';

export interface RetrySettings extends BackoffSettings {
  /** The first try counts. */
  readonly tries: number;
}
export type RetryConfig = Partial<RetrySettings>;

export const retryDefaults: RetrySettings = {
  tries: 3,
  backoff: 'exponential',
  baseMs: 100,
  capMs: 5_000,
  jitter: 0.25,
};

/** Most tries of one piece of work. */
export const triesMax = 1_000;

/** How one try ended. */
export type Ended<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** Whether to try again, and after what wait if the other side asked for one. */
export type Again = false | { readonly afterMs?: number | undefined };

export interface RetryOptions<T> {
  readonly settings: RetrySettings;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  /** Numbers from 0 up to 1. */
  readonly chance: () => number;
  readonly again?: (ended: Ended<T>) => Again;
  readonly budget?: RetryBudget;
  readonly signal?: StopSignal;
  /** On the monotonic clock; no try begins after it, and none is waited for that would. */
  readonly deadlineAt?: number;
}

/** Does the work, again if need be; ends as the last try ended. */
export async function retry<T>(
  work: (attempt: number) => Promise<T> | T,
  options: RetryOptions<T>,
): Promise<T> {
  const { settings, clock, chance, budget, signal, deadlineAt = Infinity } = options;
  const again: (ended: Ended<T>) => Again = options.again ?? toAgain;
  let end = budget?.begin();
  try {
    for (let attempt = 1; ; attempt += 1) {
      const ended = await toEnded(work, attempt);
      end?.();
      const verdict = attempt >= settings.tries || signal?.aborted === true ? false : again(ended);
      if (verdict === false) return toResult(ended);
      const waitMs = toBackoffMs(settings, attempt, chance, verdict.afterMs);
      if (clock.monotonic() + waitMs >= deadlineAt) return toResult(ended);
      end = budget?.beginRetry();
      if (budget !== undefined && end === undefined) return toResult(ended);
      await rest(waitMs, clock, signal);
    }
  } finally {
    end?.();
  }
}

/** Fills in the defaults; throws `config_invalid`. */
export function toRetrySettings(config: RetryConfig): RetrySettings {
  const settings = { ...retryDefaults, ...config };
  const { tries, backoff, baseMs, capMs, jitter } = settings;
  if (!Number.isInteger(tries) || tries < 1 || tries > triesMax)
    throw refuse('tries', tries, `a whole number from 1 to ${triesMax}`);
  if (!['constant', 'linear', 'exponential'].includes(backoff))
    throw refuse('backoff', backoff, 'constant, linear or exponential');
  if (!(baseMs >= 0 && baseMs < Infinity)) throw refuse('baseMs', baseMs, 'a number of milliseconds');
  if (!(capMs >= 0 && capMs < Infinity)) throw refuse('capMs', capMs, 'a number of milliseconds');
  if (!(jitter >= 0 && jitter <= 1)) throw refuse('jitter', jitter, 'a share from 0 to 1');
  return settings;
}

/**
 * The rule where the caller has none: again after failures of a dependency that may pass. Never after a refusal by
 * our own breaker, after wrong arguments or missing permission, or when the caller has left.
 */
export function toAgain(ended: Ended<unknown>): Again {
  if (ended.ok || !isDreyError(ended.error)) return false;
  const { kind, retry: helps, code, details } = ended.error;
  if (kind !== 'dependency_failed' || helps === 'never' || code === 'breaker_open') return false;
  const { retryAfterMs } = details;
  return typeof retryAfterMs === 'number' ? { afterMs: retryAfterMs } : {};
}

async function toEnded<T>(work: (attempt: number) => Promise<T> | T, attempt: number): Promise<Ended<T>> {
  try {
    return { ok: true, value: await work(attempt) };
  } catch (error) {
    return { ok: false, error };
  }
}

function toResult<T>(ended: Ended<T>): T {
  if (ended.ok) return ended.value;
  throw ended.error;
}

function refuse(name: string, value: unknown, right: string): DreyError {
  return new DreyError('config_invalid', `The retries' ${name} is ${String(value)}; it must be ${right}.`, {
    details: { field: name },
  });
}
