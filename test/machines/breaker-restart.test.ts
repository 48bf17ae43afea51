/** What a breaker keeps over a restart, and what it does with something it cannot understand. */
import { describe, expect, it } from 'vitest';
import type { PersistedBreaker } from '../../src/actors/breaker/breaker-snapshot.ts';
import { Time, call, open } from './breaker-stage.ts';

describe('a breaker that is persisted', () => {
  it('goes on after a restart where another process has another clock', () => {
    const before = open({ mode: 'consecutive', consecutive: 1, openMs: 1_000 });
    before.time.now = 5_000_000;
    call(before.breaker, 'err');
    before.time.now += 400;
    before.time.wall += 400;
    const kept: PersistedBreaker = JSON.parse(JSON.stringify(before.breaker.persist()));
    const time = new Time();
    time.now = 7;
    time.wall = before.time.wall + 100;
    const { breaker, edges } = open({ mode: 'consecutive', consecutive: 1, openMs: 1_000 }, time, kept);
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfterMs()).toBe(500);
    time.now += 499;
    expect(call(breaker, 'ok')).toBe(false);
    time.now += 1;
    expect(call(breaker, 'ok')).toBe(true);
    expect(edges.map(({ type }) => type)).toEqual(['breaker.probing', 'breaker.closed']);
  });

  it('keeps its wait when the wall clock is set back, and after a restart at most the whole of it', () => {
    const { breaker, time } = open({ mode: 'consecutive', consecutive: 1, openMs: 1_000 });
    call(breaker, 'err');
    time.wall -= 3_600_000;
    time.now += 999;
    expect(call(breaker, 'ok')).toBe(false);
    const kept = breaker.persist();
    time.wall -= 3_600_000;
    expect(
      open({ mode: 'consecutive', consecutive: 1, openMs: 1_000 }, time, kept).breaker.retryAfterMs(),
    ).toBe(1);
  });

  it('starts closed from what it cannot understand', () => {
    const { breaker } = open({});
    const kept = breaker.persist();
    const broken: unknown[] = [
      { ...kept, machineVersion: 99 },
      { ...kept, state: 'ajar' },
      { ...kept, state: 'open' },
      { ...kept, context: null },
      null,
      'text',
    ];
    for (const snapshot of broken) {
      expect(open({}, new Time(), snapshot as PersistedBreaker).breaker.state).toBe('closed');
    }
  });

  it('takes the settings of now, not those it was persisted with', () => {
    const { breaker, time } = open({ openMs: 1_000 });
    const { breaker: later } = open({ openMs: 5_000 }, time, breaker.persist());
    later.open();
    expect(later.retryAfterMs()).toBe(5_000);
  });
});
