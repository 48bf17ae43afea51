/**
 * Where an argument's value may have come from, in one episode: words of the task, the result of an earlier call (and
 * which element of it), an earlier argument. Every possible source is a key; binding counts the keys over episodes.
 * Result values are compared here and then dropped: nothing of their text leaves this file.
 */
import { bounds } from './bounds.ts';
import type { CleanCall } from './clean.ts';
import { isNamedPath, type Leaf, type Primitive, toLeaves, toPointer } from './leaves.ts';
import { isPlainObject } from './symbol.ts';
import { findInTask } from './task-words.ts';
import { isRedacted, toHiddenKind } from './terms.ts';
import { holds, toComparable } from './texts.ts';

/** One way a value may have come about. `call` counts the episode's clean calls. */
export type Source =
  | { readonly from: 'task'; readonly selector: string }
  | { readonly from: 'result'; readonly call: number; readonly path: string; readonly selector: string }
  | { readonly from: 'argument'; readonly call: number; readonly path: string };

/** One argument of one call, with all its possible sources. */
export interface Argument {
  /** Leaf path inside the arguments, without a leading slash. */
  readonly path: string;
  /** The value where it is short enough to be a constant, finite and was not redacted. */
  readonly value: Primitive | undefined;
  readonly sources: readonly Source[];
  /** True where the value occurs in an earlier result, wherever: such a value is no constant. */
  readonly tainted: boolean;
}

interface Seen {
  readonly values: Map<string, Source[]>;
  readonly texts: { readonly call: number; readonly path: string; readonly text: string }[];
}

/** The arguments of every call of an episode, with their possible sources. */
export function findArguments(task: string, calls: readonly CleanCall[]): Argument[][] {
  const text = toComparable(task);
  const seen: Seen = { values: new Map(), texts: [] };
  return calls.map(({ call }, at) => {
    const leaves = toLeaves(call.args, bounds.argumentLeavesMax).filter((leaf) => isNamedPath(leaf.path));
    const found = leaves.map((leaf) => toArgument(leaf, task, text, seen));
    for (const leaf of leaves)
      remember(seen, leaf.value, { from: 'argument', call: at, path: toPointer(leaf.path) });
    rememberResult(seen, at, call.result, text);
    return found;
  });
}

function toArgument(leaf: Leaf, task: string, text: string, seen: Seen): Argument {
  const path = toPointer(leaf.path).slice(1);
  const value = leaf.value;
  const isHidden = typeof value === 'string' && isRedacted(value);
  // What was hidden whole can still be seen to be passed on; of the rest nothing is known.
  if (isHidden && toHiddenKind(value) === undefined)
    return { path, value: undefined, sources: [], tainted: true };
  const isLong = typeof value === 'string' && value.length > bounds.constantTextMax;
  // JSON has no word for what is not finite, so it could not be kept as it is.
  const isEndless = typeof value === 'number' && !Number.isFinite(value);
  const kept = isHidden || isLong || isEndless ? undefined : value;
  if (!isTelling(value)) return { path, value: kept, sources: [], tainted: false };
  const comparable = toComparable(String(value));
  const earlier = seen.values.get(comparable) ?? [];
  const inText = findInTexts(comparable, seen);
  const sources = [
    ...findInTask(String(value), comparable, task, text).map(
      (selector) => ({ from: 'task', selector }) as const,
    ),
    ...earlier.slice(-bounds.sourcesMax),
    ...inText,
  ];
  const tainted = isHidden || inText.length > 0 || earlier.some((source) => source.from === 'result');
  return { path, value: kept, sources, tainted };
}

/** Booleans, nothing and very short values match by chance. */
function isTelling(value: Primitive): value is string | number {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.trim().length >= 2;
}

function remember(seen: Seen, value: Primitive, source: Source): void {
  if (!isTelling(value) || (typeof value === 'number' && Math.abs(value) < 10)) return;
  const key = toComparable(String(value));
  const sources = seen.values.get(key);
  if (sources === undefined) seen.values.set(key, [source]);
  else if (sources.length < bounds.sourcesMax * 4) sources.push(source);
}

function rememberResult(seen: Seen, call: number, result: unknown, text: string): void {
  const leaves = toLeaves(result, bounds.resultLeavesMax);
  for (const leaf of leaves) {
    if (!isNamedPath(leaf.path)) continue;
    const path = toPointer(leaf.path.map((part) => (/^\d+$/.test(part) ? '0' : part)));
    if (typeof leaf.value === 'string' && leaf.value.length > 40) {
      if (seen.texts.length < 60) {
        seen.texts.push({ call, path, text: toComparable(leaf.value.slice(0, bounds.resultTextMax)) });
      }
      if (leaf.value.length > 300) continue;
    }
    if (typeof leaf.value === 'string' && isRedacted(leaf.value) && toHiddenKind(leaf.value) === undefined)
      continue;
    for (const selector of toSelectors(leaf, text))
      remember(seen, leaf.value, { from: 'result', call, path, selector });
  }
}

/** Which element of its list a value stands in; '' where there is no list. */
function toSelectors(leaf: Leaf, text: string): string[] {
  const place = leaf.place;
  if (place === undefined) return [''];
  if (place.length === 1) return ['only', 'first'];
  const selectors: string[] = [];
  if (place.index === 0) selectors.push('first');
  if (place.index === place.length - 1) selectors.push('last');
  if (isMentioned(place.element, text)) selectors.push('mentioned');
  return [...selectors, 'any'];
}

function isMentioned(element: unknown, text: string): boolean {
  const values = isPlainObject(element) ? Object.values(element).slice(0, 40) : [element];
  return values.some((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return false;
    const comparable = toComparable(String(value).slice(0, 200));
    return comparable.length >= 3 && holds(text, comparable);
  });
}

function findInTexts(comparable: string, seen: Seen): Source[] {
  if (comparable.length < 4) return [];
  return seen.texts
    .filter((each) => holds(each.text, comparable))
    .slice(-3)
    .map((each) => ({ from: 'result', call: each.call, path: each.path, selector: 'part of text' }));
}
