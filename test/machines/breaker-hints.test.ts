/** What another node's opening means here: a hint makes one failure enough, and does nothing by itself. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { breakerMachine } from '../../machines/breaker.machine.ts';
import { toBreakerSettings } from '../../src/actors/breaker/breaker-config.ts';
import type { BreakerConfig } from '../../src/actors/breaker/breaker-config.ts';
import { toTimes } from '../../src/actors/breaker/breaker-snapshot.ts';
import type { CallOutcome, Permit } from '../../src/actors/breaker/breaker.ts';
import { configs, ops } from './breaker-runs.ts';
import { call, open } from './breaker-stage.ts';

/** A window so large that nothing here fills it. */
const patient: BreakerConfig = { windowSize: 100, openMs: 1_000 };

type Step = CallOutcome | number | 'hint' | 'reset';

const cases: readonly (readonly [string, BreakerConfig, readonly Step[], string])[] = [
  ['a hint alone', patient, ['hint'], 'closed'],
  ['a failure after the hint', patient, ['hint', 'err'], 'open'],
  ['a failure without a hint', patient, ['err'], 'closed'],
  ['a success, and then a failure', patient, ['hint', 'ok', 'err'], 'closed'],
  ['what does not count, and then a failure', patient, ['hint', 'ignored', 'err'], 'open'],
  ['a failure just in time', patient, ['hint', 499, 'err'], 'open'],
  ['a failure too late', patient, ['hint', 500, 'err'], 'closed'],
  [
    'a failure too late, which used the hint up',
    patient,
    ['hint', 500, 'err', 'hint', 'ok', 'err'],
    'closed',
  ],
  ['a reset in between', patient, ['hint', 'reset', 'err'], 'closed'],
  ['two hints, the later one standing', patient, ['hint', 400, 'hint', 400, 'err'], 'open'],
  ['a breaker that judges by runs', { mode: 'consecutive', consecutive: 9 }, ['hint', 'err'], 'open'],
  ['a window of time', { ...patient, windowType: 'time', minCalls: 9 }, ['hint', 'err'], 'open'],
  ['failures that never open it', { ...patient, failureRate: 101 }, ['hint', 'err', 'err'], 'closed'],
];

describe('a breaker that gets a hint', () => {
  it.each(cases)('%s', (_what, config, steps, state) => {
    const { breaker, time } = open(config);
    for (const step of steps) {
      if (typeof step === 'number') time.now += step;
      else if (step === 'hint') breaker.hint(500);
      else if (step === 'reset') breaker.reset();
      else call(breaker, step);
    }
    expect(breaker.state).toBe(state);
  });

  it('believes no hint for longer than a minute, and none that lasts no time', () => {
    const { breaker, time } = open(patient);
    expect(breaker.hint(86_400_000)).toBe(true);
    time.now += 60_000;
    call(breaker, 'err');
    for (const forMs of [0, -1, Number.NaN]) expect(breaker.hint(forMs)).toBe(false);
    call(breaker, 'err');
    expect(breaker.state).toBe('closed');
  });

  it.each(['open', 'isolate', 'disable', 'metricsOnly'] as const)('is deaf to it after "%s"', (command) => {
    const { breaker } = open(patient);
    breaker[command]();
    const { state } = breaker;
    expect(breaker.hint(1_000)).toBe(false);
    breaker.reset();
    call(breaker, 'err');
    expect([state === 'closed', breaker.state]).toEqual([false, 'closed']);
  });

  it('tells of the edge as of any other, says that a hint was in it, and waits as always', () => {
    const { breaker, edges } = open(patient);
    breaker.hint(500);
    call(breaker, 'err');
    expect(edges).toMatchObject([
      { type: 'breaker.opened', from: 'closed', cause: { type: 'trip', hinted: true }, retryAfterMs: 1_000 },
    ]);
    const tripped = open({ mode: 'consecutive', consecutive: 1 });
    tripped.breaker.hint(500);
    call(tripped.breaker, 'err');
    // Its own rule was met as well, so this is its own opening.
    expect(tripped.edges[0]?.cause).not.toHaveProperty('hinted');
  });
});

describe('whatever the operations and the hints in between', () => {
  it('no hint moves a breaker, a hinted one opens on a failure only, and its causes replay its states', () => {
    fc.assert(
      fc.property(configs, ops, fc.array(fc.nat(59), { maxLength: 20 }), (config, steps, hintsAt) => {
        const { breaker, edges, time } = open(config);
        const out: Permit[] = [];
        for (const [index, step] of steps.entries()) {
          if (hintsAt.includes(index)) {
            const before = [breaker.state, edges.length, breaker.metrics()];
            breaker.hint(700);
            expect([breaker.state, edges.length, breaker.metrics()]).toEqual(before);
          }
          const told = edges.length;
          if (step.op === 'adv') time.now += step.ms;
          else if (step.op === 'call') call(breaker, step.outcome, step.d);
          else if (step.op === 'begin') {
            const admission = breaker.permit();
            if (admission.ok) out.push(admission.permit);
          } else if (step.op === 'end') {
            const permit = out[step.which];
            if (permit !== undefined) breaker.done(permit, step.outcome, 0);
          } else if (step.command !== 'open' && step.command !== 'halfOpen') breaker[step.command]();
          const isHinted = edges.slice(told).some(({ cause }) => 'hinted' in cause);
          if (isHinted) expect(step).toMatchObject({ outcome: 'err' });
        }
        const input = { breakerId: 'b-1', times: toTimes(toBreakerSettings(config)) };
        let state = initialTransition(breakerMachine, input)[0];
        for (const { from, to, cause } of edges) {
          expect(state.value).toBe(from);
          [state] = transition(breakerMachine, state, JSON.parse(JSON.stringify(cause)));
          expect(state.value).toBe(to);
        }
      }),
      { numRuns: 300 },
    );
  });
});
