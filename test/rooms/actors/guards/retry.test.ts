/** Retry, timeout and budget cases R1 to R15. */
import { getEventListeners, setMaxListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DreyError } from '../../../../machines/words/errors.ts';
import type { StopSignal } from '../../../../machines/words/stop.ts';
import { toBackoffMs } from '../../../../src/actors/calls/backoff.ts';
import type { BackoffSettings } from '../../../../src/actors/calls/backoff.ts';
import { openBreaker } from '../../../../src/actors/breaker/breaker.ts';
import { isRepeatable } from '../../../../src/actors/calls/repeatable.ts';
import { createRetryBudget } from '../../../../src/actors/calls/retry-budget.ts';
import { retry, toRetrySettings } from '../../../../src/actors/calls/retry.ts';
import type { RetryConfig } from '../../../../src/actors/calls/retry.ts';
import { withTimeout } from '../../../../src/actors/calls/timeout.ts';
import { SimulatedTime, watch } from './simulated-time.ts';

const middle = (): number => 0.5;
const plain: BackoffSettings = { backoff: 'constant', baseMs: 1_000, capMs: 1e9, jitter: 0 };
const kinds = ['constant', 'linear', 'exponential'] as const;
const waits = (settings: Partial<BackoffSettings>, tries: number, chance = middle): number[] =>
  Array.from({ length: tries }, (_, n) => toBackoffMs({ ...plain, ...settings }, n + 1, chance));

describe('a backoff', () => {
  it('R1 stays, grows by its base, or doubles', () => {
    expect(kinds.map((backoff) => waits({ backoff }, 3))).toEqual([
      [1_000, 1_000, 1_000],
      [1_000, 2_000, 3_000],
      [1_000, 2_000, 4_000],
    ]);
  });

  it('R2 is never longer than its cap, with and without jitter', () => {
    for (const backoff of kinds)
      for (const jitter of [0, 0.25])
        expect(waits({ backoff, jitter, baseMs: 10_000, capMs: 1_000 }, 3)).toEqual([1_000, 1_000, 1_000]);
    expect(waits({ jitter: 0.25, baseMs: 10_000, capMs: 1_000 }, 1, () => 0.999)).toEqual([1_000]);
  });

  it('R3 is the cap where the arithmetic overflows, and a sane number however it is set', () => {
    const day = 86_400_000;
    for (const attempt of [1_000, 1_100, 1e9])
      expect(
        toBackoffMs({ backoff: 'exponential', baseMs: day, capMs: day, jitter: 0.25 }, attempt, middle),
      ).toBe(day);
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.nat(1e9),
        fc.nat(1e9),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (backoff, baseMs, capMs, jitter, attempt, chance) => {
          const wait = toBackoffMs({ backoff, baseMs, capMs, jitter }, attempt, () => chance);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(capMs);
        },
      ),
    );
  });

  it('R4 stays zero when its base is zero', () => {
    for (const backoff of kinds)
      expect(waits({ backoff, baseMs: 0, jitter: 0.25 }, 1_100).every((ms) => ms === 0)).toBe(true);
  });

  it('R5 varies by a quarter either way', () => {
    const all = [0, 0.25, 0.5, 0.999_999].map(
      (chance) => waits({ jitter: 0.25, baseMs: 1 }, 1, () => chance)[0],
    );
    expect(all[0]).toBe(0.75);
    expect(all[2]).toBe(1);
    for (const wait of all) expect(wait).toBeGreaterThanOrEqual(0.75);
    for (const wait of all) expect(wait).toBeLessThanOrEqual(1.25);
  });

  it('R6 is what the other side asked for, up to the cap', () => {
    const settings = { ...plain, capMs: 5_000, jitter: 0.25 };
    expect([0, 3_000, 60_000].map((asked) => toBackoffMs(settings, 1, middle, asked))).toEqual([
      0, 3_000, 5_000,
    ]);
    expect(toBackoffMs(settings, 1, middle, Number.NaN)).toBe(1_000);
  });
});

describe('what may be repeated', () => {
  it('R7 is reading and listing, and a tool only where the configuration says so', () => {
    expect(isRepeatable('tools/list', undefined, [])).toBe(true);
    expect(isRepeatable('resources/read', undefined, [])).toBe(true);
    expect(isRepeatable('tasks/cancel', undefined, [])).toBe(false);
    expect(isRepeatable('tools/call', 'get_file', [])).toBe(false);
    expect(isRepeatable('tools/call', undefined, ['*'])).toBe(false);
    expect(isRepeatable('tools/call', 'get_file', ['get_*'])).toBe(true);
    expect(isRepeatable('tools/call', 'delete_file', ['get_*', 'list_file'])).toBe(false);
  });

  it.each([
    ['*', 'anything', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['a*a', 'aa', true],
    ['a*b*b', 'ab', false],
    ['get', 'get_more', false],
    ['', '', true],
  ])('R7 reads the pattern %j for the tool %j as %j', (pattern, tool, expected) => {
    expect(isRepeatable('tools/call', tool, [pattern])).toBe(expected);
  });
});

/** A piece of work that fails so often, and who watches it. */
function stage(config: RetryConfig, fail: (attempt: number) => Error | undefined) {
  const time = new SimulatedTime();
  const at: number[] = [];
  const settings = toRetrySettings({ jitter: 0, ...config });
  const run = (options: Partial<Parameters<typeof retry<string>>[1]> = {}) =>
    watch(
      retry(
        (attempt) => {
          at.push(time.monotonic());
          const error = fail(attempt);
          if (error !== undefined) throw error;
          return `try ${attempt}`;
        },
        { settings, clock: time, chance: middle, ...options },
      ),
    );
  return { time, at, run };
}

const gone = (details = {}): DreyError => new DreyError('upstream_failed', 'gone', { details });

describe('a retry', () => {
  it('R1 tries again after each wait and gives the first result', async () => {
    const { time, at, run } = stage({ tries: 4, baseMs: 100 }, (attempt) =>
      attempt < 4 ? gone() : undefined,
    );
    const ended = run();
    await time.pass(1_000);
    expect(ended.fate).toEqual({ state: 'kept', value: 'try 4' });
    expect(at).toEqual([0, 100, 300, 700]);
  });

  it('ends with the last error, as it is, when all tries are used up', async () => {
    const errors = [gone(), gone(), gone()];
    const { time, at, run } = stage({ tries: 3, baseMs: 0 }, (attempt) => errors[attempt - 1]);
    const ended = run();
    await time.pass(0);
    expect(ended.fate).toEqual({ state: 'broken', error: errors[2] });
    expect(at).toHaveLength(3);
  });

  it('R6 waits as long as the error asks for, up to the cap', async () => {
    const { time, at, run } = stage({ tries: 3, baseMs: 10, capMs: 500 }, (attempt) =>
      gone({ retryAfterMs: attempt === 1 ? 300 : 9_000 }),
    );
    run();
    await time.pass(2_000);
    expect(at).toEqual([0, 300, 800]);
  });

  it.each([
    ['wrong arguments', new DreyError('argument_invalid', 'no')],
    ['missing permission', new DreyError('permission_denied', 'no')],
    ['an unknown principal', new DreyError('principal_unknown', 'no')],
    ['an open breaker', new DreyError('breaker_open', 'no')],
    ['a full bulkhead', new DreyError('limit_reached', 'no')],
    ['the caller leaving', new DreyError('call_cancelled', 'no')],
    ['a bug', new TypeError('no')],
  ])('R8 is not made after %s', async (_, error) => {
    const { time, at, run } = stage({ tries: 5, baseMs: 1 }, () => error);
    const ended = run();
    await time.pass(100);
    expect(ended.fate).toEqual({ state: 'broken', error });
    expect(at).toHaveLength(1);
  });

  it('R9 around a breaker reaches the upstream until it opens; the rest is refused', async () => {
    const time = new SimulatedTime();
    const breaker = openBreaker({
      id: 'b-1',
      config: { mode: 'consecutive', consecutive: 3 },
      clock: time,
      onEdge() {},
    });
    const counts = { reached: 0, refused: 0 };
    const guarded = (): string => {
      const admission = breaker.permit();
      if (!admission.ok) {
        counts.refused += 1;
        throw new DreyError('breaker_open', 'open');
      }
      counts.reached += 1;
      breaker.done(admission.permit, 'err', 1);
      throw gone();
    };
    const settings = toRetrySettings({ tries: 7, baseMs: 1, backoff: 'constant', jitter: 0 });
    const ended = watch(retry(guarded, { settings, clock: time, chance: middle, again: () => ({}) }));
    await time.pass(100);
    expect(ended.fate.state).toBe('broken');
    expect(counts).toEqual({ reached: 3, refused: 4 });
  });

  it('R11 stops at once when it is aborted while waiting, and leaves no timer and no listener', async () => {
    const { time, at, run } = stage({ tries: 5, baseMs: 1_000 }, () => gone());
    const leaver = new AbortController();
    const budget = createRetryBudget();
    const ended = run({ signal: leaver.signal, budget });
    await time.pass(500);
    expect([time.pending, budget.inFlight]).toEqual([1, 1]);
    leaver.abort();
    await time.pass(0);
    expect(ended.fate).toMatchObject({ state: 'broken', error: { code: 'call_cancelled' } });
    expect([time.pending, budget.inFlight, budget.retries]).toEqual([0, 0, 0]);
    expect(getEventListeners(leaver.signal, 'abort')).toEqual([]);
    expect(at).toEqual([0]);
  });

  it('does not wait for a try that would begin after the deadline', async () => {
    const { time, at, run } = stage({ tries: 5, baseMs: 100, backoff: 'constant' }, () => gone());
    const ended = run({ deadlineAt: 250 });
    await time.pass(200);
    expect(ended.fate.state).toBe('broken');
    expect(at).toEqual([0, 100, 200]);
    expect(time.pending).toBe(0);
  });

  it('is not made when the budget is spent', async () => {
    const budget = createRetryBudget({ rate: 0, floor: 0 });
    const { time, at, run } = stage({ tries: 5, baseMs: 1 }, () => gone());
    const ended = run({ budget });
    await time.pass(100);
    expect(ended.fate).toMatchObject({ state: 'broken', error: { code: 'upstream_failed' } });
    expect(at).toEqual([0]);
    expect(budget.inFlight).toBe(0);
  });

  it.each<RetryConfig>([
    { tries: 0 },
    { tries: 1.5 },
    { tries: 1e9 },
    { baseMs: -1 },
    { capMs: Infinity },
    { jitter: 2 },
  ])('refuses a configuration that makes no sense: %j', (config) => {
    expect(() => toRetrySettings(config)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});

describe('a retry budget', () => {
  it('R10 allows half: two first tries and a retry in flight leave room for one more', () => {
    const budget = createRetryBudget({ rate: 0.5, floor: 1 });
    budget.begin();
    budget.begin();
    expect(budget.beginRetry()).toBeDefined();
    const last = budget.beginRetry();
    expect(last).toBeDefined();
    expect(budget.beginRetry()).toBeUndefined();
    last?.();
    last?.();
    expect([budget.inFlight, budget.retries]).toEqual([3, 1]);
  });

  it('R10 does not mind a retry below its floor: of two, one is in flight, so there is one', () => {
    const budget = createRetryBudget({ rate: 0.5, floor: 2 });
    budget.begin();
    expect(budget.beginRetry()).toBeDefined();
    expect(budget.beginRetry()).toBeUndefined();
  });

  it('never lets retries be more than their share above the floor', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('begin', 'retry', 'end'), { maxLength: 200 }), (steps) => {
        const budget = createRetryBudget({ rate: 0.2, floor: 3 });
        const ends: (() => void)[] = [];
        for (const step of steps) {
          const before = { inFlight: budget.inFlight, retries: budget.retries };
          const end =
            step === 'begin' ? budget.begin() : step === 'retry' ? budget.beginRetry() : ends.shift()?.();
          if (typeof end === 'function') ends.push(end);
          if (step === 'retry' && end !== undefined)
            expect(before.inFlight < 3 || before.retries < 0.2 * before.inFlight).toBe(true);
          expect(budget.inFlight).toBe(ends.length);
        }
      }),
    );
  });

  it.each([{ rate: -0.1 }, { rate: 2 }, { floor: Number.NaN }])('refuses %j', (config) => {
    expect(() => createRetryBudget(config)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});

describe('a timeout', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it('R13 aborts the work when the time is over and drops what comes late', async () => {
    const time = new SimulatedTime();
    let seen: StopSignal | undefined;
    let late: (value: string) => void = () => undefined;
    const ended = watch(
      withTimeout({ ms: 100, clock: time, what: 'the work' }, (signal) => {
        seen = signal;
        return new Promise<string>((resolve) => (late = resolve));
      }),
    );
    await time.pass(99);
    expect(ended.fate.state).toBe('pending');
    await time.pass(1);
    expect(ended.fate).toMatchObject({
      state: 'broken',
      error: { code: 'call_timeout', details: { ms: 100 } },
    });
    expect(seen?.aborted).toBe(true);
    late('too late');
    await time.pass(0);
    expect(ended.fate.state).toBe('broken');
  });

  it('R13 makes no crash of an error that comes late', async () => {
    const time = new SimulatedTime();
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const ended = watch(
        withTimeout(
          { ms: 10, clock: time, what: 'the work' },
          (signal) =>
            new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('late')))),
        ),
      );
      await time.pass(10);
      await time.pass(0);
      expect(ended.fate).toMatchObject({ state: 'broken', error: { code: 'call_timeout' } });
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('R14 reports the caller leaving as cancelled, and an outer timeout as the timeout it is', async () => {
    const time = new SimulatedTime();
    const caller = new AbortController();
    const ended = watch(
      withTimeout({ ms: 100, signal: caller.signal, clock: time, what: 'the work' }, never),
    );
    const reason = new Error('changed my mind');
    caller.abort(reason);
    await time.pass(100);
    expect(ended.fate).toMatchObject({ state: 'broken', error: { code: 'call_cancelled', cause: reason } });
    const nested = watch(
      withTimeout({ ms: 50, clock: time, what: 'the whole' }, (signal) =>
        withTimeout({ ms: 100, signal, clock: time, what: 'the part' }, never),
      ),
    );
    await time.pass(50);
    expect(nested.fate).toMatchObject({
      error: { code: 'call_timeout', message: 'the whole took longer than 50 ms' },
    });
    await expect(
      withTimeout({ ms: 1, signal: caller.signal, clock: time, what: 'the work' }, () => 'done'),
    ).rejects.toMatchObject({ code: 'call_cancelled' });
  });

  it('R15 leaves no listener on the caller and no timer, ten thousand times', async () => {
    const time = new SimulatedTime();
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const ends: Promise<unknown>[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      const work =
        n % 3 === 0 ? never : n % 3 === 1 ? () => 'done' : () => Promise.reject(new Error('failed'));
      ends.push(
        withTimeout({ ms: n % 10, signal, clock: time, what: 'the work' }, work).catch(() => undefined),
      );
      if (n % 100 === 99) await time.pass(10);
    }
    await Promise.all(ends);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(time.pending).toBe(0);
  });

  it('turns a throw of the work itself into a rejection', async () => {
    const time = new SimulatedTime();
    const work = (): never => {
      throw new Error('at once');
    };
    await expect(withTimeout({ ms: 10, clock: time, what: 'the work' }, work)).rejects.toThrow('at once');
    expect(time.pending).toBe(0);
  });
});
