/**
 * A root actor whose lifecycle edges are told, each with the event the machine consumed, timer firings included: that
 * is what makes a replay exact. Knowing the cause costs one assignment an event, so sessions can afford it.
 */
import type { Actor, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { toEdges } from '../../machines/edges.ts';
import type { Edge, LifecycleEdges } from '../../machines/edges.ts';
import { untoldMax } from '../../machines/words/events.ts';
import type { EventType } from '../../machines/words/events.ts';
import { createRoot } from './root.ts';
import type { RootOptions } from './root.ts';

/** One edge as its event carries it. */
export interface ToldEdge {
  readonly type: EventType;
  readonly from: string;
  readonly to: string;
  readonly cause: Cause;
  /** Causes since the edge before, of edges that have no event of their own. */
  readonly untold?: Cause[];
  /** What the actor was made with; on the first edge of a life, so that replay knows where one begins. */
  readonly input?: Record<string, unknown>;
}

type Cause = EventObject & Readonly<Record<string, unknown>>;

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
  let untold: Cause[] = [];
  // A restored actor goes on with the life it had.
  let input = root.snapshot === undefined ? toInput(root.input) : undefined;
  // The prototype keeps everything else of the machine; only its ear is tapped.
  const tapped = Object.create(machine) as TMachine;
  tapped.transition = (snapshot, event, scope) => {
    cause = event;
    return machine.transition(snapshot, event, scope);
  };
  const tell = ({ type, from, to }: Edge, now: AnyMachineSnapshot, last: AnyMachineSnapshot): void => {
    const consumed: Cause = { ...cause };
    if (type === null) {
      if (untold.length < untoldMax) untold.push(consumed);
      return;
    }
    const edge = {
      type,
      from,
      to,
      cause: consumed,
      ...(untold.length === 0 ? {} : { untold }),
      ...(input === undefined ? {} : { input }),
    };
    untold = [];
    input = undefined;
    onEdge(edge, now.context, last.context);
  };
  return createRoot(tapped, {
    ...root,
    onSnapshot: (snapshot) => {
      const now: AnyMachineSnapshot = snapshot;
      const last = before;
      before = now;
      if (last === undefined || last.value === now.value) return;
      for (const { from, to, type } of toEdges(edges, last.value, now.value))
        tell({ type, from, to }, now, last);
      onChange?.(now.value);
    },
  });
}

function toInput(input: unknown): Record<string, unknown> | undefined {
  return typeof input === 'object' && input !== null ? { ...input } : undefined;
}
