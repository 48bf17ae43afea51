/** One call through all guards: R7 to R9, R12 to R16, and what each end means for the breaker. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { CallOutcome } from '../../../../machines/words/calls.ts';
import { DreyError } from '../../../../machines/words/errors.ts';
import type { StopSignal } from '../../../../machines/words/stop.ts';
import { openBreaker } from '../../../../src/actors/breaker/breaker.ts';
import type { BreakerConfig } from '../../../../src/actors/breaker/breaker-config.ts';
import { createGuards, guardCall } from '../../../../src/actors/calls/guards.ts';
import type { GuardConfig, GuardedCall } from '../../../../src/actors/calls/guards.ts';
import { SimulatedTime, watch } from './simulated-time.ts';

const finished: CallOutcome = { outcome: 'finished', result: '{}', isError: false };
const broken: CallOutcome = {
  outcome: 'failed',
  code: 'upstream_failed',
  message: 'gone',
  error: undefined,
  countsAgainst: true,
};

function stage(config: GuardConfig = {}, breakerConfig: BreakerConfig = {}) {
  const time = new SimulatedTime();
  const breaker = openBreaker({
    id: 'b-1',
    config: { minCalls: 100, windowSize: 100, ...breakerConfig },
    clock: time,
    onEdge() {},
  });
  const guards = createGuards({
    name: 'files',
    breaker,
    config: { retry: { jitter: 0 }, ...config },
    clock: time,
    chance: () => 0.5,
  });
  const at: number[] = [];
  const call = (work: GuardedCall['work'], options: Partial<GuardedCall> = {}) =>
    watch(
      guardCall(guards, {
        namespace: 'a',
        signal: new AbortController().signal,
        isRepeatable: false,
        work: (signal) => {
          at.push(time.monotonic());
          return work(signal);
        },
        ...options,
      }),
    );
  return { time, breaker, guards, at, call };
}

const hang = (): Promise<never> => new Promise(() => undefined);
const kept = (value: unknown) => ({ state: 'kept', value });

describe('a guarded call', () => {
  it('passes what the upstream answered on, as it is', async () => {
    const { time, breaker, call } = stage();
    const ended = call(async () => finished);
    await time.pass(0);
    expect(ended.fate).toEqual(kept(finished));
    expect(breaker.metrics()).toMatchObject({ buffered: 1, failed: 0 });
    expect(time.pending).toBe(0);
  });

  it('R7 tries a tool again only when it may be repeated', async () => {
    const { time, at, call } = stage({ retry: { tries: 3, baseMs: 100, jitter: 0 } });
    const once = call(async () => broken);
    await time.pass(1_000);
    expect(once.fate).toEqual(kept(broken));
    expect(at).toEqual([0]);
    let tries = 0;
    const again = call(async () => ((tries += 1) < 3 ? broken : finished), { isRepeatable: true });
    await time.pass(1_000);
    expect(again.fate).toEqual(kept(finished));
    expect(at).toEqual([0, 1_000, 1_100, 1_300]);
  });

  it.each<CallOutcome>([
    { outcome: 'finished', result: '{}', isError: true },
    { ...broken, countsAgainst: false },
    { outcome: 'refused', code: 'upstream_unavailable', message: 'starting', retryAfterMs: 10 },
  ])('R8 takes an answer for an answer: %j', async (outcome) => {
    const { time, at, call } = stage();
    const ended = call(async () => outcome, { isRepeatable: true });
    await time.pass(1_000);
    expect(ended.fate).toEqual(kept(outcome));
    expect(at).toHaveLength(1);
  });

  it('R9 stops trying when the breaker opens, and says when to come back', async () => {
    const { time, at, call } = stage(
      { retry: { tries: 7, baseMs: 10, backoff: 'constant', jitter: 0 } },
      { mode: 'consecutive', consecutive: 3, openMs: 1_000 },
    );
    const ended = call(async () => broken, { isRepeatable: true });
    await time.pass(500);
    expect(ended.fate).toMatchObject(kept({ outcome: 'refused', code: 'breaker_open', retryAfterMs: 990 }));
    expect(at).toHaveLength(3);
  });

  it('R12 keeps the deadline: 1 s in all, 400 ms a try and 100 ms between them are two tries', async () => {
    const { time, breaker, at, call } = stage({
      totalMs: 1_000,
      tryMs: 400,
      retry: { tries: 9, baseMs: 100, backoff: 'constant', jitter: 0 },
    });
    const ended = call(hang, { isRepeatable: true });
    await time.pass(1_000);
    expect(ended.fate).toMatchObject(kept({ outcome: 'failed', code: 'call_timeout', countsAgainst: true }));
    expect(at).toEqual([0, 500]);
    expect(breaker.metrics()).toMatchObject({ buffered: 2, failed: 2 });
    expect(time.pending).toBe(0);
  });

  it('R13 aborts the try that takes too long', async () => {
    const { time, call } = stage({ tryMs: 100 });
    let seen: StopSignal | undefined;
    call((signal) => {
      seen = signal;
      return hang();
    });
    await time.pass(100);
    expect(seen?.aborted).toBe(true);
  });

  it('R14 says cancelled when the caller left, frees everything, and blames nobody', async () => {
    const { time, breaker, guards, call } = stage();
    const caller = new AbortController();
    const ended = call(hang, { signal: caller.signal, isRepeatable: true });
    await time.pass(10);
    caller.abort();
    await time.pass(0);
    expect(ended.fate).toMatchObject(
      kept({ outcome: 'failed', code: 'call_cancelled', countsAgainst: false }),
    );
    expect(breaker.metrics()).toMatchObject({ buffered: 0 });
    expect(guards.bulkhead.free.calls).toBe(64);
    expect([guards.budget.inFlight, time.pending]).toEqual([0, 0]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('R16 refuses what the bulkhead has no room for, and does not count it against the upstream', async () => {
    const { time, breaker, at, call } = stage(
      { bulkhead: { limit: 1, queue: 0 } },
      { mode: 'consecutive', consecutive: 1 },
    );
    call(hang);
    const ended = call(async () => finished, { isRepeatable: true });
    await time.pass(100);
    expect(ended.fate).toMatchObject(kept({ outcome: 'refused', code: 'limit_reached' }));
    expect(at).toHaveLength(1);
    expect(breaker.state).toBe('closed');
    expect(breaker.metrics()).toMatchObject({ buffered: 0 });
  });

  it('R16 gives the place of a probe back when the bulkhead has no room', async () => {
    const { time, breaker, call } = stage(
      { bulkhead: { limit: 0 } },
      { mode: 'consecutive', consecutive: 1, openMs: 10 },
    );
    breaker.open();
    await time.pass(10);
    call(async () => finished);
    call(async () => finished);
    await time.pass(0);
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.permit().ok).toBe(true);
  });

  it('R16 does not count the wait in line as a slow upstream', async () => {
    const { time, breaker, call } = stage({ bulkhead: { limit: 1, queue: 1 } }, { slowMs: 150 });
    const for100Ms = () => new Promise<CallOutcome>((resolve) => time.schedule(100, () => resolve(finished)));
    call(for100Ms);
    call(for100Ms);
    await time.pass(200);
    expect(breaker.metrics()).toMatchObject({ buffered: 2, slow: 0 });
  });

  it('counts a hanging upstream whose whole time was one try, but not one that had hardly any of it', async () => {
    const { time, breaker, call } = stage({ totalMs: 1_000, bulkhead: { limit: 1, queue: 1 } });
    call(() => new Promise((resolve) => time.schedule(900, () => resolve(finished))));
    const squeezed = call(hang);
    await time.pass(1_000);
    expect(squeezed.fate).toMatchObject(kept({ code: 'call_timeout' }));
    expect(breaker.metrics()).toMatchObject({ buffered: 1, failed: 0 });
    call(hang);
    await time.pass(1_000);
    expect(breaker.metrics()).toMatchObject({ buffered: 2, failed: 1 });
  });

  it('never rejects: work that throws has failed', async () => {
    const { time, breaker, call } = stage();
    const thrown = call(() => Promise.reject(new Error('odd')));
    const known = call(() => {
      throw new DreyError('call_cancelled', 'left');
    });
    await time.pass(0);
    expect(thrown.fate).toMatchObject(
      kept({ outcome: 'failed', code: 'upstream_failed', message: 'odd', countsAgainst: true }),
    );
    expect(known.fate).toMatchObject(
      kept({ outcome: 'failed', code: 'call_cancelled', countsAgainst: false }),
    );
    expect(breaker.metrics()).toMatchObject({ buffered: 1, failed: 1 });
  });

  it('spends no more retries than the budget has, when everything fails at once', async () => {
    const { time, at, call } = stage(
      {
        bulkhead: { limit: 1_000 },
        budget: { rate: 0.1, floor: 0 },
        retry: { tries: 10, baseMs: 1, backoff: 'constant', jitter: 0 },
      },
      { failureRate: 101 },
    );
    const failLater = () => new Promise<CallOutcome>((resolve) => time.schedule(5, () => resolve(broken)));
    for (let n = 0; n < 100; n += 1) call(failLater, { isRepeatable: true });
    await time.pass(1_000);
    expect(at.length).toBeGreaterThan(100);
    expect(at.length).toBeLessThan(130);
  });

  it.each([{ totalMs: 0 }, { totalMs: Number.NaN }, { tryMs: -1 }])(
    'refuses a configuration that makes no sense: %j',
    (config) => {
      expect(() => stage(config)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    },
  );
});
