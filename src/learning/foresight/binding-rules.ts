/**
 * Rules that say where an argument's value comes from. A rule is a short text, so that it can be counted and stored; to
 * evaluate one is to look. Only rules that gave the right value somewhere are ever counted.
 */
import type { Primitive } from '../leaves.ts';
import { toNameWords } from '../terms.ts';
import { type BindingState, type StateCall, type StateLeaf, toNormal } from './binding-state.ts';

/** What a rule gives: a value as it stands in the task, in a result or in an argument. */
export type Given = Primitive | undefined;

const selectors = ['only', 'first', 'last', 'unused', 'mentioned', 'joined'] as const;
type Selector = (typeof selectors)[number];
const separator = '|';

/** Rules that give this value for this argument here. */
export function findRules(state: BindingState, path: string, value: Primitive): string[] {
  const wanted = toNormal(value);
  const rules = new Set<string>();
  for (const { value: said, kind, after, afterTwo } of state.mentions) {
    if (toNormal(said) !== wanted) continue;
    for (const place of ['first', 'last']) rules.add(`t|${kind}|${place}`);
    if (after !== '') rules.add(`w|${kind}|${after}`).add(`w|${kind}|${afterTwo}`);
    rules.add(`n|${kind}`);
  }
  for (const { tool, args, results } of state.calls) {
    for (const leaf of args) if (toNormal(leaf.value) === wanted) rules.add(`a|${tool}|${leaf.path}`);
    for (const leaf of results)
      if (toNormal(leaf.value) === wanted)
        for (const selector of selectors) rules.add(`r|${selector}|${tool}|${leaf.path}`);
  }
  rules.add(`c|${JSON.stringify(value)}`);
  return [...rules].filter((rule) => {
    const given = evaluate(rule, state, path);
    return given !== undefined && toNormal(given) === wanted;
  });
}

/** What a rule gives here; undefined where it does not apply. */
export function evaluate(rule: string, state: BindingState, path: string): Given {
  const [kind = '', one = '', ...rest] = rule.split(separator);
  switch (kind) {
    case 'c':
      return readConstant(rule.slice(2));
    case 't': {
      const fitting = state.mentions.filter((mention) => mention.kind === one);
      return (rest[0] === 'last' ? fitting.at(-1) : fitting[0])?.value;
    }
    case 'w': {
      const words = rest.join(separator);
      const isPair = words.includes(' ');
      return state.mentions.find(
        (mention) => mention.kind === one && (isPair ? mention.afterTwo : mention.after) === words,
      )?.value;
    }
    case 'n':
      return findNamed(state, path, one);
    case 'a':
      return newest(state, one, 'args', rest.join(separator))?.at(-1)?.value;
    case 'r':
      return select(one as Selector, state, rest[0] ?? '', rest.slice(1).join(separator));
    default:
      return undefined;
  }
}

function readConstant(json: string): Given {
  const value: unknown = JSON.parse(json);
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
    ? (value as Primitive)
    : undefined;
}

/** The leaves at a path in the newest call of a tool that has it. */
function newest(
  { calls }: BindingState,
  tool: string,
  where: 'args' | 'results',
  path: string,
): StateLeaf[] | undefined {
  for (let at = calls.length - 1; at >= 0; at -= 1) {
    const call: StateCall | undefined = calls[at];
    if (call?.tool !== tool) continue;
    const found = call[where].filter((leaf) => leaf.path === path);
    if (found.length > 0) return found;
  }
  return undefined;
}

function select(selector: Selector, state: BindingState, tool: string, path: string): Given {
  const found = newest(state, tool, 'results', path);
  return found === undefined ? undefined : choosers[selector](found, state, tool)?.value;
}

const choosers: Readonly<
  Record<Selector, (found: readonly StateLeaf[], state: BindingState, tool: string) => StateLeaf | undefined>
> = {
  only: (found) => (found.length === 1 ? found[0] : undefined),
  first: (found) => found[0],
  last: (found) => found.at(-1),
  unused: (found, state) => found.find(({ value }) => !isUsed(state, value)),
  mentioned: (found, state, tool) =>
    found.find((leaf) => siblings(state, tool, leaf).some((value) => isSaid(state, value))),
  joined: (found, state, tool) =>
    found.find((leaf) => siblings(state, tool, leaf).some((value) => isUsed(state, value))),
};

function isUsed({ calls }: BindingState, value: Primitive): boolean {
  const wanted = toNormal(value);
  return wanted.length > 1 && calls.some(({ args }) => args.some((arg) => toNormal(arg.value) === wanted));
}

function isSaid({ mentions }: BindingState, value: Primitive): boolean {
  const wanted = toNormal(value);
  return wanted.length > 2 && mentions.some((mention) => toNormal(mention.value) === wanted);
}

/** Other values of the same element. */
function siblings({ calls }: BindingState, tool: string, { element, path }: StateLeaf): Primitive[] {
  const call = calls.findLast(
    (each) => each.tool === tool && each.results.some((leaf) => leaf.path === path),
  );
  return (call?.results ?? []).filter((leaf) => leaf.element === element).map(({ value }) => value);
}

/** The first value of a kind after the argument's own name: `zip code: 12345`. */
function findNamed({ mentions }: BindingState, path: string, kind: string): Given {
  const words = new Set(toNameWords(path.slice(path.lastIndexOf('/') + 1)));
  let near = 0;
  for (const mention of mentions) {
    if (near > 0 && mention.kind === kind && !words.has(mention.value.toLowerCase())) return mention.value;
    near = toNameWords(mention.value).some((word) => words.has(word)) ? 4 : near - 1;
  }
  return undefined;
}
