import * as fc from 'fast-check';
import { setImmediate as breathe } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createHistogram, inOrder } from '../../../src/wire/wire.ts';

describe('bounded fan-out', () => {
  it('answers in the order of the questions and never exceeds the bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (waits, inFlightMax) => {
          let [open, most] = [0, 0];
          const answers = await inOrder(
            waits,
            async (wait, index) => {
              open += 1;
              most = Math.max(most, open);
              for (let turn = 0; turn < wait; turn += 1) await breathe();
              open -= 1;
              return index;
            },
            { inFlightMax },
          );
          expect(answers).toEqual(waits.map((_, index) => index));
          expect(most).toBeLessThanOrEqual(inFlightMax);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('quantiles', () => {
  it('are at most a tenth off', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1_000_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        (values) => {
          const histogram = createHistogram();
          for (const value of values) histogram.record(value);
          const sorted = [...values].sort((a, b) => a - b);
          const { p50, p95, max, count } = histogram.figures();
          expect([count, max]).toEqual([values.length, sorted.at(-1)]);
          for (const [fraction, figure] of [
            [0.5, p50],
            [0.95, p95],
          ] as const) {
            const exact = sorted[Math.ceil(fraction * sorted.length) - 1] ?? 0;
            expect(figure / exact).toBeGreaterThan(0.9);
            expect(figure / exact).toBeLessThan(1.1);
          }
        },
      ),
    );
  });

  it('of nothing are zero', () => {
    expect(createHistogram().figures()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});
