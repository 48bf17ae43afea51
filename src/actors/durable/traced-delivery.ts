/**
 * A durable actor's step as a span: from the message that reaches it, activation and wait included, to the commit. What
 * the step tells and wants done names this span as its parent. It knows no more of the message than its verb.
 */
import { toDreyError } from '../../../machines/words/errors.ts';
import type { Address } from '../../../machines/words/ids.ts';
import type { Tracer } from '../../../machines/words/traces.ts';
import type { Answer, Delivery } from './durable-kind.ts';

/** Hands the message on inside of a span; a refusal is told by its code, and so is what is thrown. */
export async function traceDelivery(
  tracer: Tracer,
  { namespace, kind, id }: Address,
  delivery: Delivery,
  hand: (traced: Delivery) => Promise<Answer>,
): Promise<Answer> {
  const span = tracer.start(`commit ${kind} ${toVerb(delivery)}`, {
    parent: delivery.traceparent,
    facts: { 'drey.namespace': namespace, 'drey.actor': `${kind}/${id}`, 'drey.from': delivery.from },
  });
  try {
    const answer = await hand({ ...delivery, traceparent: span.traceparent });
    span.set({ 'drey.revision': answer.revision });
    span.end(answer.ok ? undefined : answer.code);
    return answer;
  } catch (error) {
    span.end(toDreyError(error).code);
    throw error;
  }
}

/** Verbs are tokens and few; names of timers and of what an effect leads to are the machine's own. */
function toVerb(delivery: Delivery): string {
  if (delivery.from === 'command') return delivery.verb;
  return delivery.from === 'timer' ? delivery.name : delivery.event.type;
}
