/**
 * Connections of one upstream that not everybody may share, by what tells them apart: whose credentials they carry, and
 * what the client behind them can be asked. Each key has a pool of its own, and nothing of one is ever lent to another.
 */
import type { CallCommand, CallOutcome, ClientAbility } from '../../../machines/words/calls.ts';
import { DreyError, isDreyError, toDreyError } from '../../../machines/words/errors.ts';
import { toAbortSignal } from '../../../machines/words/stop.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { Clock, Log } from '../clock.ts';
import type { Lease, PoolSettings } from './pool-options.ts';
import { openPool } from './pool.ts';
import type { Pool } from './pool.ts';

/** What tells one connection of an upstream from another. */
export interface ConnectionKey {
  /** Whose credentials it carries; undefined where all share one set. */
  readonly principal: string | undefined;
  /** Declared to the upstream when the connection opens; sorted. */
  readonly abilities: readonly ClientAbility[];
}

interface Thing {
  onClosed(listener: (why: string) => void): () => void;
  close(): Promise<void>;
}

export interface ConnectionsOptions<T extends Thing> {
  /** For sentences. */
  readonly name: string;
  readonly open: (key: ConnectionKey) => Promise<T>;
  /** How long one may take to open, and callers wait for it. */
  readonly startMs: number;
  readonly idleMs: number;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly log: Log;
}

export interface Borrowed {
  readonly namespace: string;
  readonly signal: StopSignal;
}

/** The principal whose credentials the connection for everybody carries: the node's own user. */
export const ownPrincipal = 'local';

/** Keys with connections, for one upstream; idle ones go first. */
const keysMax = 256;
/** Connections of one key whose client can be asked: each serves one call at a time, so that questions find their asker. */
const askedMax = 4;
/** After an opening failed, before the next of that key. */
const restMs = 1_000;
/** Those still lent when all are taken down; calls have had their time before. */
const drainMs = 1_000;

/** Undefined where the connection for everybody serves. */
export function toConnectionKey(
  of: { readonly isEach: boolean; readonly isModern: boolean },
  { principal, abilities }: Pick<CallCommand, 'principal' | 'abilities'>,
): ConnectionKey | undefined {
  const own = of.isEach && principal !== ownPrincipal ? principal : undefined;
  // In the 2026 era each request says what its client can do; before, the handshake did.
  const asked = of.isModern || abilities === undefined ? [] : [...new Set(abilities)].toSorted();
  return own === undefined && asked.length === 0 ? undefined : { principal: own, abilities: asked };
}

/** The connections of one upstream by key. */
export class Connections<T extends Thing> {
  readonly #options: ConnectionsOptions<T>;
  readonly #places = new Map<string, Place<T>>();
  #isClosed = false;

  constructor(options: ConnectionsOptions<T>) {
    this.#options = options;
  }

  /** Keys that have a pool. */
  get size(): number {
    return this.#places.size;
  }

  /** Makes one call over a connection of this key; what keeps it from being made is a refusal. */
  async use(
    key: ConnectionKey,
    asked: Borrowed,
    call: (connection: T) => Promise<CallOutcome>,
  ): Promise<CallOutcome> {
    let place: Place<T>;
    let lease: Lease<T>;
    try {
      place = this.#place(key);
      lease = await place.borrow(asked);
    } catch (error) {
      return toRefused(this.#options.name, error);
    }
    try {
      return await call(lease.thing);
    } finally {
      place.giveBack(lease);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#places.values()].map((place) => place.pool.drain()));
    this.#places.clear();
  }

  #place(key: ConnectionKey): Place<T> {
    const { name } = this.#options;
    if (this.#isClosed) throw new DreyError('resource_unavailable', `"${name}" is being taken down`);
    const id = JSON.stringify([key.principal ?? null, key.abilities]);
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    if (this.#places.size >= keysMax) this.#forgetIdle();
    if (this.#places.size >= keysMax)
      throw new DreyError(
        'limit_reached',
        `"${name}" has connections of ${keysMax} kinds of callers already`,
      );
    const place = new Place(key, this.#options);
    this.#places.set(id, place);
    return place;
  }

  #forgetIdle(): void {
    for (const [id, place] of this.#places) {
      const { size, creating, waiting } = place.pool.counts;
      if (size + creating + waiting === 0) this.#places.delete(id);
    }
  }
}

/** One key's pool. */
class Place<T extends Thing> {
  readonly pool: Pool<T>;
  readonly #isShared: boolean;
  #failed = new AbortController();
  /** Where calls may share: the one connection, and how many are on it. */
  #shared: { readonly lease: Promise<Lease<T>>; got?: Lease<T>; calls: number } | undefined;

  constructor(key: ConnectionKey, { name, open, startMs, idleMs, clock, log }: ConnectionsOptions<T>) {
    this.#isShared = key.abilities.length === 0;
    const settings: Partial<PoolSettings> = {
      max: this.#isShared ? 1 : askedMax,
      acquireMs: startMs,
      createMs: startMs,
      createRestMs: restMs,
      idleMs,
      reapMs: Math.min(5_000, idleMs),
      drainMs,
    };
    this.pool = openPool<T>({
      name: `the connections of "${name}"`,
      create: () => open(key),
      destroy: (connection) => connection.close(),
      watch: (connection, broke) =>
        connection.onClosed((why) => broke(new DreyError('upstream_unavailable', why))),
      settings,
      clock,
      log,
      onEvent: (event) => {
        if (event.type === 'create.failed') this.#fail(event.error);
        if (event.type === 'broke') this.#shared = undefined;
      },
    });
  }

  /** Resolves with a lease that is given back by `giveBack`, also where several calls hold the same. */
  async borrow(asked: Borrowed): Promise<Lease<T>> {
    if (!this.#isShared) return this.#acquire(asked);
    // The wait for a shared one is everybody's: nobody's leaving ends it.
    this.#shared ??= { lease: this.#acquire({ ...asked, signal: new AbortController().signal }), calls: 0 };
    const shared = this.#shared;
    shared.calls += 1;
    try {
      shared.got = await shared.lease;
      return shared.got;
    } catch (error) {
      if (this.#shared === shared) this.#shared = undefined;
      throw error;
    }
  }

  giveBack(lease: Lease<T>): void {
    const shared = this.#shared;
    // One that broke was replaced under its calls; the pool knows it already.
    if (shared?.got !== lease) return this.pool.release(lease);
    shared.calls -= 1;
    if (shared.calls > 0) return;
    this.#shared = undefined;
    this.pool.release(lease);
  }

  async #acquire({ namespace, signal }: Borrowed): Promise<Lease<T>> {
    const failed = this.#failed.signal;
    try {
      return await this.pool.acquire({ namespace, signal: AbortSignal.any([toAbortSignal(signal), failed]) });
    } catch (error) {
      // Who waits for a connection that cannot be opened is told why, at once.
      throw failed.aborted ? failed.reason : error;
    }
  }

  #fail(error: unknown): void {
    this.#failed.abort(error);
    this.#failed = new AbortController();
  }
}

function toRefused(name: string, error: unknown): CallOutcome {
  const { code, message } = toDreyError(error, 'upstream_unavailable');
  if (isDreyError(error) && error.code === 'call_cancelled')
    return { outcome: 'failed', code, message, error: undefined, countsAgainst: false };
  return {
    outcome: 'refused',
    code: code === 'call_timeout' ? 'upstream_unavailable' : code,
    message: `the upstream "${name}" has no connection for this caller: ${message}`,
    retryAfterMs: code === 'upstream_unauthorized' ? undefined : restMs,
  };
}
