/**
 * How long whoever comes waits for the event loop, and goes on waiting: the mean over the best of the last few slices of
 * time. One long step, or a burst that is worked off, leaves it low; only work that comes faster than it is done keeps it
 * up (the standing queue of CoDel, Nichols and Jacobson 2012). It never keeps the process alive.
 */
import type { Clock } from '../actors/actors.ts';

export interface Lateness {
  /** Milliseconds. */
  standing(): number;
  stop(): void;
}

const tickMs = 20;
/** So many slices must be bad one after the other: longer than a thousand calls at once take on a slow machine. */
export const slicesMax = 3;
export const sliceMs = 1_000;

interface Slice {
  readonly number: number;
  /** Of all who could have come, in ms²: one who comes during a step of L waits L/2 in the mean, and that L long. */
  waited: number;
}

/** Begins to measure. */
export function openLateness(clock: Pick<Clock, 'monotonic' | 'schedule'>): Lateness {
  const toNumber = (): number => Math.floor(clock.monotonic() / sliceMs);
  let slices: Slice[] = [];
  let cancel = (): void => {};
  const note = (lateMs: number): void => {
    const number = toNumber();
    const last = slices.at(-1);
    if (last?.number === number) last.waited += (lateMs * lateMs) / 2;
    else slices = [...slices.slice(-slicesMax), { number, waited: (lateMs * lateMs) / 2 }];
  };
  const arm = (): void => {
    const due = clock.monotonic() + tickMs;
    cancel = clock.schedule(tickMs, () => {
      note(Math.max(0, clock.monotonic() - due));
      arm();
    });
  };
  arm();
  return {
    standing: () => {
      const now = toNumber();
      // The slice that is not over yet says too little; one without a tick was a standstill, and says nothing of load.
      const whole = slices.filter(({ number }) => number < now && number >= now - slicesMax);
      return whole.length < slicesMax ? 0 : Math.min(...whole.map(({ waited }) => waited / sliceMs));
    },
    stop: () => cancel(),
  };
}
