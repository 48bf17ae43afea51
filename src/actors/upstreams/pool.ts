/**
 * A pool of things that are dear to make: lent to one at a time, looked at before each loan, never more than the
 * maximum, and nobody waits for ever. Namespaces take turns in the line and none can hold everything.
 */
import { DreyError, isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import { systemNamespace } from '../../../machines/words/ids.ts';
import { toAbortSignal } from '../../../machines/words/stop.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import { FairLine } from '../calls/fair-line.ts';
import { Entries } from './pool-entries.ts';
import type { Entry } from './pool-entries.ts';
import { Loans } from './pool-loans.ts';
import { toPoolSettings } from './pool-options.ts';
import type { Lease, PoolCounts, PoolEvent, PoolOptions, PoolSettings } from './pool-options.ts';
import { withTimeout } from '../calls/timeout.ts';

interface Waiter<T> {
  readonly trace: Error | undefined;
  readonly give: (lease: Lease<T>) => void;
  readonly refuse: (error: DreyError) => void;
}

/** Opens a pool; nothing is made before somebody asks. Throws `config_invalid`. */
export function openPool<T>(options: PoolOptions<T>): Pool<T> {
  return new Pool(options);
}

/** One pool. */
export class Pool<T> {
  readonly #options: PoolOptions<T>;
  readonly #settings: PoolSettings;
  readonly #entries: Entries<T>;
  /** The last one given back is lent first, so that what is not needed grows old. */
  readonly #idle: Entry<T>[] = [];
  readonly #line = new FairLine<Waiter<T>>();
  readonly #loans: Loans<T, Entry<T>>;
  #checking = 0;
  #creating = 0;
  readonly #rests = new Set<() => void>();
  #lastFailure: unknown;
  #cancelReap: (() => void) | undefined;
  #drained: Promise<void> | undefined;
  #onEmpty: () => void = () => undefined;

  constructor(options: PoolOptions<T>) {
    this.#options = options;
    this.#settings = toPoolSettings(options.name, options.settings);
    const onEvent = (event: PoolEvent): void => this.#say(event);
    this.#loans = new Loans({ leakMs: this.#settings.leakMs, clock: options.clock, onEvent });
    this.#entries = new Entries({
      pool: options,
      settings: this.#settings,
      onEvent,
      onBroken: (entry) => this.#dropIdle(entry),
      onGone: () => {
        this.#serve();
        this.#settle();
      },
    });
  }

  get counts(): PoolCounts {
    return {
      size: this.#entries.size,
      idle: this.#idle.length,
      inUse: this.#loans.size,
      creating: this.#creating,
      waiting: this.#line.size,
    };
  }

  /** Borrows one; rejects with `call_timeout`, `call_cancelled`, `limit_reached` or `resource_unavailable`. */
  async acquire(asked: { namespace?: string; signal?: StopSignal } = {}): Promise<Lease<T>> {
    const { namespace = systemNamespace, signal } = asked;
    const { acquireMs, leakMs, waitingMax } = this.#settings;
    const { name, clock } = this.#options;
    if (this.#drained !== undefined) throw this.#toDraining();
    if (this.#line.size >= waitingMax)
      throw new DreyError('limit_reached', `${waitingMax} callers wait for ${name} already`);
    const trace = Number.isFinite(leakMs) ? new Error('acquired here') : undefined;
    let leave = (): void => undefined;
    try {
      return await withTimeout({ ms: acquireMs, signal, clock, what: name }, () => {
        return new Promise<Lease<T>>((resolve, refuse) => {
          const give = (lease: Lease<T>): void => {
            // Between the giving and the getting the caller may still leave.
            leave = () => this.release(lease);
            resolve(lease);
          };
          const waiter: Waiter<T> = { trace, give, refuse };
          leave = () => void this.#line.remove(namespace, waiter);
          this.#line.push(namespace, waiter);
          this.#serve();
        });
      });
    } catch (error) {
      const counts = this.counts;
      leave();
      throw isDreyError(error) && error.code === 'call_timeout' ? this.#toOverdue(counts) : error;
    }
  }

  /** Gives it back; `isBroken` when it must not be lent again. A second time changes nothing. */
  release(lease: Lease<T>, { isBroken = false }: { isBroken?: boolean } = {}): void {
    const entry = this.#loans.end(lease);
    if (entry === undefined) {
      this.#say({ type: 'release.refused' });
      return;
    }
    if (isBroken || entry.isBroken) this.#entries.destroy(entry, 'broken');
    else if (this.#drained !== undefined) this.#entries.destroy(entry, 'drained');
    else if (this.#entries.isWorn(entry)) this.#entries.destroy(entry, 'worn');
    else this.#offer(entry);
    this.#serve();
  }

  /** Takes no more callers, waits for what is lent (bounded), and takes everything down. */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    // The field that `drain` sets is what refuses callers, so nothing may happen before it is set.
    await Promise.resolve();
    const { clock } = this.#options;
    for (const waiter of this.#line.takeAll()) waiter.refuse(this.#toDraining());
    this.#cancelReap?.();
    for (const cancel of this.#rests) cancel();
    this.#creating -= this.#rests.size;
    this.#rests.clear();
    for (const entry of this.#idle.splice(0)) this.#entries.destroy(entry, 'drained');
    const force = (): void => {
      if (this.#loans.size > 0) this.#say({ type: 'drain.forced', lent: this.#loans.size });
      for (const entry of this.#loans.endAll()) this.#entries.destroy(entry, 'drained');
    };
    const cancelForce = clock.schedule(this.#settings.drainMs, force);
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      this.#settle();
    });
    cancelForce();
  }

  /** Brings waiters and things together; makes or looks at no more than are wanted. */
  #serve(): void {
    while (this.#drained === undefined && this.#wanted() > this.#checking + this.#creating) {
      const entry = this.#idle.pop();
      if (entry !== undefined) this.#lookAt(entry);
      else if (this.#entries.places + this.#creating < this.#settings.max) void this.#create();
      else return;
    }
  }

  /** Waiters that may be served: a namespace that holds its share counts no more. */
  #wanted(): number {
    let wanted = 0;
    for (const [namespace, waiting] of this.#line.counts())
      wanted += Math.min(waiting, this.#settings.maxPerNamespace - this.#loans.heldBy(namespace));
    return wanted;
  }

  #lookAt(entry: Entry<T>): void {
    const { validate } = this.#options;
    if (this.#entries.isWorn(entry)) this.#entries.destroy(entry, 'worn');
    else if (validate === undefined) this.#offer(entry);
    else void this.#check(entry, validate);
  }

  async #check(entry: Entry<T>, validate: (thing: T) => Promise<boolean> | boolean): Promise<void> {
    const { clock, name } = this.#options;
    this.#checking += 1;
    const bound = { ms: this.#settings.validateMs, clock, what: `the look at ${name}` };
    const isValid = await withTimeout(bound, () => validate(entry.thing)).catch(() => false);
    this.#checking -= 1;
    if (isValid && !entry.isBroken) this.#offer(entry);
    else this.#entries.destroy(entry, entry.isBroken ? 'broken' : 'invalid');
    this.#serve();
  }

  /** Lends it to the next in line, or keeps it. */
  #offer(entry: Entry<T>): void {
    if (this.#drained !== undefined) {
      this.#entries.destroy(entry, 'drained');
      return;
    }
    let chosen = '';
    const waiter = this.#line.take((namespace) => {
      chosen = namespace;
      return this.#loans.heldBy(namespace) < this.#settings.maxPerNamespace;
    });
    if (waiter === undefined) {
      entry.idleSince = this.#options.clock.monotonic();
      this.#idle.push(entry);
      this.#scheduleReap();
      return;
    }
    entry.uses += 1;
    waiter.give(this.#loans.lend(entry, chosen, waiter.trace));
  }

  async #create(): Promise<void> {
    const { create, clock, name } = this.#options;
    const { createMs, createRestMs } = this.#settings;
    this.#creating += 1;
    try {
      const thing = await withTimeout({ ms: createMs, clock, what: `making ${name}` }, async (signal) => {
        const made = await create(toAbortSignal(signal));
        if (signal.aborted) this.#entries.destroy(this.#entries.add(made), 'late');
        return made;
      });
      this.#creating -= 1;
      this.#lastFailure = undefined;
      this.#say({ type: 'created' });
      this.#offer(this.#entries.add(thing));
      this.#serve();
    } catch (error) {
      this.#lastFailure = error;
      this.#say({ type: 'create.failed', error });
      if (this.#drained === undefined) this.#rest(createRestMs);
      else this.#creating -= 1;
      this.#settle();
    }
  }

  /** After a failure its place stays taken for a while, or one that always fails would be tried without a pause. */
  #rest(ms: number): void {
    const cancel = this.#options.clock.schedule(ms, () => {
      this.#rests.delete(cancel);
      this.#creating -= 1;
      this.#serve();
    });
    this.#rests.add(cancel);
  }

  #dropIdle(entry: Entry<T>): void {
    const at = this.#idle.indexOf(entry);
    if (at === -1) return;
    this.#idle.splice(at, 1);
    this.#entries.destroy(entry, 'broken');
  }

  #scheduleReap(): void {
    const { min, reapMs, maxLifetimeMs } = this.#settings;
    const hasWork = this.#idle.length > 0 && (this.#entries.size > min || Number.isFinite(maxLifetimeMs));
    if (this.#cancelReap !== undefined || !hasWork || this.#drained !== undefined) return;
    this.#cancelReap = this.#options.clock.schedule(reapMs, () => this.#reap());
  }

  #reap(): void {
    this.#cancelReap = undefined;
    const { min, idleMs } = this.#settings;
    const now = this.#options.clock.monotonic();
    for (const entry of this.#idle.slice()) {
      const isSpare = this.#entries.size > min && now - entry.idleSince >= idleMs;
      if (!isSpare && !this.#entries.isWorn(entry)) continue;
      this.#idle.splice(this.#idle.indexOf(entry), 1);
      this.#entries.destroy(entry, isSpare ? 'idle' : 'worn');
    }
    this.#scheduleReap();
  }

  #settle(): void {
    if (this.#entries.places + this.#creating === 0) this.#onEmpty();
  }

  #toDraining(): DreyError {
    return new DreyError(
      'resource_unavailable',
      `${this.#options.name} is draining and lends nothing any more`,
    );
  }

  #toOverdue({ size, inUse, waiting }: PoolCounts): DreyError {
    const { acquireMs, max } = this.#settings;
    const sentence = `${this.#options.name} had nothing to lend within ${acquireMs} ms: size ${size} of ${max}, ${inUse} in use, ${waiting} waiting`;
    const cause = this.#lastFailure;
    const details = { size, max, inUse, waiting };
    return new DreyError('call_timeout', sentence, cause === undefined ? { details } : { cause, details });
  }

  #say(event: PoolEvent): void {
    const { onEvent, log, name } = this.#options;
    try {
      onEvent?.(event);
    } catch (error) {
      log.error({ pool: name, err: toPlainError(error) }, 'a listener of a pool threw');
    }
  }
}
