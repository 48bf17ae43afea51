/**
 * A root actor whose lifecycle edges are told, each with the event the machine consumed, timer firings included: that
 * is what makes a replay exact. Knowing the cause costs one assignment an event, so sessions can afford it.
 */
import type { Actor, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { toEdges } from '../../machines/edges.ts';
import type { LifecycleEdges } from '../../machines/edges.ts';
import type { EventType } from '../../machines/words/events.ts';
import { createRoot } from './root.ts';
import type { RootOptions } from './root.ts';

/** One edge as its event carries it. */
export interface ToldEdge {
  readonly type: EventType;
  readonly from: string;
  readonly to: string;
  readonly cause: EventObject & Readonly<Record<string, unknown>>;
}

type ContextOf<TMachine extends AnyStateMachine> = ReturnType<Actor<TMachine>['getSnapshot']>['context'];

export interface ToldRootOptions<TMachine extends AnyStateMachine> extends Omit<
  RootOptions<TMachine>,
  'onSnapshot'
> {
  readonly edges: LifecycleEdges;
  /** `before` is the context in which the cause was consumed. */
  readonly onEdge: (edge: ToldEdge, context: ContextOf<TMachine>, before: ContextOf<TMachine>) => void;
  /** Every change, told edge or not. */
  readonly onChange?: (value: ReturnType<Actor<TMachine>['getSnapshot']>['value']) => void;
}

/** Creates and starts it; edges into the first state are not told. */
export function createToldRoot<TMachine extends AnyStateMachine>(
  machine: TMachine,
  options: ToldRootOptions<TMachine>,
): Actor<TMachine> {
  const { edges, onEdge, onChange, ...root } = options;
  let cause: EventObject = { type: 'xstate.init' };
  let before: AnyMachineSnapshot | undefined;
  // The prototype keeps everything else of the machine; only its ear is tapped.
  const tapped = Object.create(machine) as TMachine;
  tapped.transition = (snapshot, event, scope) => {
    cause = event;
    return machine.transition(snapshot, event, scope);
  };
  return createRoot(tapped, {
    ...root,
    onSnapshot: (snapshot) => {
      const now: AnyMachineSnapshot = snapshot;
      const last = before;
      before = now;
      if (last === undefined || last.value === now.value) return;
      for (const { from, to, type } of toEdges(edges, last.value, now.value))
        if (type !== null) onEdge({ type, from, to, cause: { ...cause } }, now.context, last.context);
      onChange?.(now.value);
    },
  } as RootOptions<TMachine>);
}
