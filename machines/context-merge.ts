/**
 * Three states of one context become one: what both sides started from, what is held here, and what the store has now.
 * The rule is by key: changed on one side, that side wins; on both, it is a conflict, and the store's value stays unless
 * the other one is asked for.
 */
import { isSame, pick } from './context-state.ts';
import type { ContextState } from './context-state.ts';

/** Whose value stays where both sides changed a key. */
export type MergePreference = 'theirs' | 'mine';

export interface MergeConflict {
  readonly key: string;
  /** What each side holds; absent where the key is not there. */
  readonly base?: unknown;
  readonly mine?: unknown;
  readonly theirs?: unknown;
  readonly kept: MergePreference;
}

export interface MergedStates {
  readonly state: ContextState;
  /** Keys of the merged state that the store has to be told, and what it has to be told of them. */
  readonly pushed: readonly string[];
  readonly changes: ContextState;
  readonly removed: readonly string[];
  /** Keys that are news to whoever holds `mine`. */
  readonly pulled: readonly string[];
  /** Keys that both sides changed to the same. */
  readonly merged: readonly string[];
  readonly conflicts: readonly MergeConflict[];
}

/** Merges; nothing of it depends on the order of keys. */
export function mergeStates(
  base: ContextState,
  mine: ContextState,
  theirs: ContextState,
  prefer: MergePreference,
): MergedStates {
  const keys = [...new Set([base, mine, theirs].flatMap((state) => Object.keys(state)))].sort();
  const state = new Map(Object.entries(theirs));
  const [pushed, pulled, merged] = [new Array<string>(), new Array<string>(), new Array<string>()];
  const conflicts: MergeConflict[] = [];
  const push = (key: string): void => {
    pushed.push(key);
    if (Object.hasOwn(mine, key)) state.set(key, mine[key]);
    else state.delete(key);
  };
  for (const key of keys) {
    const isMine = !isSameIn(key, base, mine);
    const isTheirs = !isSameIn(key, base, theirs);
    if (isMine && isTheirs) {
      if (isSameIn(key, mine, theirs)) merged.push(key);
      else {
        conflicts.push(toConflict(key, { base, mine, theirs }, prefer));
        if (prefer === 'mine') push(key);
        else pulled.push(key);
      }
    } else if (isMine) push(key);
    else if (isTheirs) pulled.push(key);
  }
  return {
    state: Object.fromEntries(state),
    pushed,
    changes: pick(mine, pushed),
    removed: pushed.filter((key) => !Object.hasOwn(mine, key)),
    pulled,
    merged,
    conflicts,
  };
}

function isSameIn(key: string, a: ContextState, b: ContextState): boolean {
  const isThere = Object.hasOwn(a, key);
  return isThere === Object.hasOwn(b, key) && (!isThere || isSame(a[key], b[key]));
}

function toConflict(
  key: string,
  sides: Readonly<Record<'base' | 'mine' | 'theirs', ContextState>>,
  kept: MergePreference,
): MergeConflict {
  const side = (name: keyof typeof sides): object =>
    Object.hasOwn(sides[name], key) ? { [name]: sides[name][key] } : {};
  return { key, ...side('base'), ...side('mine'), ...side('theirs'), kept };
}
