/**
 * Which of several values is meant: the one element of a list, the one call among several, the mention that bears an
 * argument's name. Each chooser looks at the state alone and says nothing where it has no reason to.
 */
import type { Primitive } from '../leaves.ts';
import { toNameWords } from '../terms.ts';
import type { BindingState, StateCall, StateLeaf } from './binding-state.ts';

/** What a rule gives: a value as it stands in the task, in a result or in an argument. */
export type Given = Primitive | undefined;

type Fits = (leaf: StateLeaf) => boolean;
type Chooser = (found: readonly StateLeaf[], state: BindingState, call: StateCall) => StateLeaf | undefined;

const choosers = {
  only: (found) => (found.length === 1 ? found[0] : undefined),
  first: (found) => found[0],
  last: (found) => found.at(-1),
  unused: (found, state) => found.find((leaf) => !isUsed(state, leaf)),
  left: (found, state) => {
    const open = found.filter((leaf) => !isUsed(state, leaf));
    return open.length === 1 ? open[0] : undefined;
  },
  joined: (found, state, call) =>
    found.find((leaf) => toSiblings(call, leaf).some((sibling) => isUsed(state, sibling))),
} satisfies Readonly<Record<string, Chooser>>;

/** How an element of a result is chosen: by its place, by what was used before, by what the task says of it. */
export const selectors = [
  'only',
  'first',
  'last',
  'unused',
  'left',
  'joined',
  'mentioned',
  'wanted',
] as const;
export type Selector = (typeof selectors)[number];

/** The value in a tool's results: of the newest that has it, or, where the task has to say which, of all of them. */
export function select(selector: Selector, state: BindingState, tool: string, fits: Fits): Given {
  if (selector === 'mentioned' || selector === 'wanted') {
    const all = state.calls.flatMap((call) =>
      call.tool === tool ? call.results.filter(fits).map((leaf) => ({ leaf, call })) : [],
    );
    const open = selector === 'wanted' ? all.filter(({ leaf }) => !isUsed(state, leaf)) : all;
    return pickSaid(open, ({ leaf, call }) => toSaidOf(call, leaf), state)?.leaf.value;
  }
  const call = state.calls.findLast((each) => each.tool === tool && each.results.some(fits));
  return call === undefined ? undefined : choosers[selector](call.results.filter(fits), state, call)?.value;
}

const isUsed = ({ used }: BindingState, { normal }: StateLeaf) => normal.length > 1 && used.has(normal);

/** The values of the same element. */
const toSiblings = ({ results }: StateCall, { element }: StateLeaf) =>
  results.filter((leaf) => leaf.element === element);

/** What a task may say of an element: its values and its key. */
function toSaidOf(call: StateCall, leaf: StateLeaf): Primitive[] {
  const key = leaf.element.slice(leaf.element.lastIndexOf('/') + 1);
  return [key, ...toSiblings(call, leaf).map(({ value }) => value)];
}

/** The one of several that has most values which the task says and not all of the others have. */
function pickSaid<One>(
  all: readonly One[],
  valuesOf: (one: One) => readonly Primitive[],
  state: BindingState,
): One | undefined {
  const said = all.map((one) => new Set(valuesOf(one).filter((value) => state.says(value))));
  const times = new Map<Primitive, number>();
  for (const values of said) for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  const own = said.map((values) => [...values].filter((value) => times.get(value) !== all.length).length);
  const most = Math.max(0, ...own);
  return most === 0 ? undefined : all[own.indexOf(most)];
}

/** The argument of the one call of a tool whose result tells of what the task says. */
export function findMentionedCall(state: BindingState, tool: string, name: string): Given {
  const calls = state.calls.filter(
    (call) => call.tool === tool && call.args.some((leaf) => leaf.name === name),
  );
  const best = pickSaid(calls, ({ results }) => results.map(({ value }) => value), state);
  return best?.args.find((leaf) => leaf.name === name)?.value;
}

/** Which of the values that arguments of this name had before, whatever the tool. */
export const sames = ['first', 'last', 'only'] as const;

/** The value that arguments of this name had: the first one, the last one, or the only one. */
export function findSame({ calls }: BindingState, name: string, which: string): Given {
  const given = calls.flatMap(({ args }) => args.filter((leaf) => leaf.name === name));
  if (which === 'only')
    return given.every(({ normal }) => normal === given[0]?.normal) ? given[0]?.value : undefined;
  return (which === 'first' ? given[0] : given.at(-1))?.value;
}

/** The first value of a kind soon after the argument's own name: `zip code: 12345`. */
export function findNamed({ mentions }: BindingState, path: string, kind: string): Given {
  const words = new Set(toNameWords(path.slice(path.lastIndexOf('/') + 1)));
  let near = 0;
  for (const mention of mentions) {
    if (near > 0 && mention.kind === kind && !words.has(mention.value.toLowerCase())) return mention.value;
    near = toNameWords(mention.value).some((word) => words.has(word)) ? 4 : near - 1;
  }
  return undefined;
}
