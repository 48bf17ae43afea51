/**
 * How long a learner may give no sign of life. It runs at the lowest priority: on a machine that is busy for long it may be
 * starved, not hanging, and whoever kills it then only makes it begin anew, again and again. So each that was killed for its silence
 * gives the next one twice the time, until one lived for long.
 */
import type { Clock } from '../../actors/actors.ts';

export interface Patience {
  /** Silence from which it counts as hanging. */
  readonly silenceMs: number;
  /** One was given up for its silence. */
  lose(): void;
  /** One gave a sign of life. */
  hear(): void;
}

const leastMs = 10_000;
const mostMs = 320_000;
/** So many times the silence that is borne without a loss, and it is short again. */
const forgottenAfter = 10;

/** Begins with the least. */
export function createPatience({ monotonic }: Pick<Clock, 'monotonic'>): Patience {
  let silenceMs = leastMs;
  let lostAt = monotonic();
  return {
    get silenceMs() {
      return silenceMs;
    },
    lose() {
      silenceMs = Math.min(mostMs, silenceMs * 2);
      lostAt = monotonic();
    },
    hear() {
      if (monotonic() - lostAt >= silenceMs * forgottenAfter) silenceMs = leastMs;
    },
  };
}
