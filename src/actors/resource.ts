/**
 * The hands of a resource actor: one thing that is started, checked, restarted when it breaks, and cleaned up. The chart
 * decides when; this file only does what it is told, tells how it went, and announces every lifecycle edge.
 */
import {
  resourceDefaults,
  resourceEdges,
  resourceMachine,
  toResourceCause,
} from '../../machines/resource.machine.ts';
import type { ResourceContext, ResourceEvent, ResourceSettings } from '../../machines/resource.machine.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import { systemNamespace, toToken } from '../../machines/words/ids.ts';
import type { Announcer } from './announcer.ts';
import type { Clock, Log } from './clock.ts';
import { createToldRoot } from './told-root.ts';
import type { ToldEdge } from './told-root.ts';
import { toTimerSource } from './timer-source.ts';

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
  /** A resource that failed too often is tried again after this long; without it, only by hand. */
  readonly reviveMs?: number;
  readonly settings?: Partial<ResourceSettings>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly onChange?: () => void;
}

export interface ResourceView {
  readonly id: string;
  readonly what: string;
  readonly state: string;
  readonly lastError: string | null;
  readonly code: ErrorCode | null;
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

/** Registers a resource and starts it. */
export function openResource<T>(options: ResourceOptions<T>): Resource<T> {
  return new LiveResource(options);
}

class LiveResource<T> implements Resource<T> {
  readonly name: string;
  current: T | undefined;
  readonly #options: ResourceOptions<T>;
  readonly #actor;
  readonly #waiting = new Set<() => void>();
  readonly #ended = new Set<() => void>();
  #cancelCheck: (() => void) | undefined;
  #checking = false;
  /** Each start is one life; what an earlier one reports later is not about this one. */
  #life = 0;

  constructor(options: ResourceOptions<T>) {
    this.name = options.name;
    this.#options = options;
    const id = `r-${toToken(options.name)}`;
    options.announcer.announce('resource.registered', this.#address(id), { what: options.what });
    const hands = resourceMachine.provide({
      actions: {
        initialize: () => queueMicrotask(() => void this.#initialize()),
        clean: () => queueMicrotask(() => void this.#clean()),
        discardLate: () => undefined,
      },
    });
    this.#actor = createToldRoot(hands, {
      edges: resourceEdges,
      onEdge: (edge, context, before) => this.#announce(edge, context, before),
      onChange: (state) => this.#changed(state),
      input: { resourceId: id, settings: { ...resourceDefaults, ...options.settings } },
      clock: toTimerSource(options.clock),
      onError: (error) =>
        options.log.error({ resource: id, err: toPlainError(error) }, 'a resource actor broke'),
      log: options.log,
    });
    this.#send({ type: 'start', at: options.clock.now() });
  }

  get state(): string {
    return this.#actor.getSnapshot().value;
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
    if (isSettled(this.state)) return;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  restart(): void {
    this.#send({ type: 'restart', at: this.#options.clock.now() });
  }

  async dispose(): Promise<void> {
    this.#cancelCheck?.();
    if (this.state !== 'disposed') {
      const ended = new Promise<void>((resolve) => this.#ended.add(resolve));
      this.#send({ type: 'dispose', at: this.#options.clock.now() });
      if (this.state !== 'disposed') await ended;
    }
    this.#actor.stop();
  }

  #send(event: ResourceEvent): void {
    this.#actor.send(event);
  }

  #announce({ type, from, to, cause }: ToldEdge, context: ResourceContext, before: ResourceContext): void {
    const reason = context.lastError?.message;
    const consumed = isOwnEvent(cause) ? { ...toResourceCause(before, cause) } : cause;
    const said = reason === undefined ? {} : { reason: reason.slice(0, 4_000) };
    this.#options.announcer.announce(type as 'resource.healthy', this.#address(context.resourceId), {
      from,
      to,
      cause: consumed,
      ...said,
    });
  }

  #changed(state: string): void {
    const { log, name, onChange } = this.#options;
    const reason = this.#actor.getSnapshot().context.lastError?.message;
    if (state === 'unhealthy') log.warn({ resource: name, reason }, 'a resource is unhealthy');
    if (state === 'failed')
      log.error({ resource: name, reason }, 'a resource failed too often; it is left alone');
    if (state === 'failed' && this.#options.reviveMs !== undefined)
      this.#cancelCheck = this.#options.clock.schedule(this.#options.reviveMs, () => this.restart());
    if (state === 'healthy') this.#scheduleCheck();
    if (isSettled(state)) release(this.#waiting);
    if (state === 'disposed' || state === 'failed') release(this.#ended);
    onChange?.();
  }

  async #initialize(): Promise<void> {
    this.#life += 1;
    const life = this.#life;
    const { clock } = this.#options;
    try {
      const thing = await this.#options.start((error) => this.#broke(life, error));
      if (life !== this.#life || this.state !== 'initializing') {
        await this.#options.stop(thing);
        return;
      }
      this.current = thing;
      this.#send({ type: 'init.done', at: clock.now() });
    } catch (error) {
      if (life === this.#life)
        this.#send({ type: 'init.failed', error: toPlainError(error, 'process_failed'), at: clock.now() });
    }
  }

  #broke(life: number, error: unknown): void {
    if (life !== this.#life || this.current === undefined) return;
    const streak = this.#options.settings?.downAfter ?? resourceDefaults.downAfter;
    this.#send({
      type: 'check.failed',
      error: toPlainError(error, 'process_failed'),
      streak,
      at: this.#options.clock.now(),
    });
  }

  async #clean(): Promise<void> {
    this.#cancelCheck?.();
    const thing = this.current;
    this.current = undefined;
    this.#life += 1;
    const { clock } = this.#options;
    try {
      if (thing !== undefined) await this.#options.stop(thing);
      this.#send({ type: 'clean.done', at: clock.now() });
    } catch (error) {
      this.#send({ type: 'clean.failed', error: toPlainError(error), at: clock.now() });
    }
  }

  #scheduleCheck(): void {
    const { check, checkEveryMs = 5_000, clock } = this.#options;
    if (check === undefined) return;
    this.#cancelCheck?.();
    this.#cancelCheck = clock.schedule(checkEveryMs, () => void this.#check(check));
  }

  async #check(check: (thing: T) => Promise<void>): Promise<void> {
    const thing = this.current;
    if (thing === undefined || this.#checking) return;
    this.#checking = true;
    try {
      await check(thing);
      this.#send({ type: 'check.passed', at: this.#options.clock.now() });
    } catch (error) {
      if (thing === this.current)
        this.#send({ type: 'check.failed', error: toPlainError(error), at: this.#options.clock.now() });
    } finally {
      this.#checking = false;
      if (this.current !== undefined) this.#scheduleCheck();
    }
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
