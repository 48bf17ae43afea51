/**
 * Lifecycle edges: which published event each step between two lifecycle states is. Every machine keeps one table
 * (`breakerEdges`); `null` stands for an edge that does not outlive its moment and is told to nobody.
 */
import type { StateValue } from 'xstate';
import type { EventType } from './words/events.ts';

/** `from>to` and the event that tells of it; null where nobody needs to be told. */
export type LifecycleEdges = Readonly<Record<string, EventType | null>>;

/** One step between two lifecycle states. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly type: EventType | null;
}

/** The lifecycle states in a state value: one, or one a region of a machine whose root is parallel. */
export function toLifecycle(value: StateValue): readonly string[] {
  if (typeof value === 'string') return [value];
  const entries = Object.entries(value);
  const only = entries[0];
  if (entries.length === 1 && only !== undefined) return [only[0]];
  return entries.map(([region, inner]) => (inner === undefined ? region : (toLifecycle(inner)[0] ?? region)));
}

/** The lifecycle edges between two state values, in the order of the regions; mostly none or one. */
export function toEdges(table: LifecycleEdges, before: StateValue, after: StateValue): readonly Edge[] {
  const left = toLifecycle(before);
  return toLifecycle(after).flatMap((to, index) => {
    const from = left[index] ?? to;
    return from === to ? [] : [{ from, to, type: table[`${from}>${to}`] ?? null }];
  });
}
