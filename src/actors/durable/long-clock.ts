/**
 * A clock for XState's delays. Node fires timers of more than 24.8 days at once; this one chains them. Its timers
 * never keep the process alive.
 */

/** What XState needs of a clock. */
export interface TimerSource {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The node's own timers, or a stand-in. */
export interface NodeTimers {
  setTimeout(callback: () => void, delayMs: number): object;
  clearTimeout(timer: never): void;
}

/** The longest single timer that Node keeps. */
const timerMsMax = 2 ** 31 - 1;

interface LongTimer {
  current: object | null;
}

/** Wraps timers so that any delay is kept. */
export function createLongClock(timers: NodeTimers): TimerSource {
  const arm = (timer: LongTimer, callback: () => void, delayMs: number): void => {
    const part = Math.min(Math.max(delayMs, 0), timerMsMax);
    timer.current = timers.setTimeout(() => {
      if (part < delayMs) arm(timer, callback, delayMs - part);
      else callback();
    }, part);
    if ('unref' in timer.current && typeof timer.current.unref === 'function') timer.current.unref();
  };
  return {
    setTimeout(callback, delayMs) {
      const timer: LongTimer = { current: null };
      arm(timer, callback, delayMs);
      return timer;
    },
    clearTimeout(timer) {
      // Only timers made above come back here, and Node takes any of its own.
      const { current } = timer as LongTimer;
      if (current !== null) timers.clearTimeout(current as never);
    },
  };
}
