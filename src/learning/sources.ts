/**
 * Where an argument's value may have come from, in one episode: words of the task, the result of an earlier call (and
 * which element of it), an earlier argument. Every possible source is a key; binding counts the keys over episodes.
 * Result values are compared here and then dropped: nothing of their text leaves this file.
 */
import { bounds } from './bounds.ts';
import type { CleanCall } from './clean.ts';
import { isNamedPath, type Leaf, type Primitive, toLeaves, toPointer } from './leaves.ts';
import { isTelling, select, toPlace } from './selectors.ts';
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

/** What one call was given, and what it gave. */
export interface CallSources {
  readonly args: readonly Argument[];
  /** The paths in its result that later arguments may come from, each between line ends; no values. */
  readonly gave: string;
}

interface Seen {
  readonly values: Map<string, Source[]>;
  readonly texts: { readonly call: number; readonly path: string; readonly text: string }[];
  /** The leaves of lists, by call and path. */
  readonly lists: Map<string, readonly Leaf[]>;
  /** What calls were given so far. */
  readonly used: Set<string>;
}

/** The arguments of every call of an episode, with their possible sources. */
export function findArguments(task: string, calls: readonly CleanCall[]): CallSources[] {
  const text = toComparable(task);
  const seen: Seen = { values: new Map(), texts: [], lists: new Map(), used: new Set() };
  return calls.map(({ call }, at) => {
    const leaves = toLeaves(call.args, bounds.argumentLeavesMax).filter((leaf) => isNamedPath(leaf.path));
    const args = leaves.map((leaf) => toArgument(leaf, task, text, seen));
    for (const leaf of leaves) {
      remember(seen, leaf.value, { from: 'argument', call: at, path: toPointer(leaf.path) });
      if (isTelling(leaf.value)) seen.used.add(toComparable(String(leaf.value)));
    }
    // Nothing comes out of the last result.
    const gave = at === calls.length - 1 ? [] : rememberResult(seen, at, call.result, text);
    return { args, gave: gave.length === 0 ? '' : `\n${gave.join('\n')}\n` };
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
  if (!isWord(value)) return { path, value: kept, sources: [], tainted: false };
  const comparable = toComparable(String(value));
  const earlier = seen.values.get(comparable) ?? [];
  const inText = findInTexts(comparable, seen);
  const sources = [
    ...findInTask(String(value), comparable, task, text).map(
      (selector) => ({ from: 'task', selector }) as const,
    ),
    ...earlier.slice(-bounds.sourcesMax).flatMap((source) => toChosen(source, comparable, text, seen)),
    ...inText,
  ];
  const tainted = isHidden || inText.length > 0 || earlier.some((source) => source.from === 'result');
  return { path, value: kept, sources, tainted };
}

/** Booleans, nothing and very short texts match by chance; numbers of the task are looked for whatever they are. */
function isWord(value: Primitive): value is string | number {
  return typeof value === 'number' ? Number.isFinite(value) : isTelling(value);
}

/** A source, before what else of its list was chosen by what was known by then. */
function toChosen(source: Source, comparable: string, task: string, seen: Seen): Source[] {
  if (source.from !== 'result' || source.selector !== 'any') return [source];
  const leaves = seen.lists.get(`${source.call} ${source.path}`) ?? [];
  const chosen = chosenLate
    .filter((selector) => {
      const value = select(selector, leaves, { task, used: seen.used });
      return value !== undefined && toComparable(String(value)) === comparable;
    })
    .map((selector): Source => ({ ...source, selector }));
  return [...chosen, source];
}

/** What these choose depends on the calls in between. */
const chosenLate = ['joined', 'unused'] as const;

function remember(seen: Seen, value: Primitive, source: Source): void {
  if (!isTelling(value)) return;
  const key = toComparable(String(value));
  const sources = seen.values.get(key);
  if (sources === undefined) seen.values.set(key, [source]);
  else if (sources.length < bounds.sourcesMax * 4) sources.push(source);
}

/** Remembers what a result holds; the paths of what can be told again. */
function rememberResult(seen: Seen, call: number, result: unknown, text: string): string[] {
  const found = toLeaves(result, bounds.resultLeavesMax).flatMap((leaf) =>
    isNamedPath(leaf.path) ? [{ leaf, path: toPlace(leaf) }] : [],
  );
  const lists = new Map<string, Leaf[]>();
  for (const { leaf, path } of found) {
    const list = lists.get(path);
    if (list === undefined) lists.set(path, [leaf]);
    else list.push(leaf);
  }
  const mentioned = new Map<string, Primitive | undefined>();
  for (const [path, list] of lists) {
    if (list.length === 1) continue;
    seen.lists.set(`${call} ${path}`, list);
    mentioned.set(path, select('mentioned', list, { task: text, used: seen.used }));
  }
  const gave = new Set<string>();
  for (const { leaf, path } of found) {
    const { value } = leaf;
    if (typeof value === 'string' && value.length > 40 && seen.texts.length < 60) {
      seen.texts.push({ call, path, text: toComparable(value.slice(0, bounds.resultTextMax)) });
      gave.add(path);
    }
    if (!isTelling(value) || (typeof value === 'string' && !isShown(value))) continue;
    gave.add(path);
    for (const selector of toSelectors(leaf, lists.get(path) ?? [], mentioned.get(path)))
      remember(seen, value, { from: 'result', call, path, selector });
  }
  return [...gave].slice(0, bounds.pathsGivenMax);
}

/** Long texts are looked through instead, and of what was hidden in part nothing is known. */
function isShown(value: string): boolean {
  return value.length <= 300 && !(isRedacted(value) && toHiddenKind(value) === undefined);
}

/** Which of the leaves at its path this one is; '' where there is no list. */
function toSelectors(leaf: Leaf, list: readonly Leaf[], mentioned: Primitive | undefined): string[] {
  const { place } = leaf;
  if (list.length === 1) return place === undefined ? [''] : ['only', 'first'];
  const selectors: string[] = [];
  if (list[0] === leaf) selectors.push('first');
  if (list.at(-1) === leaf && place?.index === (place?.length ?? 0) - 1) selectors.push('last');
  if (mentioned !== undefined && leaf.value === mentioned) selectors.push('mentioned');
  return [...selectors, 'any'];
}

function findInTexts(comparable: string, seen: Seen): Source[] {
  if (comparable.length < 4) return [];
  return seen.texts
    .filter((each) => holds(each.text, comparable))
    .slice(-3)
    .map((each) => ({ from: 'result', call: each.call, path: each.path, selector: 'part of text' }));
}
