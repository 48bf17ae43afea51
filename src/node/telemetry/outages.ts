/**
 * Outages as spans: a worker, a resource (the learner process is one) or a breaker that fails is one span until it works
 * again, with each restart and each further failure as an event on it. It sees every event on its way into the log.
 */
import type { DreyEvent, EventType } from '../../../machines/words/events.ts';
import type { Span, Tracer } from '../../../machines/words/traces.ts';

export interface Outages {
  /** Looks at one event; never throws. */
  note(event: DreyEvent): void;
  /** Ends those that last still. */
  close(): void;
}

/** Whether a type begins an outage, ends it, or ends it with a failure for good; others in between are noted. */
const turns: Partial<Record<EventType, 'begins' | 'ends' | 'fails'>> = {
  'worker.failed': 'begins',
  'worker.started': 'ends',
  'worker.stopped': 'ends',
  'worker.gave_up': 'fails',
  'resource.unhealthy': 'begins',
  'resource.healthy': 'ends',
  'resource.disposed': 'ends',
  'resource.failed': 'fails',
  'breaker.opened': 'begins',
  'breaker.closed': 'ends',
  'breaker.released': 'ends',
  'breaker.disabled': 'ends',
  'breaker.observing': 'ends',
};
const openMax = 1_000;

/** Watches; no outage is known yet. */
export function watchOutages(tracer: Tracer): Outages {
  const open = new Map<string, Span>();

  const begin = (key: string, kind: string): Span | undefined => {
    if (open.size >= openMax) return undefined;
    const span = tracer.start(`outage ${kind}`, { facts: { 'drey.actor': key } });
    open.set(key, span);
    return span;
  };

  return {
    note({ type, actor }) {
      const key = `${actor.kind}/${actor.id}`;
      const turn = turns[type];
      const span = open.get(key) ?? (turn === 'begins' ? begin(key, actor.kind) : undefined);
      if (span === undefined) return;
      span.note(type);
      if (turn === undefined || turn === 'begins') return;
      open.delete(key);
      span.end(turn === 'fails' ? type : undefined);
    },
    close() {
      for (const span of open.values()) span.end();
      open.clear();
    },
  };
}
