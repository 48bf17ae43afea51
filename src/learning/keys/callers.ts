/**
 * Who called a tool with a word that may tell its calls apart, so that those are found whose symbols change without looking
 * through all cases. It may know of too many, and says when it does not know; it must never miss one.
 */
import { getOr } from '../get-or.ts';

export const callerBounds = {
  /** Callers of one tool that are known by name. */
  namedMax: 64,
  /** Tools whose callers are known; beyond that nobody's are. */
  toolsMax: 20_000,
} as const;

export interface Callers {
  /** Notes that a case made these calls, or takes it back. */
  note(this: void, calls: readonly { readonly tool: string }[], id: string, sign: 1 | -1): void;
  /** The cases that called any of these; undefined where all have to be looked at. */
  of(this: void, tools: ReadonlySet<string>): ReadonlySet<string> | undefined;
}

interface Called {
  count: number;
  /** How often each was noted; undefined once there were too many. */
  names: Map<string, number> | undefined;
}

/** Knows of none yet. `mayTell`: whether calls of a tool may be told apart; one that may not never may again. */
export function createCallers(mayTell: (tool: string) => boolean): Callers {
  const called = new Map<string, Called>();
  let isLost = false;

  function noteOne(tool: string, id: string, sign: 1 | -1): void {
    const own = getOr(called, tool, () => ({ count: 0, names: new Map() }));
    own.count += sign;
    if (own.count === 0) called.delete(tool);
    if (own.names === undefined) return;
    const times = (own.names.get(id) ?? 0) + sign;
    if (times === 0) own.names.delete(id);
    else own.names.set(id, times);
    if (own.names.size > callerBounds.namedMax) own.names = undefined;
  }
  function letGo(): void {
    for (const tool of called.keys()) if (!mayTell(tool)) called.delete(tool);
    if (called.size <= callerBounds.toolsMax / 2) return;
    isLost = true;
    called.clear();
  }
  return {
    note(calls, id, sign) {
      if (isLost) return;
      for (const tool of new Set(calls.map(({ tool: own }) => own)))
        if (mayTell(tool)) noteOne(tool, id, sign);
      if (called.size > callerBounds.toolsMax) letGo();
    },
    of(tools) {
      if (isLost) return undefined;
      const all = new Set<string>();
      for (const tool of tools) {
        const own = called.get(tool);
        if (own !== undefined && own.names === undefined) return undefined;
        for (const id of own?.names?.keys() ?? []) all.add(id);
      }
      return all;
    },
  };
}
