/** A clock that is moved by hand: timers fire in order, and what they set off has happened before time goes on. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../../src/actors/clock.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time at 0. */
export class SimulatedTime implements Clock {
  #ms = 0;
  readonly #timers = new Set<Timer>();

  readonly now = (): number => 1_700_000_000_000 + this.#ms;
  readonly monotonic = (): number => this.#ms;
  readonly random = (): Uint8Array => new Uint8Array(16);
  readonly schedule = (delayMs: number, callback: () => void): (() => void) => {
    const timer: Timer = { at: this.#ms + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Timers that were set and neither fired nor cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass, timer by timer; with 0 everything that can happen now happens. */
  async pass(ms: number): Promise<void> {
    const end = this.#ms + ms;
    await turn();
    for (;;) {
      const next = this.#next(end);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#ms = next.at;
      next.callback();
      await turn();
    }
    this.#ms = end;
  }

  /** Lets time pass until the work is over. */
  async until<T>(work: Promise<T>, stepMs = 1, stepsMax = 100_000): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    work.then(over, over);
    for (let step = 0; step < stepsMax; step += 1) {
      await turn();
      if (isOver) return work;
      await this.pass(stepMs);
    }
    throw new Error(`not over after ${stepMs * stepsMax} ms`);
  }

  /** The earliest; of several at one moment the first that was set. */
  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}

/** How a promise ended, without waiting for it. */
export type Fate<T> =
  | { state: 'pending' }
  | { state: 'kept'; value: T }
  | { state: 'broken'; error: unknown };

/** Watches a promise. */
export function watch<T>(promise: Promise<T>): { readonly fate: Fate<T> } {
  const watched: { fate: Fate<T> } = { fate: { state: 'pending' } };
  promise.then(
    (value) => (watched.fate = { state: 'kept', value }),
    (error: unknown) => (watched.fate = { state: 'broken', error }),
  );
  return watched;
}

/** A promise that is settled by hand. */
export function defer<T = void>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((keep, fail) => {
    resolve = keep;
    reject = fail;
  });
  return { promise, resolve, reject };
}
