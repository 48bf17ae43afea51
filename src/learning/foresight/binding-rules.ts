/**
 * Rules that say where an argument's value comes from. A rule is a short text, so that it can be counted and stored; to
 * evaluate one is to look. Only rules that gave the right value somewhere are ever counted.
 */
import type { Primitive } from '../leaves.ts';
import {
  findMentionedCall,
  findNamed,
  findSame,
  type Given,
  sames,
  select,
  type Selector,
  selectors,
} from './binding-choosers.ts';
import { type BindingState, toLeafName, toNormal } from './binding-state.ts';

export type { Given } from './binding-choosers.ts';

const separator = '|';

/** Rules that give this value for this argument here. */
export function findRules(state: BindingState, path: string, value: Primitive): string[] {
  const wanted = toNormal(value);
  const rules = new Set([...findSaid(state, wanted), ...findMade(state, path, wanted)]);
  rules.add(`c|${JSON.stringify(value)}`);
  return [...rules].filter((rule) => {
    const given = evaluate(rule, state, path);
    return given !== undefined && toNormal(given) === wanted;
  });
}

/** Rules that look at the task. */
function* findSaid({ mentions }: BindingState, wanted: string): Generator<string> {
  for (const { normal, kind, after, afterTwo } of mentions) {
    if (normal !== wanted) continue;
    yield* [`t|${kind}|first`, `t|${kind}|last`, `n|${kind}`];
    if (after !== '') yield* [`w|${kind}|${after}`, `w|${kind}|${afterTwo}`];
  }
}

/** Rules that look at earlier calls. */
function* findMade({ calls }: BindingState, path: string, wanted: string): Generator<string> {
  const own = toLeafName(path);
  for (const { tool, args, results } of calls) {
    for (const { normal, name } of args) {
      if (normal !== wanted) continue;
      yield* [`a|${tool}|${name}`, `m|${tool}|${name}`];
      if (name === own) for (const which of sames) yield `s|${which}`;
    }
    for (const { normal, name, path: at } of results) {
      if (normal !== wanted) continue;
      for (const selector of selectors) yield `r|${selector}|${tool}|${at}`;
      if (name === own) for (const selector of selectors) yield `o|${selector}`;
    }
  }
}

/** Rules that mean the same for any argument of any tool. */
export const isGeneral = (rule: string) => 'nso'.includes(rule.charAt(0));

/** What a rule gives here; undefined where it does not apply. */
export function evaluate(rule: string, state: BindingState, path: string): Given {
  const [kind = '', one = '', ...rest] = rule.split(separator);
  switch (kind) {
    case 'c':
      return readConstant(rule.slice(2));
    case 't': {
      const isWanted = (mention: { readonly kind: string }) => mention.kind === one;
      const { mentions } = state;
      return (rest[0] === 'last' ? mentions.findLast(isWanted) : mentions.find(isWanted))?.value;
    }
    case 'w': {
      const words = rest.join(separator);
      const before = words.includes(' ') ? 'afterTwo' : 'after';
      return state.mentions.find((mention) => mention.kind === one && mention[before] === words)?.value;
    }
    case 'n':
      return findNamed(state, path, one);
    default:
      return evaluateMade(kind, [one, ...rest], state, path);
  }
}

/** What a rule gives that looks at earlier calls. */
function evaluateMade(
  kind: string,
  [one = '', ...rest]: readonly string[],
  state: BindingState,
  path: string,
): Given {
  switch (kind) {
    case 'a': {
      const from = state.calls.findLast(
        ({ tool, args }) => tool === one && args.some(({ name }) => name === rest[0]),
      );
      return from?.args.findLast(({ name }) => name === rest[0])?.value;
    }
    case 'm':
      return findMentionedCall(state, one, rest[0] ?? '');
    case 's':
      return findSame(state, toLeafName(path), one);
    case 'r': {
      const [tool = '', ...at] = rest;
      const from = at.join(separator);
      return select(one as Selector, state, tool, (leaf) => leaf.path === from);
    }
    case 'o': {
      const own = toLeafName(path);
      const from = state.calls.findLast(({ results }) => results.some(({ name }) => name === own));
      return from && select(one as Selector, state, from.tool, ({ name }) => name === own);
    }
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
