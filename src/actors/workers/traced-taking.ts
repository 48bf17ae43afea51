/**
 * The learner's taking of events as spans: each event that belongs to a trace gets one, from the moment its batch is
 * taken up to the commit of what it led to, as a child of the event's emission. A batch has a maximum, and so have they.
 */
import { toDreyError } from '../../../machines/words/errors.ts';
import type { AnyEvent } from '../../../machines/words/events.ts';
import type { Span, Tracer } from '../../../machines/words/traces.ts';

/** Takes one namespace's part of a batch; what fails is told by its code, and thrown on. */
export async function traceTaking<T>(
  tracer: Tracer,
  events: readonly AnyEvent[],
  take: () => Promise<T>,
): Promise<T> {
  const spans = events.flatMap((event) => toSpan(tracer, event, events.length) ?? []);
  try {
    const taken = await take();
    for (const span of spans) span.end();
    return taken;
  } catch (error) {
    for (const span of spans) span.end(toDreyError(error).code);
    throw error;
  }
}

function toSpan(
  tracer: Tracer,
  { id, type, namespace, traceparent }: AnyEvent,
  many: number,
): Span | undefined {
  if (traceparent === undefined) return undefined;
  return tracer.start(`learn ${type}`, {
    kind: 'consumer',
    parent: traceparent,
    facts: {
      'messaging.system': 'nats',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'learn',
      'messaging.batch.message_count': many,
      'messaging.message.id': id,
      'drey.namespace': namespace,
    },
  });
}
