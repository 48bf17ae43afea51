/** Breaker cases B41 to B50, which need the real object: calls on their way, listeners, processes, clocks. */
import { fork } from 'node:child_process';
import { getEventListeners, setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { transition } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { breakerEdges, breakerMachine } from '../../../../machines/breaker.machine.ts';
import type { BreakerEvent } from '../../../../machines/breaker.machine.ts';
import type { CallOutcome } from '../../../../machines/words/calls.ts';
import { openBreaker } from '../../../../src/actors/breaker/breaker.ts';
import type { BreakerEdge } from '../../../../src/actors/breaker/breaker.ts';
import type { BreakerConfig } from '../../../../src/actors/breaker/breaker-config.ts';
import { createGuards, guardCall } from '../../../../src/actors/calls/guards.ts';
import { compareWithModel } from '../../../machines/breaker-runs.ts';
import { repository } from '../../../support/programs.ts';
import { SimulatedTime } from './simulated-time.ts';

const finished: CallOutcome = { outcome: 'finished', result: '{}', isError: false };
const oneFailure: BreakerConfig = { mode: 'consecutive', consecutive: 1, openMs: 1_000 };
const { signal } = new AbortController();
setMaxListeners(0, signal);

/** An upstream behind its guards. */
function openUpstream(config: BreakerConfig, onEdge: (edge: BreakerEdge) => void = () => undefined) {
  const time = new SimulatedTime();
  const breaker = openBreaker({ id: 'b-1', config, clock: time, onEdge });
  const guards = createGuards({
    name: 'files',
    breaker,
    config: { bulkhead: { limit: 2_000 } },
    clock: time,
    chance: () => 0.5,
  });
  const reached = { calls: 0 };
  const call = (work: () => Promise<CallOutcome>): Promise<CallOutcome> =>
    guardCall(guards, {
      namespace: 'a',
      signal,
      isRepeatable: false,
      work: () => {
        reached.calls += 1;
        return work();
      },
    });
  return { time, breaker, reached, call };
}

const fail = (): Promise<CallOutcome> => Promise.reject(new Error('gone'));

describe('a breaker around real calls', () => {
  it('B41 of one upstream knows nothing of another', async () => {
    const a = openUpstream(oneFailure);
    const b = openUpstream(oneFailure);
    await a.call(fail);
    expect(await a.call(async () => finished)).toMatchObject({ code: 'breaker_open', retryAfterMs: 1_000 });
    expect(await b.call(async () => finished)).toEqual(finished);
    expect([a.breaker.state, b.breaker.state]).toEqual(['open', 'closed']);
  });

  it('B42 lets exactly three of a thousand calls at once reach the upstream while half-open', async () => {
    const { time, breaker, reached, call } = openUpstream({ ...oneFailure, halfOpenCalls: 3 });
    await call(fail);
    await time.pass(1_000);
    reached.calls = 0;
    const all = Array.from({ length: 1_000 }, () =>
      call(() => new Promise((resolve) => time.schedule(50, () => resolve(finished)))),
    );
    const outcomes = await time.until(Promise.all(all));
    expect(reached.calls).toBe(3);
    expect(outcomes.filter(({ outcome }) => outcome === 'finished')).toHaveLength(3);
    expect(outcomes.filter(({ outcome }) => outcome === 'refused')).toHaveLength(997);
    expect(breaker.state).toBe('closed');
  });

  it('B43 is not broken by a listener that throws', async () => {
    const { time, breaker, call } = openUpstream(oneFailure, () => {
      throw new Error('listener');
    });
    await call(fail);
    expect(breaker.state).toBe('open');
    await time.pass(1_000);
    expect(await call(async () => finished)).toEqual(finished);
    expect(breaker.state).toBe('closed');
  });

  it('B44 lets nothing grow when one error object fails a hundred calls and a hundred are refused', async () => {
    const { call } = openUpstream({ windowSize: 100, minCalls: 100 });
    const error = new Error('always the same');
    const before = JSON.stringify([error.stack, Object.getOwnPropertyNames(error)]);
    for (let n = 0; n < 100; n += 1) await call(() => Promise.reject(error));
    expect(JSON.stringify([error.stack, Object.getOwnPropertyNames(error)])).toBe(before);
    const refusals = new Set<string>();
    for (let n = 0; n < 100; n += 1) refusals.add(JSON.stringify(await call(async () => finished)));
    expect([...refusals]).toEqual([expect.stringContaining('breaker_open')]);
  });

  it('B45 keeps no process alive once it is closed, whatever state it was in', async () => {
    const child = fork(join(repository, 'dist/test/rooms/actors/guards/breaker-program.js'), {
      stdio: 'ignore',
    });
    const closedAt = await new Promise<number>((resolve) =>
      child.once('message', () => resolve(performance.now())),
    );
    child.disconnect();
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
    expect(performance.now() - closedAt).toBeLessThan(1_000);
  });

  it('B46 leaves no listener and no timer behind, opened and closed a hundred times', async () => {
    const listeners = (): number[] => process.eventNames().map((name) => process.listenerCount(name));
    const handles = (): string[] => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout');
    const before = [listeners(), handles()];
    for (let round = 0; round < 100; round += 1) {
      const { time, breaker, call } = openUpstream(oneFailure);
      await call(fail);
      await call(async () => finished);
      breaker.close();
      expect(time.pending).toBe(0);
    }
    expect([listeners(), handles()]).toEqual(before);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each<BreakerConfig>([
    { failureRate: 0 },
    { failureRate: -1 },
    { failureRate: Number.NaN },
    { windowSize: 0 },
    { windowSize: 0.5 },
    { windowSize: -1 },
    { minCalls: 0 },
    { halfOpenCalls: 0 },
    { openMs: -1 },
  ])('B47 refuses a configuration that makes no sense when it is opened: %j', (config) => {
    const open = (): unknown => openBreaker({ id: 'b-1', config, clock: new SimulatedTime(), onEdge() {} });
    expect(open).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });

  it('B48 probes after its wait by the monotonic clock, although the wall clock was set back an hour', () => {
    const clocks = { monotonic: 0, wall: 1_700_000_000_000 };
    const clock = { monotonic: () => clocks.monotonic, now: () => clocks.wall };
    const breaker = openBreaker({ id: 'b-1', config: oneFailure, clock, onEdge() {} });
    breaker.open();
    clocks.wall -= 3_600_000;
    clocks.monotonic = 999;
    expect(breaker.permit()).toEqual({ ok: false, retryAfterMs: 1 });
    clocks.monotonic = 1_000;
    expect(breaker.permit().ok).toBe(true);
    expect(breaker.state).toBe('halfOpen');
  });

  it('B49 reaches all six states, and goes along every edge it declares and no other', () => {
    const later = { at: 10_000 };
    const rates = { failureRate: 100, slowRate: 0 };
    const events: BreakerEvent[] = [
      { type: 'trip', ...rates, at: 0 },
      { type: 'probe', ...later },
      { type: 'probes.passed', ...later },
      { type: 'probes.failed', ...rates, ...later },
      { type: 'probes.overdue', ...later },
      ...(
        ['isolate', 'release', 'open', 'halfOpen', 'reset', 'disable', 'metricsOnly', 'restored'] as const
      ).map((type) => ({ type, at: 0 })),
    ];
    const input = {
      breakerId: 'b-1',
      times: { openMs: 1_000, backoff: 1, openMaxMs: null, halfOpenMaxMs: 1_000 },
    };
    const paths = getShortestPaths(breakerMachine, {
      input,
      events,
      serializeState: ({ value }) => value,
    });
    const states = paths.map(({ state }) => state);
    expect(states.map(({ value }) => value).toSorted()).toEqual(
      Object.keys(breakerMachine.states).toSorted(),
    );
    expect(states).toHaveLength(6);
    const walked = new Set<string>();
    for (const state of states)
      for (const event of events) {
        const [next] = transition(breakerMachine, state, event);
        if (next.value !== state.value) walked.add(`${state.value}>${next.value}`);
      }
    expect([...walked].toSorted()).toEqual(Object.keys(breakerEdges).toSorted());
  });

  it('B50 agrees with a naive model in ten thousand runs of any operations', { timeout: 180_000 }, () => {
    compareWithModel(10_000);
  });
});
