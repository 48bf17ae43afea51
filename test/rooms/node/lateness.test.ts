// What stays late is told from what was late once, on a clock of the test's own.
import { describe, expect, it } from 'vitest';
import { openLateness, sliceMs, slicesMax } from '../../../src/node/lateness.ts';

/** A loop that comes to its timers `lateMs` after they are due. */
function openLoop() {
  let now = 0;
  let due: { at: number; callback: () => void } | undefined;
  const clock = {
    monotonic: () => now,
    schedule: (delayMs: number, callback: () => void) => {
      due = { at: now + delayMs, callback };
      return () => void (due = undefined);
    },
  };
  const tick = (lateMs: number): void => {
    const next = due;
    if (next === undefined) return;
    now = next.at + lateMs;
    next.callback();
  };
  const run = (ms: number, lateMs: number): void => {
    const steps = Math.ceil(ms / (lateMs + 20));
    for (let step = 0; step < steps; step += 1) tick(lateMs);
  };
  return { lateness: openLateness(clock), tick, run, isArmed: () => due !== undefined };
}

const all = sliceMs * slicesMax;

describe('standing lateness', () => {
  it('is what one waits in the mean, once it has been so in every slice', () => {
    const { lateness, run } = openLoop();
    run(all, 0);
    run(all - sliceMs, 480);
    expect(lateness.standing()).toBe(0);
    run(2 * sliceMs, 480);
    // Two steps of 480 ms in a second: nearly everybody waits half a step.
    expect(lateness.standing()).toBeCloseTo(230, -1);
    run(2 * sliceMs, 5);
    expect(lateness.standing()).toBeLessThan(1);
  });

  it('is nothing for a process that stood still once, for a burst, and at the beginning', () => {
    const { lateness, run, tick } = openLoop();
    run(all / 2, 300);
    expect(lateness.standing()).toBe(0);
    run(all, 0);
    tick(60_000);
    expect(lateness.standing()).toBe(0);
    run(all, 0);
    run(all * 0.7, 400);
    run(sliceMs * 0.6, 0);
    expect(lateness.standing()).toBe(0);
  });

  it('ends when it is told to', () => {
    const { lateness, run, isArmed } = openLoop();
    run(200, 0);
    lateness.stop();
    expect(isArmed()).toBe(false);
  });
});
