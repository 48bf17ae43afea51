/** Any operations on the real breaker and on the naive model: the same state and the same figures after each of them. */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { isDreyError } from '../../machines/words/errors.ts';
import type { Permit } from '../../src/actors/breaker/breaker.ts';
import { toBreakerSettings } from '../../src/actors/breaker/breaker-config.ts';
import { BreakerModel } from './breaker-model.ts';
import type { ModelPermit } from './breaker-model.ts';
import { open } from './breaker-stage.ts';

/** The code of the error, or nothing. */
function toRefusal(act: () => void): string {
  try {
    act();
    return '';
  } catch (error) {
    return isDreyError(error) ? error.code : String(error);
  }
}

/** Configurations small enough to be used up. */
export const configs = fc.record({
  mode: fc.constantFrom('rate' as const, 'consecutive' as const),
  windowType: fc.constantFrom('count' as const, 'time' as const),
  windowSize: fc.integer({ min: 1, max: 6 }),
  minCalls: fc.integer({ min: 1, max: 8 }),
  failureRate: fc.constantFrom(10, 50, 100, 101),
  slowMs: fc.constantFrom(100, 1_000),
  slowRate: fc.constantFrom(50, 100, 101),
  consecutive: fc.integer({ min: 1, max: 4 }),
  openMs: fc.constantFrom(0, 500, 1_000),
  backoff: fc.constantFrom(1, 2),
  openMaxMs: fc.constantFrom(1_500, 100_000),
  halfOpenCalls: fc.integer({ min: 1, max: 3 }),
  halfOpenMaxMs: fc.constantFrom(0, 700),
});

const byHand = ['isolate', 'release', 'open', 'halfOpen', 'reset', 'disable', 'metricsOnly'] as const;
const outcomes = fc.constantFrom('ok' as const, 'err' as const, 'ignored' as const);
/** Up to 60 operations. */
export const ops = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        op: fc.constant('call' as const),
        outcome: outcomes,
        d: fc.constantFrom(0, 100, 2_000),
      }),
    },
    { weight: 4, arbitrary: fc.record({ op: fc.constant('begin' as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({ op: fc.constant('end' as const), which: fc.nat(5), outcome: outcomes }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant('adv' as const),
        ms: fc.constantFrom(1, 250, 499, 500, 1_000, 5_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant('hand' as const), command: fc.constantFrom(...byHand) }),
    },
  ),
  { maxLength: 60, size: 'max' },
);

/** Throws when they differ in any of so many runs. */
export function compareWithModel(numRuns: number): void {
  fc.assert(
    fc.property(configs, ops, (config, steps) => {
      const { breaker, time } = open(config);
      const model = new BreakerModel(toBreakerSettings(config));
      const refusals: string[] = [];
      const out: { real: Permit; naive: ModelPermit }[] = [];
      const begin = (): void => {
        const admission = breaker.permit();
        const naive = model.permit();
        expect(admission.ok).toBe(naive !== null);
        if (admission.ok && naive !== null) out.push({ real: admission.permit, naive });
      };
      const end = (index: number, outcome: 'ok' | 'err' | 'ignored', d: number): void => {
        const permit = out[index];
        if (permit === undefined) return;
        breaker.done(permit.real, outcome, d);
        model.done(permit.naive, outcome, d);
      };
      for (const step of steps) {
        if (step.op === 'adv') time.now = model.now += step.ms;
        else if (step.op === 'begin') begin();
        else if (step.op === 'end') end(step.which, step.outcome, 0);
        else if (step.op === 'call') {
          const before = out.length;
          begin();
          end(before, step.outcome, step.d);
        } else {
          refusals.push(toRefusal(() => breaker[step.command]()));
          model.command(step.command);
        }
        expect(breaker.state).toBe(model.state);
        expect(breaker.metrics()).toMatchObject(model.metrics());
      }
      for (const refusal of refusals) expect(['', 'transition_refused']).toContain(refusal);
    }),
    { numRuns },
  );
}
