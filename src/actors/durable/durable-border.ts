/** The border of durable actors: what may become an event of a machine, and what never does. */
import { DreyError } from '../../../machines/words/errors.ts';
import type { Delivery, DurableKind, MachineEvent } from './durable-kind.ts';
import type { Copy } from './durable-step.ts';
import { isReservedEvent } from '../root.ts';

/** What the machine consumes; null for a timer, whose event is found in the copy and only there. */
export function toMachineEvent(kind: DurableKind, delivery: Delivery, at: number): MachineEvent | null {
  if (delivery.from === 'timer') return null;
  if (delivery.from === 'command' && isReservedEvent(delivery.verb)) throw toReserved(delivery.verb);
  const event = delivery.from === 'effect' ? delivery.event : kind.toEvent(delivery, at);
  if (isReservedEvent(event.type)) throw toReserved(event.type);
  return event;
}

/** A timer's event; null for one that is no longer set, or set for another moment. */
export function toDueEvent(copy: Copy, delivery: Delivery): MachineEvent | null {
  if (delivery.from !== 'timer') return null;
  const timer = copy.timers.find(({ name, dueAt }) => name === delivery.name && dueAt === delivery.dueAt);
  // It was described by this machine's own transition.
  return timer === undefined ? null : (timer.event as MachineEvent);
}

/** True for a command that cannot bring a new actor into being. */
export function isUnborn(kind: DurableKind, copy: Copy, delivery: Delivery): boolean {
  if (copy.snapshot !== undefined || kind.opening === undefined) return false;
  return delivery.from !== 'command' || !kind.opening.verbs.includes(delivery.verb);
}

function toReserved(type: string): DreyError {
  return new DreyError('transition_refused', `"${type.slice(0, 80)}" belongs to the actor runtime`);
}
