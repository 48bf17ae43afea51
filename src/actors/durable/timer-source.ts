/** The house's clock as XState wants it: the same injected time for delays inside charts as for everything else. */
import type { Clock } from '../clock.ts';
import type { TimerSource } from './long-clock.ts';

/** Wraps `schedule`; what `setTimeout` returns is the way to cancel. */
export function toTimerSource(clock: Clock): TimerSource {
  return {
    setTimeout: (callback, delayMs) => clock.schedule(delayMs, callback),
    clearTimeout: (cancel) => {
      if (typeof cancel === 'function') cancel();
    },
  };
}
