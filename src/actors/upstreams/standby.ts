/**
 * A resource that may sleep: it starts when it is first wanted, is stopped after a while of rest, and starts again.
 * Each waking is a new life of the same actor; who asks while it starts waits, bounded. It never decides who may ask.
 */
import type { StopSignal } from '../../../machines/words/stop.ts';
import { openResource, toResourceId } from './resource.ts';
import type { Resource, ResourceOptions } from './resource.ts';

export interface StandbyOptions<T> extends ResourceOptions<T> {
  /** Sleeps until it is wanted. */
  readonly isAsleep: boolean;
  /** Stopped after so long without use; without it, never. */
  readonly idleStopMs: number | undefined;
  /** Grows with each use; undefined while it is in use. */
  readonly uses: (thing: T) => number | undefined;
}

export interface Standby<T> extends Resource<T> {
  /** The thing, once it is up: whoever asks wakes it and waits while it starts. Undefined when it does not come. */
  arrive(asked: {
    readonly boundMs: number;
    readonly signal?: StopSignal | undefined;
  }): Promise<T | undefined>;
}

/** Callers that wait for one start; there are bulkheads before it. */
const waitingMax = 1_000;
/** Looks at whether it is used, within the time after which it would be stopped. */
const looksPerRest = 4;
const coming: readonly string[] = ['registered', 'initializing', 'restarting'];

/** Opens it, asleep or starting. */
export function openStandby<T>(options: StandbyOptions<T>): Standby<T> {
  return new LiveStandby(options);
}

class LiveStandby<T> implements Standby<T> {
  readonly name: string;
  readonly #options: StandbyOptions<T>;
  readonly #arriving = new Set<() => void>();
  #life: Resource<T> | undefined;
  #falling: Promise<void> | undefined;
  #isWanted = false;
  #isDisposed = false;
  #cancelLook = (): void => undefined;
  /** What was in use at the last look, and since when nothing changed. */
  #seen: { readonly uses: number | undefined; readonly at: number } | undefined;

  constructor(options: StandbyOptions<T>) {
    this.name = options.name;
    this.#options = options;
    if (options.isAsleep) this.#tellAsleep();
    else this.#wake();
  }

  get current(): T | undefined {
    return this.#falling === undefined ? this.#life?.current : undefined;
  }

  get state(): string {
    return this.#life?.state ?? (this.#isDisposed ? 'disposed' : 'asleep');
  }

  view(): ReturnType<Resource<T>['view']> {
    const { name, what } = this.#options;
    const blank = { id: toResourceId(name), what, state: this.state, lastError: null, code: null };
    return this.#life?.view() ?? blank;
  }

  async settled(): Promise<void> {
    await this.#life?.settled();
  }

  async arrive({ boundMs, signal }: Parameters<Standby<T>['arrive']>[0]): Promise<T | undefined> {
    if (this.current !== undefined || signal?.aborted === true) return this.current;
    this.#wake();
    if (!this.#isComing() || this.#arriving.size >= waitingMax) return this.current;
    await new Promise<void>((resolve) => {
      const leave = (): void => {
        this.#arriving.delete(leave);
        cancel();
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const cancel = this.#options.clock.schedule(boundMs, leave);
      signal?.addEventListener('abort', leave);
      this.#arriving.add(leave);
    });
    return this.current;
  }

  restart(): void {
    if (this.#life === undefined) this.#wake();
    else this.#life.restart();
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#cancelLook();
    await this.#falling;
    if (this.#life === undefined) this.#tell('disposed');
    await this.#life?.dispose();
    this.#release();
  }

  #isComing(): boolean {
    return !this.#isDisposed && (this.#falling !== undefined || coming.includes(this.state));
  }

  #wake(): void {
    if (this.#isDisposed || (this.#life !== undefined && this.#falling === undefined)) return;
    this.#isWanted = true;
    if (this.#falling !== undefined) return;
    this.#isWanted = false;
    this.#life = openResource({ ...this.#options, onChange: () => this.#changed() });
  }

  #changed(): void {
    if (this.#life?.state === 'healthy') this.#scheduleLook();
    // The constructor's first change comes before the life is known.
    if (this.#life !== undefined && !this.#isComing()) this.#release();
    this.#options.onChange?.();
  }

  #release(): void {
    for (const leave of this.#arriving) leave();
  }

  #scheduleLook(): void {
    const { clock, idleStopMs } = this.#options;
    if (idleStopMs === undefined) return;
    this.#cancelLook();
    this.#seen = undefined;
    const look = (): void => {
      if (this.#isIdle(idleStopMs)) this.#fall();
      else if (this.#life !== undefined) this.#cancelLook = clock.schedule(idleStopMs / looksPerRest, look);
    };
    look();
  }

  #isIdle(idleStopMs: number): boolean {
    const { clock, uses } = this.#options;
    const thing = this.current;
    // One that crashed is the restarts' business; it is looked at again when it is back.
    if (thing === undefined) return false;
    const now = { uses: uses(thing), at: clock.monotonic() };
    if (now.uses === undefined || now.uses !== this.#seen?.uses) this.#seen = now;
    return now.at - this.#seen.at >= idleStopMs;
  }

  #fall(): void {
    const life = this.#life;
    if (life === undefined || this.#falling !== undefined) return;
    this.#falling = life.dispose().finally(() => {
      this.#falling = undefined;
      this.#life = undefined;
      if (this.#isDisposed) return;
      this.#tellAsleep();
      if (this.#isWanted) this.#wake();
    });
  }

  #tellAsleep(): void {
    this.#tell('asleep');
    this.#options.onChange?.();
  }

  #tell(state: string): void {
    const { clock, health } = this.#options;
    health?.send({ type: 'resource.told', view: { ...this.view(), state }, at: clock.now() });
  }
}
