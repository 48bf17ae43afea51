/** The real breaker: agrees with a naive model, keeps its rules under any operations, and breaks no process. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { breakerMachine } from '../../machines/breaker.machine.ts';
import { isEventType } from '../../machines/words/events.ts';
import { openBreaker } from '../../src/actors/breaker/breaker.ts';
import type { Breaker, Permit } from '../../src/actors/breaker/breaker.ts';
import { toBreakerSettings } from '../../src/actors/breaker/breaker-config.ts';
import type { BreakerConfig } from '../../src/actors/breaker/breaker-config.ts';
import { toTimes } from '../../src/actors/breaker/breaker-snapshot.ts';
import { compareWithModel, configs, ops } from './breaker-runs.ts';
import { Time, call, open } from './breaker-stage.ts';

describe('a breaker', () => {
  it('agrees with a naive model after every operation, whatever the operations are', () => {
    compareWithModel(500);
  });

  it('lets nothing pass while open, and exactly its probes while half-open', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(999),
        fc.integer({ min: 1, max: 50 }),
        (probes, ms, flood) => {
          const { breaker, time } = open({
            mode: 'consecutive',
            consecutive: 1,
            openMs: 1_000,
            halfOpenCalls: probes,
          });
          call(breaker, 'err');
          time.now += ms;
          for (let n = 0; n < flood; n += 1)
            expect(breaker.permit()).toEqual({ ok: false, retryAfterMs: 1_000 - ms });
          time.now = 1_000;
          const admitted = Array.from({ length: flood }, () => breaker.permit()).filter(({ ok }) => ok);
          expect(admitted).toHaveLength(Math.min(flood, probes));
        },
      ),
    );
  });

  it('tells each edge with its event and its cause, and the causes alone replay its states', () => {
    fc.assert(
      fc.property(configs, ops, (config, steps) => {
        const { breaker, edges, time } = open(config);
        const out: Permit[] = [];
        for (const step of steps) {
          if (step.op === 'adv') time.now += step.ms;
          else if (step.op === 'call') call(breaker, step.outcome, step.d);
          else if (step.op === 'begin') {
            const admission = breaker.permit();
            if (admission.ok) out.push(admission.permit);
          } else if (step.op === 'end') {
            const permit = out[step.which];
            if (permit !== undefined) breaker.done(permit, step.outcome, 0);
          } else if (step.command !== 'open' && step.command !== 'halfOpen') breaker[step.command]();
        }
        const input = { breakerId: 'b-1', times: toTimes(toBreakerSettings(config)) };
        let state = initialTransition(breakerMachine, input)[0];
        for (const edge of edges) {
          expect(isEventType(edge.type)).toBe(true);
          expect(state.value).toBe(edge.from);
          [state] = transition(breakerMachine, state, JSON.parse(JSON.stringify(edge.cause)));
          expect(state.value).toBe(edge.to);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is not broken by a listener that throws, nor by one that commands it', () => {
    const time = new Time();
    const said: string[] = [];
    const throwing = openBreaker({
      id: 'b-1',
      config: { mode: 'consecutive', consecutive: 1 },
      clock: { monotonic: () => time.now },
      onEdge: () => {
        throw new Error('listener');
      },
    });
    call(throwing, 'err');
    expect(throwing.state).toBe('open');
    const commanded: Breaker = openBreaker({
      id: 'b-2',
      config: { mode: 'consecutive', consecutive: 1 },
      clock: { monotonic: () => time.now },
      onEdge: ({ from, to }) => {
        said.push(`${from}>${to}`);
        if (to === 'open') {
          commanded.isolate();
          commanded.reset();
        }
      },
    });
    call(commanded, 'err');
    expect(said).toEqual(['closed>open', 'open>isolated', 'isolated>closed']);
    expect(commanded.state).toBe('closed');
  });

  it('does not share anything with another one', () => {
    const a = open({ mode: 'consecutive', consecutive: 1 }).breaker;
    const b = open({ mode: 'consecutive', consecutive: 1 }).breaker;
    call(a, 'err');
    expect([a.state, b.state]).toEqual(['open', 'closed']);
  });

  it.each<BreakerConfig>([
    { failureRate: 0 },
    { failureRate: Number.NaN },
    { slowRate: -1 },
    { windowSize: 0 },
    { windowSize: 0.5 },
    { windowSize: -1 },
    { windowSize: 1_000_000 },
    { minCalls: 0 },
    { halfOpenCalls: 0 },
    { consecutive: 0 },
    { openMs: -1 },
    { openMs: Infinity },
    { backoff: 0.5 },
  ])('refuses a configuration that makes no sense: %j', (config) => {
    expect(() => open(config)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });

  it('never waits for NaN or for less, however often probes fail', () => {
    const { breaker, time } = open({ mode: 'consecutive', consecutive: 1, openMs: 1_000, backoff: 10 });
    for (let failure = 0; failure < 400; failure += 1) {
      call(breaker, 'err');
      const wait = breaker.retryAfterMs();
      expect(wait).toBeGreaterThanOrEqual(failure === 0 ? 1_000 : 0);
      if (time.now + (wait ?? 0) < Number.MAX_SAFE_INTEGER) time.now += wait ?? 0;
      else breaker.halfOpen();
    }
  });
});
