/**
 * The one way a fact leaves an actor: it becomes an event in the node's write-ahead log, appended before the reply
 * that depends on it. It never waits for the bus and never throws: a full log is counted and shown, not hidden.
 */
import type { DreyEvent, EventData, EventType } from '../../machines/words/events.ts';
import { eventVersion } from '../../machines/words/events.ts';
import { toDreyError, toPlainError } from '../../machines/words/errors.ts';
import type { ActorKind } from '../../machines/words/ids.ts';
import { createId, systemNamespace } from '../../machines/words/ids.ts';
import type { Span, Tracer } from '../../machines/words/traces.ts';
import type { Clock, Log } from './clock.ts';
import { toIso } from './clock.ts';

export interface ActorName {
  readonly namespace: string;
  readonly kind: ActorKind;
  readonly id: string;
}

export interface AnnounceOptions {
  /** Given where the fact has a natural identity. */
  readonly id?: string;
  readonly at?: string;
  readonly causation?: string;
  readonly correlation?: string;
  /** The trace the fact belongs to; where traces are collected, its emission becomes a part of it. */
  readonly traceparent?: string | undefined;
}

export interface Announcer {
  announce<T extends EventType>(
    type: T,
    actor: ActorName,
    data: EventData<T>,
    options?: AnnounceOptions,
  ): DreyEvent<T>;
  /** Facts that could not be recorded because the log was full or its disk failed. */
  readonly unrecorded: number;
}

export interface AnnouncerOptions {
  /** Appends to the write-ahead log; synchronous. */
  readonly append: (event: DreyEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** The process whose facts these are. */
  readonly node?: string | undefined;
  /** Only where traces are collected. */
  readonly tracer?: Tracer | undefined;
}

/** Builds events and appends them. */
export function createAnnouncer({ append, clock, log, node, tracer }: AnnouncerOptions): Announcer {
  let unrecorded = 0;
  const toPlace = ({ namespace }: ActorName): { readonly node?: string } =>
    node === undefined || namespace !== systemNamespace ? {} : { node };
  return {
    get unrecorded() {
      return unrecorded;
    },
    announce(type, actor, data, options = {}) {
      const id = options.id ?? createId('event', clock);
      const span = options.traceparent === undefined ? undefined : tracer && emit(tracer, type, id, options);
      const traceparent = span?.traceparent ?? options.traceparent;
      const event: DreyEvent<typeof type> = {
        id,
        type,
        at: options.at ?? toIso(clock.now()),
        namespace: actor.namespace,
        actor: { kind: actor.kind, id: actor.id },
        ...(options.causation === undefined ? {} : { causation: options.causation }),
        ...(options.correlation === undefined ? {} : { correlation: options.correlation }),
        ...(traceparent === undefined ? {} : { traceparent }),
        ...toPlace(actor),
        version: eventVersion,
        data,
      };
      try {
        append(event);
        span?.end();
      } catch (error) {
        unrecorded += 1;
        span?.end(toDreyError(error).code);
        log.error(
          { err: toPlainError(error), type, unrecorded },
          'an event could not be written to the event log',
        );
      }
      return event;
    },
  };
}

/** The append as a span: whoever takes the event off the bus names it as its parent. */
function emit(tracer: Tracer, type: EventType, id: string, { traceparent }: AnnounceOptions): Span {
  return tracer.start(`append ${type}`, {
    kind: 'producer',
    parent: traceparent,
    facts: { 'messaging.operation.name': 'append', 'messaging.message.id': id },
  });
}
