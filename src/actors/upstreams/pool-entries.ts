/**
 * The things of a pool from their making to their end: each is taken down once, within bounds, and is listened to until
 * it is gone, since an error that nobody hears can end the process.
 */
import type { DestroyReason, PoolEvent, PoolOptions, PoolSettings } from './pool-options.ts';
import { withTimeout } from '../calls/timeout.ts';

export interface Entry<T> {
  readonly thing: T;
  readonly madeAt: number;
  idleSince: number;
  uses: number;
  /** It told of its own end while it was lent or looked at. */
  isBroken: boolean;
  unwatch: () => void;
}

export interface EntriesOptions<T> {
  readonly pool: PoolOptions<T>;
  readonly settings: PoolSettings;
  readonly onEvent: (event: PoolEvent) => void;
  readonly onBroken: (entry: Entry<T>) => void;
  /** One is gone, and its place is free. */
  readonly onGone: () => void;
}

/** What one pool has. */
export class Entries<T> {
  readonly #options: EntriesOptions<T>;
  readonly #entries = new Set<Entry<T>>();
  #leaving = 0;

  constructor(options: EntriesOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Places taken: what is on its way out still holds its own. */
  get places(): number {
    return this.#entries.size + this.#leaving;
  }

  add(thing: T): Entry<T> {
    const { pool, onBroken, onEvent } = this.#options;
    const now = pool.clock.monotonic();
    const entry: Entry<T> = { thing, madeAt: now, idleSince: now, uses: 0, isBroken: false, unwatch() {} };
    this.#entries.add(entry);
    const broke = (error: unknown): void => {
      if (entry.isBroken || !this.#entries.has(entry)) return;
      entry.isBroken = true;
      onEvent({ type: 'broke', error });
      onBroken(entry);
    };
    entry.unwatch = pool.watch?.(thing, broke) ?? entry.unwatch;
    return entry;
  }

  isWorn(entry: Entry<T>): boolean {
    const { pool, settings } = this.#options;
    if (entry.uses >= settings.maxUses) return true;
    return pool.clock.monotonic() - entry.madeAt >= settings.maxLifetimeMs;
  }

  /** Takes it down; a second time does nothing. */
  destroy(entry: Entry<T>, reason: DestroyReason): void {
    if (!this.#entries.delete(entry)) return;
    const { pool, settings } = this.#options;
    this.#leaving += 1;
    const bound = { ms: settings.destroyMs, clock: pool.clock, what: `taking ${pool.name} down` };
    const takeDown = async (): Promise<void> => {
      try {
        await withTimeout(bound, () => pool.destroy(entry.thing));
        entry.unwatch();
        this.#gone({ type: 'destroyed', reason });
      } catch (error) {
        this.#gone({ type: 'destroy.failed', reason, error });
      }
    };
    void takeDown();
  }

  #gone(event: PoolEvent): void {
    this.#leaving -= 1;
    this.#options.onEvent(event);
    this.#options.onGone();
  }
}
