/**
 * The hands of a resource actor: one thing that is started, checked, restarted when it breaks, and cleaned up. The chart
 * decides when; this file only does what it is told, tells how it went, and announces every lifecycle edge.
 */
import {
  resourceDefaults,
  resourceEdges,
  resourceMachine,
  toResourceCause,
} from '../../../machines/resource.machine.ts';
import type { ResourceView } from '../../../machines/health.store.ts';
import type { ResourceContext, ResourceEvent, ResourceSettings } from '../../../machines/resource.machine.ts';
import { toPlainError } from '../../../machines/words/errors.ts';
import { systemNamespace, toToken } from '../../../machines/words/ids.ts';
import type { Announcer } from '../announcer.ts';
import type { HealthTold } from '../board.ts';
import type { Clock, Log } from '../clock.ts';
import type { Roots } from '../roots.ts';
import { createToldRoot } from '../told-root.ts';
import type { ToldEdge } from '../told-root.ts';
import { toTimerSource } from '../durable/timer-source.ts';
import { within } from '../within.ts';

export interface ResourceOptions<T> {
  /** The resource's short name; its address is `_system/resource/r-<name>`. */
  readonly name: string;
  /** What it is, for people. */
  readonly what: string;
  /** Brings it up. `broke` is called when it ends by itself later. */
  readonly start: (broke: (error: unknown) => void) => Promise<T>;
  readonly stop: (thing: T) => Promise<void>;
  /** One look at whether it still works. */
  readonly check?: (thing: T) => Promise<void>;
  readonly checkEveryMs?: number;
  /** A look that takes longer than this has failed. */
  readonly checkMs?: number;
  /** A resource that failed too often is tried again after this long; without it, only by hand. */
  readonly reviveMs?: number;
  readonly settings?: Partial<ResourceSettings>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Pick<Announcer, 'announce'>;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
  /** Where everybody reads how it is. */
  readonly health?: HealthTold | undefined;
  readonly onChange?: () => void;
}

export interface Resource<T> {
  readonly name: string;
  /** The thing while it is up. */
  readonly current: T | undefined;
  readonly state: string;
  view(): ResourceView;
  /** Resolves when it is healthy, or when it has failed for the first time. */
  settled(): Promise<void>;
  restart(): void;
  dispose(): Promise<void>;
}

/** The id under which a resource of this name is known. */
export function toResourceId(name: string): string {
  return `r-${toToken(name)}`;
}

/** Registers a resource and starts it. */
export function openResource<T>(options: ResourceOptions<T>): Resource<T> {
  return new LiveResource(options);
}

class LiveResource<T> implements Resource<T> {
  readonly name: string;
  readonly #options: ResourceOptions<T>;
  readonly #actor;
  readonly #waiting = new Set<() => void>();
  readonly #ended = new Set<() => void>();
  #cancelTimer: (() => void) | undefined;
  /** Why it is unhealthy, as the log was told: it says each reason once, events every one. */
  #toldReason: string | undefined;
  /** What was brought up and not taken down yet, whatever state that is in. */
  #thing: T | undefined;
  /** The start or stop on its way; a start is settled once what it brought up is in use or taken down again. */
  #pending: Promise<void> | undefined;
  /** Each start is one life; what an earlier one reports later is not about this one. */
  #life = 0;
  #isBroken = false;

  constructor(options: ResourceOptions<T>) {
    this.name = options.name;
    this.#options = options;
    const id = toResourceId(options.name);
    options.announcer.announce('resource.registered', this.#address(id), { what: options.what });
    const hands = resourceMachine.provide({
      actions: {
        initialize: () => queueMicrotask(() => void (this.#pending = this.#initialize())),
        clean: () => queueMicrotask(() => void this.#clean()),
        discardLate: () => undefined,
      },
    });
    this.#actor = createToldRoot(hands, {
      edges: resourceEdges,
      onEdge: (edge, context, before) => this.#announce(edge, context, before),
      onChange: (state) => this.#changed(state),
      input: { resourceId: id, settings: { ...resourceDefaults, ...options.settings } },
      roots: options.roots,
      address: this.#address(id),
      clock: toTimerSource(options.clock),
      onError: (error) => {
        options.log.error({ resource: id, err: toPlainError(error) }, 'a resource actor broke');
        this.#isBroken = true;
        release(this.#waiting);
        release(this.#ended);
      },
      log: options.log,
    });
    this.#send({ type: 'start', at: options.clock.now() });
  }

  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  get current(): T | undefined {
    return this.state === 'healthy' || this.state === 'degraded' ? this.#thing : undefined;
  }

  view(): ResourceView {
    const { value, context } = this.#actor.getSnapshot();
    return {
      id: context.resourceId,
      what: this.#options.what,
      state: value,
      lastError: context.lastError?.message ?? null,
      code: context.lastError?.code ?? null,
    };
  }

  async settled(): Promise<void> {
    if (this.#isBroken || isSettled(this.state)) return;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  restart(): void {
    this.#send({ type: 'restart', at: this.#options.clock.now() });
  }

  async dispose(): Promise<void> {
    this.#cancelTimer?.();
    if (this.state !== 'disposed' && !this.#isBroken) {
      const ended = new Promise<void>((resolve) => this.#ended.add(resolve));
      this.#send({ type: 'dispose', at: this.#options.clock.now() });
      if (this.state !== 'disposed') await ended;
    }
    this.#life += 1;
    this.#actor.stop();
  }

  #send(event: ResourceEvent): void {
    this.#actor.send(event);
    // A further failure in the same state is no edge, but news all the same.
    this.#tellHealth();
  }

  #tellHealth(): void {
    const { clock, health } = this.#options;
    health?.send({ type: 'resource.told', view: this.view(), at: clock.now() });
  }

  #announce({ type, cause, ...edge }: ToldEdge, context: ResourceContext, before: ResourceContext): void {
    const reason = context.lastError?.message;
    const consumed = isOwnEvent(cause) ? { ...toResourceCause(before, cause) } : cause;
    const said = reason === undefined ? {} : { reason: reason.slice(0, 4_000) };
    this.#options.announcer.announce(type as 'resource.healthy', this.#address(context.resourceId), {
      ...edge,
      cause: consumed,
      ...said,
    });
  }

  #changed(state: string): void {
    const { log, name, onChange } = this.#options;
    const reason = this.#actor.getSnapshot().context.lastError?.message;
    if (state === 'unhealthy' && reason !== this.#toldReason)
      log.warn({ resource: name, reason }, 'a resource is unhealthy');
    this.#toldReason = state === 'healthy' ? undefined : (reason ?? this.#toldReason);
    if (state === 'failed')
      log.error({ resource: name, reason }, 'a resource failed too often; it is left alone');
    if (state === 'failed' && this.#options.reviveMs !== undefined)
      this.#cancelTimer = this.#options.clock.schedule(this.#options.reviveMs, () => this.restart());
    if (state === 'healthy') this.#scheduleCheck();
    if (isSettled(state)) release(this.#waiting);
    if (state === 'disposed') release(this.#ended);
    this.#tellHealth();
    onChange?.();
  }

  async #initialize(): Promise<void> {
    this.#life += 1;
    const life = this.#life;
    /** It may end by itself before it could be used. */
    const early: unknown[] = [];
    const { clock, log, name, start, stop } = this.#options;
    let thing: T;
    try {
      thing = await start((error) => {
        if (this.#thing === undefined) early.push(error);
        else this.#broke(life, error);
      });
    } catch (error) {
      this.#failStart(life, error);
      return;
    }
    if (life === this.#life && this.state === 'initializing' && early.length === 0) {
      this.#thing = thing;
      this.#send({ type: 'init.done', at: clock.now() });
      return;
    }
    // It came up after nobody waited any longer, or was gone again before it could be used.
    try {
      await stop(thing);
    } catch (error) {
      log.warn({ resource: name, err: toPlainError(error) }, 'a late start could not be taken down');
    }
    if (early.length > 0) this.#failStart(life, early[0]);
  }

  #failStart(life: number, error: unknown): void {
    if (life !== this.#life) return;
    const at = this.#options.clock.now();
    this.#send({ type: 'init.failed', error: toPlainError(error, 'process_failed'), at });
  }

  #broke(life: number, error: unknown): void {
    if (life !== this.#life) return;
    const streak = this.#options.settings?.downAfter ?? resourceDefaults.downAfter;
    const at = this.#options.clock.now();
    this.#send({ type: 'check.failed', error: toPlainError(error, 'process_failed'), streak, at });
  }

  /** Takes down what is there or still on its way; the chart bounds the wait. */
  async #clean(): Promise<void> {
    this.#cancelTimer?.();
    const thing = this.#thing;
    this.#thing = undefined;
    this.#life += 1;
    const life = this.#life;
    const { clock, stop } = this.#options;
    try {
      if (thing !== undefined) this.#pending = stop(thing);
      await this.#pending;
      if (life === this.#life) this.#send({ type: 'clean.done', at: clock.now() });
    } catch (error) {
      if (life === this.#life)
        this.#send({ type: 'clean.failed', error: toPlainError(error), at: clock.now() });
    }
  }

  #scheduleCheck(): void {
    const { check, checkEveryMs = 5_000, clock } = this.#options;
    if (check === undefined) return;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.schedule(checkEveryMs, () => void this.#check(check));
  }

  async #check(check: (thing: T) => Promise<void>): Promise<void> {
    const thing = this.#thing;
    if (thing === undefined) return;
    const { clock, checkEveryMs = 5_000, checkMs = checkEveryMs } = this.#options;
    let error: { readonly error: unknown } | undefined;
    try {
      await within(check(thing), checkMs, clock);
    } catch (cause) {
      error = { error: cause };
    }
    if (thing !== this.#thing) return;
    const at = clock.now();
    if (error === undefined) this.#send({ type: 'check.passed', at });
    else this.#send({ type: 'check.failed', error: toPlainError(error.error), at });
    if (this.current !== undefined) this.#scheduleCheck();
  }

  #address(id: string): { namespace: string; kind: 'resource'; id: string } {
    return { namespace: systemNamespace, kind: 'resource', id };
  }
}

/** Not one of the chart's own timers. */
function isOwnEvent(cause: { readonly type: string }): cause is ResourceEvent {
  return !cause.type.startsWith('xstate.');
}

function isSettled(state: string): boolean {
  return state !== 'registered' && state !== 'initializing';
}

function release(waiting: Set<() => void>): void {
  for (const resolve of waiting) resolve();
  waiting.clear();
}
