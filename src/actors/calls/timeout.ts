/**
 * A bound on a piece of work that can be told to stop: its signal aborts when the time is over or the caller leaves.
 * What the work still does then is nobody's business: a late result is dropped and a late error is not a crash.
 */
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { Stop } from '../../../machines/words/stop.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { Clock } from '../clock.ts';

export interface TimeoutOptions {
  /** Infinity is no bound. */
  readonly ms: number;
  /** The caller's signal; its abort is reported as `call_cancelled`, or as the outer timeout that it is. */
  readonly signal?: StopSignal | undefined;
  readonly clock: Pick<Clock, 'schedule'>;
  /** What the work is, for the error's sentence. */
  readonly what: string;
}

/** Does the work within its time; rejects with `call_timeout` or `call_cancelled`. */
export function withTimeout<T>(
  options: TimeoutOptions,
  work: (signal: StopSignal) => Promise<T> | T,
): Promise<T> {
  const { ms, signal, clock, what } = options;
  if (signal?.aborted === true) return Promise.reject(toCancelled(signal, what));
  const inner = new Stop();
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      signal?.removeEventListener('abort', leave);
      settle();
    };
    const stop = (error: DreyError): void =>
      end(() => {
        reject(error);
        inner.abort(error);
      });
    const leave = (): void => {
      if (signal !== undefined) stop(toCancelled(signal, what));
    };
    const cancelTimer = Number.isFinite(ms)
      ? clock.schedule(ms, () =>
          stop(new DreyError('call_timeout', `${what} took longer than ${ms} ms`, { details: { ms } })),
        )
      : () => undefined;
    signal?.addEventListener('abort', leave);
    const fail = (error: unknown): void => end(() => reject(error));
    try {
      // Taken as it is: a promise of a promise is three turns of the line of tasks, in each call twice.
      Promise.resolve(work(inner.signal)).then((value) => end(() => resolve(value)), fail);
    } catch (error) {
      fail(error);
    }
  });
}

/** Waits; rejects with `call_cancelled` as soon as the signal aborts, and leaves no timer. */
export function rest(ms: number, clock: Pick<Clock, 'schedule'>, signal?: StopSignal): Promise<void> {
  const wait = (own: StopSignal): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.schedule(ms, resolve);
      own.addEventListener('abort', cancel);
    });
  return withTimeout({ ms: Infinity, signal, clock, what: 'the wait before the next try' }, wait);
}

/** A timeout further out aborts with its own error; anything else is the caller leaving. */
function toCancelled(signal: StopSignal, what: string): DreyError {
  const reason: unknown = signal.reason;
  if (isDreyError(reason) && reason.code === 'call_timeout') return reason;
  return new DreyError('call_cancelled', `${what} was cancelled by its caller`, { cause: reason });
}
