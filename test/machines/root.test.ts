/** Root actors: an error, a watcher or an inspector never reaches the process, and long delays are kept. */
import { describe, expect, it } from 'vitest';
import { SimulatedClock, assign, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import type { Log } from '../../src/actors/clock.ts';
import { createLongClock } from '../../src/actors/durable/long-clock.ts';
import { createRoot, isReservedEvent } from '../../src/actors/root.ts';

const machine = setup({
  types: { context: {} as { count: number; list: number[] }, events: {} as { type: 'go' | 'throw' } },
  actions: {
    count: assign(({ context }) => ({ count: context.count + 1, list: [...context.list, context.count] })),
    explode: () => {
      throw new Error('boom');
    },
  },
}).createMachine({
  context: { count: 0, list: [] },
  on: { go: { actions: 'count' }, throw: { actions: 'explode' } },
});

function toLog(): Log & { lines: string[] } {
  const lines: string[] = [];
  const line = (_: object, sentence: string): void => {
    lines.push(sentence);
  };
  return { lines, debug: line, info: line, warn: line, error: line };
}

describe('a root actor', () => {
  it('tells its error observer when it breaks, and nothing is thrown', () => {
    const errors: unknown[] = [];
    const actor = createRoot(machine, { onError: (error) => errors.push(error), log: toLog() });
    actor.send({ type: 'throw' });
    expect(String(errors[0])).toContain('boom');
    expect(actor.getSnapshot().status).toBe('error');
  });

  it('goes on when a watcher, an inspector or the error observer throws', () => {
    const log = toLog();
    const explode = (): never => {
      throw new Error('watching');
    };
    const actor = createRoot(machine, { onSnapshot: explode, inspect: explode, onError: explode, log });
    actor.send({ type: 'go' });
    expect(actor.getSnapshot().context.count).toBe(1);
    actor.send({ type: 'throw' });
    expect(new Set(log.lines)).toEqual(
      new Set([
        "A root actor's inspector threw.",
        "A root actor's watcher threw.",
        "A root actor's error observer threw.",
      ]),
    );
  });

  it('may be restored twice from one snapshot', () => {
    const first = createRoot(machine, { onError: () => {}, log: toLog() });
    first.send({ type: 'go' });
    const snapshot = first.getPersistedSnapshot();
    const before = JSON.stringify(snapshot);
    for (const _ of [1, 2]) {
      const again = createRoot(machine, {
        snapshot,
        onError: () => {},
        log: toLog(),
        clock: new SimulatedClock(),
      });
      again.send({ type: 'go' });
      expect(again.getSnapshot().context).toEqual({ count: 2, list: [0, 1] });
    }
    expect(JSON.stringify(snapshot)).toBe(before);
  });

  it('leaves a snapshot with a child in it as it was, so that it can be restored again', () => {
    const parent = setup({
      types: { context: {} as { child: AnyActorRef | null } },
      actors: { machine },
      actions: { adopt: assign({ child: ({ spawn }) => spawn('machine', { id: 'child' }) }) },
    }).createMachine({ context: { child: null }, entry: 'adopt' });
    const first = createRoot(parent, { onError: () => {}, log: toLog() });
    // As it comes from the database.
    const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot()));
    const before = JSON.stringify(snapshot);
    createRoot(parent, { snapshot, onError: () => {}, log: toLog() });
    expect(typeof snapshot.context.child.send).toBe('undefined');
    expect(JSON.stringify(snapshot)).toBe(before);
  });

  it("knows which events are XState's own", () => {
    expect(['xstate.stop', 'xstate.after.1.x', '*', 'call.*'].every(isReservedEvent)).toBe(true);
    expect(isReservedEvent('call.started')).toBe(false);
  });
});

describe('the long clock', () => {
  it('keeps a delay that is longer than a single timer of Node can be', () => {
    const clock = new SimulatedClock();
    const asked: number[] = [];
    const long = createLongClock({
      setTimeout(callback, delayMs) {
        asked.push(delayMs);
        const id: unknown = clock.setTimeout(callback, delayMs);
        return { id };
      },
      clearTimeout(timer: { id: never }) {
        clock.clearTimeout(timer.id);
      },
    });
    const month = 30 * 24 * 3_600_000;
    const fired: string[] = [];
    long.setTimeout(() => fired.push('a'), month);
    const cancelled = long.setTimeout(() => fired.push('b'), month);
    clock.increment(2 ** 31 - 1);
    long.clearTimeout(cancelled);
    expect(fired).toEqual([]);
    clock.increment(month - (2 ** 31 - 1));
    expect(fired).toEqual(['a']);
    expect(Math.max(...asked)).toBe(2 ** 31 - 1);
  });
});
