/**
 * The argument keys that tell a tool's calls apart, learned from the cases known: in whatever order they came, they give the
 * same keys. Only what once had more tools, keys or words than are counted stays out until it is learned anew, though
 * some of it was forgotten. It says which tools' symbols changed; it makes no case itself.
 */
import { hashText } from '../foresight/hashing.ts';
import { type Callers, createCallers } from './callers.ts';
import type { ArgumentKey, Keys } from './choices.ts';
import { decide, type Discriminator } from './decide.ts';
import { type Caller, type ChosenCall, countCall, keyBounds, type ToolCounts } from './key-counts.ts';

export interface KeyBook extends Keys {
  /** Counts the calls of an episode that teaches steps, or takes them back. */
  count(this: void, calls: readonly ChosenCall[], caller: Caller, sign: 1 | -1): void;
  /** Whose calls may get other symbols. */
  readonly callers: Callers;
  /** Decides anew where counts changed; the tools whose symbols are others now. */
  review(this: void, shared: boolean): ReadonlySet<string>;
  /** The keys that were found, in the order of their tools; the same list as long as they are the same. */
  readonly learned: readonly ArgumentKey[];
  /** How often they changed. */
  readonly changes: number;
}

/** Has counted nothing yet. */
export function createKeyBook(toolsMax: number = keyBounds.toolsMax): KeyBook {
  const tools = new Map<string, ToolCounts>();
  const found = new Map<string, Discriminator>();
  /** Tools that have to be looked at. */
  const counted = new Set<string>();
  let learned: readonly ArgumentKey[] = [];
  let changes = 0;
  let share = 1;
  let wasShared = false;
  const takes = (tool: string) => hashText(tool) / 2 ** 32 < share;
  const callers = createCallers((tool) => takes(tool) || found.has(tool));

  function letGo(): void {
    while (tools.size > toolsMax) {
      share /= 2;
      for (const tool of tools.keys()) {
        if (takes(tool)) continue;
        tools.delete(tool);
        counted.add(tool);
      }
    }
  }
  return {
    tell(plain, choices) {
      const own = found.get(plain.tool);
      const word = own === undefined ? undefined : choices.find(([key]) => key === own.key)?.[1];
      if (word === undefined || own?.words.has(word) !== true) return plain;
      return { ...plain, id: `${plain.tool} ${word}`, program: word };
    },
    callers,
    count(calls, caller, sign) {
      const how = { caller, chose: new Set<string>(), sign };
      calls.forEach(({ symbol: { tool } }, at) => {
        let own = tools.get(tool);
        if (own === undefined) {
          if (!takes(tool)) return;
          own = { calls: 0, isWide: false, keys: new Map() };
          tools.set(tool, own);
        }
        countCall(own, calls, at, how);
        if (own.keys.size > 0 || found.has(tool)) counted.add(tool);
        if (own.calls === 0) tools.delete(tool);
      });
      letGo();
    },
    review(shared) {
      if (shared !== wasShared) for (const tool of tools.keys()) counted.add(tool);
      wasShared = shared;
      const changed = new Set<string>();
      for (const tool of counted) {
        const own = tools.get(tool);
        const now = own === undefined ? undefined : decide(own, shared);
        if (isSame(found.get(tool), now)) continue;
        changed.add(tool);
        if (now === undefined) found.delete(tool);
        else found.set(tool, now);
      }
      counted.clear();
      if (changed.size > 0) {
        learned = toList(found);
        changes += 1;
      }
      return changed;
    },
    get learned() {
      return learned;
    },
    get changes() {
      return changes;
    },
  };
}

function toList(found: ReadonlyMap<string, Discriminator>): readonly ArgumentKey[] {
  return [...found]
    .map(([tool, { key, words }]) => ({ tool, key, words: [...words].sort() }))
    .sort((one, other) => (one.tool < other.tool ? -1 : 1));
}

function isSame(one: Discriminator | undefined, other: Discriminator | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.key === other.key &&
    one.words.size === other.words.size &&
    [...one.words].every((word) => other.words.has(word))
  );
}
