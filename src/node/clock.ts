/** The one place where real time and real chance enter the house; every other room gets them handed in. */
import { randomFillSync } from 'node:crypto';
import type { Clock } from '../actors/actors.ts';

/** Node cannot wait longer than this at once; longer delays are chained. */
const timeoutMsMax = 2 ** 31 - 1;

/** The machine's clocks; its timers never keep the process alive. */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: createRandom(),
    schedule,
  };
}

/** Chance is fetched for many at once: asking the system for each id costs more than the id. */
function createRandom(): () => Uint8Array {
  const pool = new Uint8Array(16 * 256);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += 16;
    return pool.slice(at - 16, at);
  };
}

function schedule(delayMs: number, callback: () => void): () => void {
  const state = { timer: undefined as NodeJS.Timeout | undefined };
  const arm = (restMs: number): void => {
    const wait = Math.min(restMs, timeoutMsMax);
    state.timer = setTimeout(() => (restMs > wait ? arm(restMs - wait) : callback()), Math.max(0, wait));
    state.timer.unref();
  };
  arm(delayMs);
  return () => clearTimeout(state.timer);
}
