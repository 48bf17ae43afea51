/** What a machine looks like from outside: its states, its transitions, its lifecycle edges, its timers. */
import type { AnyStateMachine, AnyStateNode, EventObject } from 'xstate';

/** One transition as it is drawn. */
export interface Arrow {
  readonly source: AnyStateNode;
  /** Null for a transition that stays where it is. */
  readonly target: AnyStateNode | null;
  readonly event: string;
  readonly guard: string | null;
  readonly actions: readonly unknown[];
}

/** Every state of a machine below its root. */
export function toNodes(machine: AnyStateMachine): AnyStateNode[] {
  const below = (node: AnyStateNode): AnyStateNode[] =>
    Object.values(node.states).flatMap((child) => [child, ...below(child)]);
  return below(machine.root);
}

/** Every transition of a machine, in the order it was written. */
export function toArrows(machine: AnyStateMachine): Arrow[] {
  return [machine.root, ...toNodes(machine)].flatMap((source) =>
    [...source.transitions.values(), source.always ?? []].flat().flatMap((transition): Arrow[] => {
      const arrow = {
        source,
        event: transition.eventType,
        guard: typeof transition.guard === 'string' ? transition.guard : null,
        actions: transition.actions,
      };
      const targets = transition.target ?? [];
      return targets.length === 0
        ? [{ ...arrow, target: null }]
        : targets.map((target: AnyStateNode) => ({ ...arrow, target }));
    }),
  );
}

/** The lifecycle state a node belongs to: a child of the root, or of a region of a parallel root. */
export function toLifecycleNode(node: AnyStateNode): AnyStateNode | null {
  const depth = node.machine.root.type === 'parallel' ? 2 : 1;
  const path = node.path.slice(0, depth);
  if (path.length < depth) return null;
  return path.reduce<AnyStateNode>((at, key) => at.states[key] as AnyStateNode, node.machine.root);
}

/**
 * `from>to` of every step between two lifecycle states that can be drawn. A state that is left at once may be passed
 * within one step, so the step over it counts as well.
 */
export function toDrawnEdges(machine: AnyStateMachine): Set<string> {
  const steps = toArrows(machine).flatMap(({ source, target, event }) => {
    const from = toLifecycleNode(source)?.key;
    const to = target === null ? undefined : toLifecycleNode(target)?.key;
    return from === undefined || to === undefined || from === to ? [] : [{ from, to, event }];
  });
  const passed = steps.flatMap(({ from, to }) =>
    steps.filter((next) => next.event === '' && next.from === to).map((next) => ({ from, to: next.to })),
  );
  return new Set([...steps, ...passed].map(({ from, to }) => `${from}>${to}`));
}

/** The events by which a machine's timers fire. */
export function toTimerEvents(machine: AnyStateMachine): EventObject[] {
  const types = new Set(
    toArrows(machine).flatMap(({ event }) => (event.startsWith('xstate.after.') ? [event] : [])),
  );
  return [...types].map((type) => ({ type }));
}
