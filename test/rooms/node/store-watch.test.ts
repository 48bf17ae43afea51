/** The watch over a database in simulated time: one failure is none, two are an outage, and a late answer is no answer. */
import { describe, expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { watchStore } from '../../../src/node/telemetry/store-watch.ts';
import { createDeferred, createWorld, settle } from '../actors/world.ts';

function open() {
  const { clock, log, sentences } = createWorld();
  const away = new DreyError(
    'database_unavailable',
    'the database at db:5432 is not reachable (ECONNREFUSED)',
  );
  let answer: () => Promise<{ ms: number; version: string }> = async () => ({ ms: 1, version: '18.4' });
  let asked = 0;
  const listeners = new Set<(error: DreyError) => void>();
  const store = {
    ping: () => {
      asked += 1;
      return answer();
    },
    onError: (listener: (error: DreyError) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const watch = watchStore({ store, clock, log });
  return {
    clock,
    sentences,
    watch,
    listeners,
    asked: () => asked,
    fails: () => void (answer = () => Promise.reject(away)),
    answers: () => void (answer = async () => ({ ms: 1, version: '18.4' })),
    hangs: () => {
      const { promise, resolve } = createDeferred<{ ms: number; version: string }>();
      answer = () => promise;
      return () => resolve({ ms: 1, version: '18.4' });
    },
    breaks: () => {
      for (const listener of listeners) listener(away);
    },
  };
}

describe('the watch over the database', () => {
  it('takes two failures in a row for an outage, and one answer for its end', async () => {
    const { clock, watch, fails, answers, sentences } = open();
    fails();
    await clock.advance(2_000);
    expect(watch.isAway()).toBe(false);
    await clock.advance(2_000);
    expect(watch.isAway()).toBe(true);
    await clock.advance(20_000);
    answers();
    await clock.advance(2_000);
    expect(watch.isAway()).toBe(false);
    expect(sentences).toEqual([
      'the database does not answer; calls go on without it',
      'the database answers again',
    ]);
  });

  it('looks at once when a connection breaks, and asks one question at a time', async () => {
    const { watch, breaks, hangs, fails, asked, clock } = open();
    const answerNow = hangs();
    breaks();
    breaks();
    expect(asked()).toBe(1);
    answerNow();
    await settle();
    fails();
    breaks();
    await settle();
    await clock.advance(2_000);
    expect(watch.isAway()).toBe(true);
  });

  it('takes a server that is late for one that is away, until it answers', async () => {
    const { clock, watch, hangs } = open();
    const answerNow = hangs();
    await clock.advance(2_000);
    await clock.advance(10_000);
    expect(watch.isAway()).toBe(false);
    await clock.advance(1);
    expect(watch.isAway()).toBe(true);
    answerNow();
    await settle();
    expect(watch.isAway()).toBe(false);
  });

  it('asks nothing once it is stopped', async () => {
    const { clock, watch, listeners, asked } = open();
    watch.stop();
    await clock.advance(60_000);
    expect(asked()).toBe(0);
    expect(listeners.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
