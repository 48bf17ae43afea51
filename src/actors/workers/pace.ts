/**
 * The pace of work that nobody waits for: slices, and after each a rest, in which whoever answers agents finds the cores
 * and the database free, and ordinary learning gets its turn. It knows nothing of the work.
 */
import type { Clock } from '../clock.ts';

/** Rests where a slice is over; to be called after each small step. */
export type Pace = () => Promise<void>;

const sliceMs = 10;
/**
 * So many times what the slice took by the clock, the database's part of it included: on a machine that others want a
 * slice takes longer, and so does the rest.
 */
const restTimes = 2;
/** What the machine did to one slice says little about the next one. */
const restMsMax = 1_000;

/** Begins with a slice. */
export function createPace(clock: Pick<Clock, 'monotonic' | 'schedule'>): Pace {
  let begun = clock.monotonic();
  return async () => {
    const tookMs = clock.monotonic() - begun;
    if (tookMs < sliceMs) return;
    const restMs = Math.min(restMsMax, tookMs * restTimes);
    await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
    begun = clock.monotonic();
  };
}
