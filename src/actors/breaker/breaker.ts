/**
 * A circuit breaker for one upstream: counters beside, an actor for the state. While closed a call costs arithmetic
 * only; the actor hears nothing but what may move it. A broken listener never breaks a call.
 */
import { breakerEdges, breakerMachine, breakerMachineVersion } from '../../../machines/breaker.machine.ts';
import type { BreakerContext, BreakerEvent } from '../../../machines/breaker.machine.ts';
import { toEdges } from '../../../machines/edges.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import type { EventType } from '../../../machines/words/events.ts';
import { systemNamespace } from '../../../machines/words/ids.ts';
import { toBreakerSettings } from './breaker-config.ts';
import type { BreakerConfig, BreakerSettings } from './breaker-config.ts';
import { BreakerCounters } from './breaker-counters.ts';
import type { BreakerMetrics } from './breaker-counters.ts';
import { parsePersisted, toSnapshot, toTimes } from './breaker-snapshot.ts';
import type { BreakerState, PersistedBreaker } from './breaker-snapshot.ts';
import type { Log } from '../clock.ts';
import { createRoot } from '../root.ts';
import type { Roots } from '../roots.ts';

/** How a call ended for the breaker: refused arguments and the caller's own cancellation are `ignored`. */
export type CallOutcome = 'ok' | 'err' | 'ignored';

/** The right to make one call; given back once, with `done`. */
export interface Permit {
  readonly generation: number;
  used: boolean;
}

export type Admission =
  | { readonly ok: true; readonly permit: Permit }
  | { readonly ok: false; readonly retryAfterMs: number | null };

/** A lifecycle edge: the event that tells of it, and what the machine consumed. */
export interface BreakerEdge {
  readonly type: EventType;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly cause: BreakerEvent;
  /** How long until a call may probe; null where no time is known. */
  readonly retryAfterMs: number | null;
  /** What it was made with; on the first edge of a life, for replay. */
  readonly input?: Record<string, unknown>;
}

export interface BreakerOptions {
  readonly id: string;
  readonly config: BreakerConfig;
  /** `now`, the wall clock, only measures how long a persisted breaker was away. */
  readonly clock: { monotonic(): number; now?(): number };
  readonly onEdge: (edge: BreakerEdge) => void;
  /** Hears whenever state or due times are no longer what they were. */
  readonly onChange?: (now: { readonly state: BreakerState; readonly retryAfterMs: number | null }) => void;
  /** Hears what it goes on with, when it was restored. */
  readonly onResumed?: (state: BreakerState, context: BreakerContext) => void;
  /** What `persist` gave. */
  readonly snapshot?: PersistedBreaker;
  readonly log?: Log;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
}

/** Opens a breaker, or restores a persisted one; throws `config_invalid`. */
export function openBreaker(options: BreakerOptions): Breaker {
  return new Breaker(options);
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** One upstream's breaker. */
export class Breaker {
  readonly id: string;
  #state: BreakerState = 'closed';
  #context: BreakerContext;
  readonly #settings: BreakerSettings;
  readonly #counters: BreakerCounters;
  readonly #options: BreakerOptions;
  /** How far the breaker's own time line is ahead of the process's clock; it runs on while nobody is there. */
  readonly #aheadMs: number;
  readonly #actor;
  #input: Record<string, unknown> | undefined;
  /** Events on their way into the machine: a listener may send one while another is told of. */
  readonly #causes: BreakerEvent[] = [];

  constructor(options: BreakerOptions) {
    const { id, clock, snapshot, log = silent } = options;
    this.id = id;
    this.#options = options;
    this.#settings = toBreakerSettings(options.config);
    this.#counters = new BreakerCounters(this.#settings);
    const times = toTimes(this.#settings);
    const restored = snapshot === undefined ? null : parsePersisted(snapshot, id, log);
    const awayMs = restored === null ? 0 : Math.max(0, this.#wall() - restored.wallAt);
    this.#aheadMs = restored === null ? 0 : restored.at + awayMs - clock.monotonic();
    const input = { breakerId: id, times };
    // A restored breaker goes on with the life it had.
    this.#input = restored === null ? input : undefined;
    this.#actor = createRoot(breakerMachine, {
      input,
      roots: options.roots,
      address: { namespace: systemNamespace, kind: 'breaker', id },
      ...(restored === null ? {} : { snapshot: toSnapshot(restored, id, times) }),
      onSnapshot: (now) => this.#follow(now.value, now.context),
      onError: (error) => log.error({ breaker: id, error: String(error) }, 'A breaker broke.'),
      log,
    });
    this.#state = this.#actor.getSnapshot().value;
    this.#context = this.#actor.getSnapshot().context;
    if (restored !== null) options.onResumed?.(this.#state, this.#context);
    if (restored?.state === 'halfOpen') this.#send({ type: 'restored', at: this.#now() });
  }

  get state(): BreakerState {
    this.#settle();
    return this.#state;
  }

  /** Asks for a call; a refusal costs nothing and says when to come back. */
  permit(): Admission {
    const state = this.#state;
    if (state === 'closed' || state === 'metricsOnly' || state === 'disabled') return this.#admit();
    if (this.#admitsProbe()) return this.#admit();
    this.#counters.refuse();
    return { ok: false, retryAfterMs: this.retryAfterMs() };
  }

  /** Ends a call; a permit counts once, and not at all when the breaker has moved on since. */
  done(permit: Permit, outcome: CallOutcome, durationMs: number): void {
    if (this.#state === 'halfOpen') this.#settle();
    if (permit.used || permit.generation !== this.#context.generation) return;
    permit.used = true;
    if (this.#state === 'halfOpen') this.#doneProbe(outcome, durationMs);
    else if (outcome !== 'ignored' && this.#state !== 'disabled')
      this.#doneCall(outcome === 'err', durationMs);
  }

  /** Refuses every call until as many releases came; time does not lift it. */
  isolate(): void {
    this.#command('isolate');
  }

  /** Takes one isolation back; one too many is harmless. */
  release(): void {
    this.#send({ type: 'release', at: this.#now() });
  }

  /** Opens it by hand; when open already, the wait starts anew. */
  open(): void {
    this.#command('open');
  }

  /** Lets probes through now. */
  halfOpen(): void {
    if (this.state !== 'halfOpen') this.#command('halfOpen');
  }

  /** Closes it with empty counters, also out of an isolation. */
  reset(): void {
    this.#command('reset');
  }

  /** Lets everything through and counts nothing. */
  disable(): void {
    if (this.state !== 'disabled') this.#command('disable');
  }

  /** Lets everything through, counts, and never opens. */
  metricsOnly(): void {
    if (this.state !== 'metricsOnly') this.#command('metricsOnly');
  }

  /** Another node's breaker opened: while closed, for so long, the next result alone decides. False when moot. */
  hint(forMs: number): boolean {
    return this.state === 'closed' && this.#counters.hint(this.#now(), forMs);
  }

  metrics(): BreakerMetrics {
    this.#settle();
    return this.#counters.metrics(this.#now());
  }

  /** How long a call asking now would have to wait; null where no time is known. */
  retryAfterMs(): number | null {
    this.#settle();
    const { openUntil } = this.#context;
    return openUntil === null ? null : Math.max(0, openUntil - this.#now());
  }

  /** State and due times as plain data. */
  persist(): PersistedBreaker {
    this.#settle();
    return {
      machineVersion: breakerMachineVersion,
      state: this.#state,
      context: structuredClone(this.#context),
      at: this.#now(),
      wallAt: this.#wall(),
    };
  }

  close(): void {
    this.#actor.stop();
  }

  #admit(): Admission {
    return { ok: true, permit: { generation: this.#context.generation, used: false } };
  }

  #admitsProbe(): boolean {
    this.#settle();
    if (this.#state === 'open') this.#send({ type: 'probe', at: this.#now() });
    return this.#state === 'halfOpen' && this.#counters.admitProbe();
  }

  #doneCall(failed: boolean, durationMs: number): void {
    // A window of calls needs no clock, and reading one would be the dearest part of this path.
    const at = this.#settings.windowType === 'time' ? this.#now() : 0;
    const hinted = this.#counters.isHinted && this.#counters.takeHint(failed, this.#now());
    const tripped = this.#counters.record(failed, durationMs, at);
    if (!(tripped || hinted) || this.#state !== 'closed') return;
    const now = this.#now();
    this.#send({ type: 'trip', at: now, ...this.#rates(now), ...(tripped ? {} : { hinted: true }) });
  }

  #doneProbe(outcome: CallOutcome, durationMs: number): void {
    if (outcome === 'ignored') {
      this.#counters.returnProbe();
      return;
    }
    const at = this.#now();
    const verdict = this.#counters.recordProbe(outcome === 'err', durationMs, at);
    if (verdict === 'passed') this.#send({ type: 'probes.passed', at });
    else if (verdict === 'failed') this.#send({ type: 'probes.failed', at, ...this.#rates(at) });
  }

  #rates(at: number): { failureRate: number; slowRate: number } {
    const { failureRate, slowRate } = this.#counters.metrics(at);
    return { failureRate, slowRate };
  }

  /** Ends a half-open that lasted too long, at the moment when it was due. */
  #settle(): void {
    const due = this.#context.halfOpenUntil;
    if (due !== null && this.#now() >= due) this.#send({ type: 'probes.overdue', at: due });
  }

  #command(type: 'isolate' | 'open' | 'halfOpen' | 'reset' | 'disable' | 'metricsOnly'): void {
    this.#settle();
    const event = { type, at: this.#now() };
    if (!this.#actor.getSnapshot().can(event)) {
      throw new DreyError(
        'transition_refused',
        `Breaker ${this.id} is ${this.#state} and cannot take "${type}"; see the states in machines/README.md.`,
        { details: { state: this.#state, command: type } },
      );
    }
    this.#send(event);
  }

  #send(event: BreakerEvent): void {
    this.#causes.push(event);
    this.#actor.send(event);
  }

  /** The actor moved (or not): keep the counters in step and tell of an edge. */
  #follow(to: BreakerState, context: BreakerContext): void {
    const cause = this.#causes.shift();
    if (cause === undefined) return;
    const [from, was] = [this.#state, this.#context];
    if (context.generation !== was.generation && to !== 'open') {
      this.#counters.clear(to === 'halfOpen' ? 'probes' : 'calls');
    }
    this.#state = to;
    this.#context = context;
    if (context !== was || to !== from) {
      this.#options.onChange?.({ state: to, retryAfterMs: this.retryAfterMs() });
    }
    for (const { type } of toEdges(breakerEdges, from, to)) {
      if (type === null) continue;
      const input = this.#input === undefined ? {} : { input: this.#input };
      this.#input = undefined;
      this.#options.onEdge({ type, from, to, cause, retryAfterMs: this.retryAfterMs(), ...input });
    }
  }

  #now(): number {
    return this.#options.clock.monotonic() + this.#aheadMs;
  }

  #wall(): number {
    const { clock } = this.#options;
    return clock.now === undefined ? clock.monotonic() : clock.now();
  }
}
