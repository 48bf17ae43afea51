/**
 * A node's copies of shared contexts: filled by the first read, kept fresh by what is heard, looked at again after the
 * sync interval. They answer reads, also while the database is away, and then say so; they never decide a write.
 */
import { isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { StoredContext } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import type { ContextName } from './contexts.ts';

/** Copies that a node keeps, and bytes of their states; who was read longest ago goes first. */
export const replicasMax = 2_000;
export const replicasBytesMax = 64 * 1024 * 1024;
/** A copy that nothing was heard of is compared with the store after this long. */
export const replicaSyncMs = 5_000;
/** Where there is a copy, a reader waits no longer for a store that does not answer. */
const patienceMs = 500;

/** A copy as a reader gets it. */
export interface HeldContext {
  readonly stored: StoredContext;
  /** Since when it is known to be what the store has, in milliseconds. */
  readonly ageMs: number;
  /** True when the store could not be asked although it should have been. */
  readonly stale: boolean;
  /** The last comparison with the store. */
  readonly syncedAt: number;
}

export interface ReplicasOptions {
  /** The truth; rejects while the store is away. */
  readonly read: (name: ContextName) => Promise<StoredContext | undefined>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'schedule'>;
  readonly log: Log;
  readonly syncMs?: number;
  readonly replicasMax?: number;
}

interface Replica {
  stored: StoredContext;
  bytes: number;
  /** On the monotonic clock; -Infinity once something newer was heard of. */
  checkedAt: number;
  syncedAt: number;
}

export class ContextReplicas {
  readonly #options: ReplicasOptions;
  readonly #held = new Map<string, Replica>();
  /** One question at a time for each context. */
  readonly #pulls = new Map<string, Promise<StoredContext | undefined>>();
  #bytes = 0;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The copy while it is fresh enough, else what the store says; undefined for a context that is not there. */
  async read(name: ContextName, isFresh = false): Promise<HeldContext | undefined> {
    const { clock, syncMs = replicaSyncMs } = this.#options;
    const key = toKey(name);
    const held = this.#held.get(key);
    if (held !== undefined && !isFresh && clock.monotonic() - held.checkedAt < syncMs) {
      this.#touch(key, held);
      return show(held, clock.now(), false);
    }
    if (held === undefined || isFresh) return this.#showPulled(name, await this.pull(name));
    try {
      const stored = await this.#inTime(this.pull(name));
      return stored === late ? show(held, clock.now(), true) : this.#showPulled(name, stored);
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#options.log.debug({ ...name, err: toPlainError(error) }, 'a context is read from its copy');
      return show(held, clock.now(), true);
    }
  }

  /** Asks the store; whoever asks meanwhile gets the same answer. */
  pull(name: ContextName): Promise<StoredContext | undefined> {
    const key = toKey(name);
    const under = this.#pulls.get(key);
    if (under !== undefined) return under;
    const pull = this.#pull(name, key).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, pull);
    return pull;
  }

  /** What is here, without asking anybody. */
  peek(name: ContextName): StoredContext | undefined {
    return this.#held.get(toKey(name))?.stored;
  }

  /** A change was committed here, and this is what stands now. */
  adopt(name: ContextName, change: Partial<StoredContext>): void {
    const key = toKey(name);
    const held = this.#held.get(key);
    if (held === undefined) return;
    const stored = { ...held.stored, ...change };
    if (isOlder(stored, held.stored)) return;
    this.#keep(key, stored, held.checkedAt);
  }

  /** Something was heard of it: the next reader asks the store. */
  forget(name: ContextName): void {
    const held = this.#held.get(toKey(name));
    if (held !== undefined) held.checkedAt = -Infinity;
    // An answer that is under way may be older than what was heard.
    this.#pulls.delete(toKey(name));
  }

  async #pull(name: ContextName, key: string): Promise<StoredContext | undefined> {
    const askedAt = this.#options.clock.monotonic();
    const stored = await this.#options.read(name);
    const held = this.#held.get(key);
    if (stored === undefined) {
      if (held !== undefined) this.#drop(key, held);
      return undefined;
    }
    if (held !== undefined && isOlder(stored, held.stored)) return held.stored;
    this.#keep(key, stored, askedAt);
    return stored;
  }

  #keep(key: string, stored: StoredContext, checkedAt: number): void {
    const before = this.#held.get(key);
    if (before !== undefined) this.#drop(key, before);
    const bytes = JSON.stringify(stored.content).length;
    this.#held.set(key, { stored, bytes, checkedAt, syncedAt: this.#options.clock.now() });
    this.#bytes += bytes;
    const most = this.#options.replicasMax ?? replicasMax;
    for (const [oldest, replica] of this.#held) {
      if (this.#held.size <= most && this.#bytes <= replicasBytesMax) break;
      this.#drop(oldest, replica);
    }
  }

  #drop(key: string, replica: Replica): void {
    this.#held.delete(key);
    this.#bytes -= replica.bytes;
  }

  #touch(key: string, replica: Replica): void {
    this.#held.delete(key);
    this.#held.set(key, replica);
  }

  #showPulled(name: ContextName, stored: StoredContext | undefined): HeldContext | undefined {
    if (stored === undefined) return undefined;
    const now = this.#options.clock.now();
    const held = this.#held.get(toKey(name));
    // Larger than all there is room for, it is not kept.
    return held?.stored === stored
      ? show(held, now, false)
      : { stored, ageMs: 0, stale: false, syncedAt: now };
  }

  async #inTime<T>(pull: Promise<T>): Promise<T | typeof late> {
    let cancel = (): void => undefined;
    const bound = new Promise<typeof late>((resolve) => {
      cancel = this.#options.clock.schedule(patienceMs, () => resolve(late));
    });
    try {
      return await Promise.race([pull, bound]);
    } finally {
      cancel();
      // Nobody waits for one that comes too late.
      pull.catch(() => undefined);
    }
  }
}

const late = Symbol('late');

function show({ stored, syncedAt }: Replica, now: number, stale: boolean): HeldContext {
  return { stored, stale, syncedAt, ageMs: Math.max(0, now - syncedAt) };
}

/** What may be answered from a copy, or be queued: the store cannot be asked just now. */
export function isAway(error: unknown): boolean {
  return isDreyError(error) && error.code === 'database_unavailable';
}

function isOlder(a: StoredContext, b: StoredContext): boolean {
  return a.version < b.version || a.access.version < b.access.version;
}

function toKey({ namespace, contextId }: ContextName): string {
  return `${namespace}/${contextId}`;
}
