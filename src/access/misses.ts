/**
 * Guessing is made slow: who shows one wrong key after the other is sent away before anybody is asked about the next.
 * A key that is known never waits for it.
 */

/** Wrong keys from one address at once, and how long it takes until one of them is forgotten. */
export const missesMax = 30;
const forgetMs = 500;
/** No more than these are counted: however long somebody went on guessing, the address is free again after seconds. */
const countedMax = missesMax + 10;
/** Addresses remembered; the one that missed first goes first. */
const addressesMax = 10_000;

interface Misses {
  count: number;
  atMs: number;
}

/** Counts wrong keys by the address they came from. */
export class MissCounter {
  readonly #now: () => number;
  readonly #misses = new Map<string, Misses>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until another guess is looked at; 0 where it is now. */
  waitMs(address: string): number {
    const left = this.#left(address);
    return left < missesMax ? 0 : Math.ceil((left - missesMax + 1) * forgetMs);
  }

  note(address: string): void {
    const count = Math.min(countedMax, this.#left(address) + 1);
    this.#misses.delete(address);
    this.#misses.set(address, { count, atMs: this.#now() });
    const [oldest] = this.#misses.keys();
    if (this.#misses.size > addressesMax && oldest !== undefined) this.#misses.delete(oldest);
  }

  #left(address: string): number {
    const known = this.#misses.get(address);
    if (known === undefined) return 0;
    return Math.max(0, known.count - (this.#now() - known.atMs) / forgetMs);
  }
}
