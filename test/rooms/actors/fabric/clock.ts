/** Clocks for these tests: the machine's own, and one whose hands a test turns. */
import { randomBytes } from 'node:crypto';

import type { Clock } from '../../../../src/actors/actors.ts';

/** Real time and chance, as the node hands them in. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => randomBytes(16),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface TurnedClock extends Clock {
  /** Lets time pass, and everything that becomes due on the way. */
  pass(ms: number): void;
  /** Delays that were asked for. */
  readonly asked: readonly number[];
}

/** Begins at a fixed moment; nothing happens before `pass`. */
export function turnedClock(startAt = Date.parse('2026-03-01T10:00:00.000Z')): TurnedClock {
  let at = startAt;
  let next = 0;
  const waiting = new Map<number, { readonly at: number; readonly callback: () => void }>();
  const asked: number[] = [];
  return {
    asked,
    now: () => at,
    monotonic: () => at - startAt,
    random: () => randomBytes(16),
    schedule(delayMs, callback) {
      asked.push(delayMs);
      next += 1;
      const key = next;
      waiting.set(key, { at: at + Math.max(0, delayMs), callback });
      return () => waiting.delete(key);
    },
    pass(ms) {
      const end = at + ms;
      for (;;) {
        const due = [...waiting].filter(([, one]) => one.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
        if (due === undefined) break;
        waiting.delete(due[0]);
        at = Math.max(at, due[1].at);
        due[1].callback();
      }
      at = end;
    },
  };
}
