/**
 * All breakers of a node by their ids. Their edges become events here and reach whoever listens, and one that was
 * persisted goes on where it was. Nothing of it is in a call's path but the one step to the breaker of now.
 */
import { systemNamespace } from '../../../machines/words/ids.ts';
import type { Announcer } from '../announcer.ts';
import type { HealthTold } from '../board.ts';
import type { BreakerConfig } from './breaker-config.ts';
import type { PersistedBreaker } from './breaker-snapshot.ts';
import { openBreaker } from './breaker.ts';
import type { Breaker, BreakerEdge } from './breaker.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import type { Roots } from '../roots.ts';

export interface BreakersOptions {
  readonly config: BreakerConfig;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly health: HealthTold;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
}

export interface BreakerView {
  readonly id: string;
  readonly state: string;
  readonly retryAfterMs: number | null;
}

export interface Breakers {
  /** Opens one; what it gives is the breaker for calls, also after it was restored. */
  open(id: string, config?: BreakerConfig): Pick<Breaker, 'permit' | 'done'>;
  /** Takes one out: what its last calls say is nobody's business any more. */
  drop(id: string): void;
  views(): readonly BreakerView[];
  /** Hears of every lifecycle edge; returns the way to stop listening. */
  onEdge(heard: (id: string, edge: BreakerEdge) => void): () => void;
  /** Hears when a breaker is no longer what `persist` said. */
  onChange(heard: (id: string) => void): () => void;
  /** Gives another node's hint to a breaker: `moot` where it changes nothing. */
  hint(id: string, forMs: number): 'taken' | 'moot' | 'unknown';
  persist(id: string): PersistedBreaker | undefined;
  /** Goes on with what was persisted, for before the first call; false when the breaker stays closed. */
  restore(id: string, persisted: unknown): boolean;
  close(): void;
}

interface Slot {
  breaker: Breaker;
  readonly config: BreakerConfig;
  isDropped: boolean;
}

/** Starts with none. */
export function createBreakers(options: BreakersOptions): Breakers {
  const slots = new Map<string, Slot>();
  const edgeHeard = new Set<Parameters<Breakers['onEdge']>[0]>();
  const changeHeard = new Set<Parameters<Breakers['onChange']>[0]>();

  const begin = (id: string, config: BreakerConfig, snapshot?: PersistedBreaker): Breaker =>
    openBreaker({
      ...options,
      config,
      id,
      onEdge(edge) {
        announceEdge(options, id, edge);
        for (const hear of edgeHeard) hear(id, edge);
      },
      onResumed(state, context) {
        const actor = { namespace: systemNamespace, kind: 'breaker', id } as const;
        options.announcer.announce('breaker.resumed', actor, { state, context: { ...context } });
      },
      onChange(now) {
        tellHealth(options, id, now);
        for (const hear of changeHeard) hear(id);
      },
      ...(snapshot === undefined ? {} : { snapshot }),
    });

  return {
    open(id, config = options.config) {
      const slot: Slot = { breaker: begin(id, config), config, isDropped: false };
      slots.set(id, slot);
      tellHealth(options, id, toView(slot.breaker));
      return {
        permit: () => slot.breaker.permit(),
        done(permit, outcome, durationMs) {
          if (!slot.isDropped) slot.breaker.done(permit, outcome, durationMs);
        },
      };
    },
    drop(id) {
      const slot = slots.get(id);
      if (slot === undefined) return;
      slots.delete(id);
      slot.isDropped = true;
      slot.breaker.close();
      options.health.send({ type: 'breaker.gone', id, at: options.clock.now() });
    },
    views: () => [...slots.values()].map(({ breaker }) => toView(breaker)),
    onEdge: (heard) => listen(edgeHeard, heard),
    onChange: (heard) => listen(changeHeard, heard),
    hint(id, forMs) {
      const slot = slots.get(id);
      if (slot === undefined) return 'unknown';
      return slot.breaker.hint(forMs) ? 'taken' : 'moot';
    },
    persist: (id) => slots.get(id)?.breaker.persist(),
    restore(id, persisted) {
      const slot = slots.get(id);
      // The opening breaker checks every field of it before it believes any.
      const snapshot = persisted as PersistedBreaker | null;
      // One that was closed is as good as new, and the first edge of a new life can be replayed from.
      if (slot === undefined || snapshot?.state === 'closed') return false;
      slot.breaker.close();
      slot.breaker = begin(id, slot.config, snapshot as PersistedBreaker);
      tellHealth(options, id, toView(slot.breaker));
      return slot.breaker.state !== 'closed';
    },
    close() {
      for (const { breaker } of slots.values()) breaker.close();
    },
  };
}

function listen<Heard>(all: Set<Heard>, heard: Heard): () => void {
  all.add(heard);
  return () => all.delete(heard);
}

function toView(breaker: Breaker): BreakerView {
  return { id: breaker.id, state: breaker.state, retryAfterMs: breaker.retryAfterMs() };
}

function tellHealth(
  { health, clock }: BreakersOptions,
  id: string,
  { state, retryAfterMs }: Pick<BreakerView, 'state' | 'retryAfterMs'>,
): void {
  const retryAt = retryAfterMs === null ? null : Math.round(clock.now() + retryAfterMs);
  health.send({ type: 'breaker.told', view: { id, state, retryAt }, at: clock.now() });
}

function announceEdge(options: BreakersOptions, id: string, edge: BreakerEdge): void {
  const { announcer, clock, log } = options;
  const actor = { namespace: systemNamespace, kind: 'breaker', id } as const;
  const input = edge.input === undefined ? {} : { input: edge.input };
  const data = { from: edge.from, to: edge.to, cause: { ...edge.cause }, ...input };
  if (edge.type === 'breaker.opened') {
    const openUntil = edge.retryAfterMs === null ? null : toIso(clock.now() + edge.retryAfterMs);
    announcer.announce('breaker.opened', actor, { ...data, openUntil });
    log.warn({ breaker: id, retryAfterMs: edge.retryAfterMs }, 'a circuit breaker opened');
    return;
  }
  announcer.announce(edge.type as 'breaker.closed', actor, data);
}
