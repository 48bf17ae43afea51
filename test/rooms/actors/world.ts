/** A small world for actors: simulated time, an announcer that keeps what it was told, and a log that keeps sentences. */
import { expect } from 'vitest';
import type { AnyEvent, DreyEvent, EventType } from '../../../machines/words/events.ts';
import { createRedactor } from '../../../src/access/access.ts';
import type { Principal } from '../../../src/access/access.ts';
import { createAnnouncer } from '../../../src/actors/actors.ts';
import type { Announcer, Clock } from '../../../src/actors/actors.ts';
import { encodeEvent, readEvent } from '../../../src/wire/wire.ts';
import { recordingLog } from '../../support/quiet-log.ts';

export interface SimulatedClock extends Clock {
  /** Lets time pass; timers fire in their order, and what they set off happens in between. */
  advance(ms: number): Promise<void>;
  /** Timers that have not fired. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

const epoch = Date.UTC(2026, 0, 1);

/** Lets everything happen that waits for no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is told; its chance is a counter. */
export function createSimulatedClock(): SimulatedClock {
  let time = 0;
  let counter = 0;
  const timers = new Set<Timer>();
  const next = (until: number): Timer | undefined =>
    [...timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)[0];
  return {
    now: () => epoch + time,
    monotonic: () => time,
    random: () => {
      counter += 1;
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(12, counter);
      return bytes;
    },
    schedule(delayMs, callback) {
      const timer = { due: time + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      const until = time + ms;
      await settle();
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        time = Math.max(time, timer.due);
        timers.delete(timer);
        timer.callback();
        await settle();
      }
      time = until;
      await settle();
    },
  };
}

export interface World {
  readonly clock: SimulatedClock;
  readonly announcer: Announcer;
  /** Everything that was announced, in order. */
  readonly events: AnyEvent[];
  readonly log: ReturnType<typeof recordingLog>['log'];
  readonly sentences: string[];
  readonly redactor: ReturnType<typeof createRedactor>;
  /** Types of the events so far, of one kind of actor where it is named. */
  types(kind?: string): EventType[];
}

/** Every event announced in it must be one that the bus's readers understand. */
export function createWorld(): World {
  const clock = createSimulatedClock();
  const { log, sentences } = recordingLog();
  const events: AnyEvent[] = [];
  const append = (event: DreyEvent): void => {
    const read = readEvent(encodeEvent(event));
    expect(read).toMatchObject({ parked: false });
    if (!read.parked) events.push(read.value);
  };
  return {
    clock,
    announcer: createAnnouncer({ append, clock, log }),
    events,
    log,
    sentences,
    redactor: createRedactor({ key: 'test' }),
    types: (kind) =>
      events.filter(({ actor }) => kind === undefined || actor.kind === kind).map(({ type }) => type),
  };
}

/** Somebody who is let in. */
export function somebody(id: string, namespace = 'acme'): Principal {
  return { id, namespace, local: true, mayNameNamespaces: true, scopes: [] };
}

/** A promise and the ways to settle it. */
export function createDeferred<T = void>(): {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
