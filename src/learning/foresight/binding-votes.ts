/**
 * What rules say of an argument, weighed: the value they favour, and what tells how often that is right: how reliable the
 * surest rule is, whether others agree, and what else is said. It counts nothing and looks at no true value.
 */
import type { Primitive } from '../leaves.ts';
import type { BindingBook, RuleRecord } from './binding-book.ts';
import { evaluate } from './binding-rules.ts';
import { type BindingState, toLeafName, toNormal } from './binding-state.ts';

/** What rules favour, before it is known how often that is right. */
export interface Favoured {
  readonly given: Primitive;
  /** The surest of the rules. */
  readonly rule: string;
  /** For the curve that makes a probability of them. */
  readonly inputs: readonly number[];
}

/** A rule that was never tried is right as often as this; levels above a record weigh as much as so many tries. */
const prior = { reliability: 0.23, tries: 1.3 } as const;
/** A second kind of rule that agrees adds this share of what it could. */
const agreeing = 0.5;
/** Kinds of rules by where they look: the task, earlier arguments, earlier results, nowhere. */
const sources: Readonly<Record<string, number>> = {
  t: 0,
  w: 0,
  n: 0,
  a: 1,
  m: 1,
  s: 1,
  r: 2,
  o: 2,
  c: 3,
};

/** True for what this argument of this tool was given before. */
export function isAgain({ calls }: BindingState, tool: string, path: string, given: string): boolean {
  return calls.some(
    (call) => call.tool === tool && call.args.some((leaf) => leaf.path === path && leaf.normal === given),
  );
}

/** A value with what rules say for it, by kind. */
interface Voice {
  readonly given: Primitive;
  readonly byKind: Map<string, number>;
  rule: string;
  best: number;
  sum: number;
}

/** What rules favour for an argument; undefined where none applies. */
export function favour(
  book: BindingBook,
  state: BindingState,
  tool: string,
  path: string,
): Favoured | undefined {
  const voices = new Map<string, Voice>();
  let total = 0;
  for (const [rule, { given, reliability }] of hear(book, state, tool, path)) {
    const key = toNormal(given);
    const voice = voices.get(key) ?? { given, byKind: new Map<string, number>(), rule, best: 0, sum: 0 };
    voices.set(key, voice);
    if (reliability > voice.best) {
      voice.best = reliability;
      voice.rule = rule;
    }
    voice.sum += reliability;
    total += reliability;
    const kind = rule.charAt(0);
    voice.byKind.set(kind, Math.max(reliability, voice.byKind.get(kind) ?? 0));
  }
  const [first, ...others] = [...voices.values()]
    .map((voice) => ({ voice, doubt: toDoubt(voice) }))
    .sort((a, b) => a.doubt - b.doubt)
    .map(({ voice }) => voice);
  if (first === undefined) return undefined;
  const rival = Math.max(0.02, ...others.map(({ best }) => best));
  const [best, agreed] = [toLogit(first.best), toLogit(1 - toDoubt(first))];
  const inputs = [1, best, agreed, toSecond(first), toLogit(rival), first.sum / total];
  return { given: first.given, rule: first.rule, inputs };
}

/** What each rule gives, and how reliable it is: by its record for this argument, for arguments of this name, for all. */
function hear(book: BindingBook, state: BindingState, tool: string, path: string) {
  const heard = new Map<
    string,
    { readonly given: Primitive; readonly isOld: boolean; reliability: number }
  >();
  for (const level of toLevels(book, tool, path)) {
    for (const [rule, hits, fires, hitsAgain, firesAgain] of level) {
      let one = heard.get(rule);
      if (one === undefined) {
        const given = evaluate(rule, state, path);
        if (given === undefined) continue;
        const isOld = isAgain(state, tool, path, toNormal(given));
        one = { given, isOld, reliability: prior.reliability };
        heard.set(rule, one);
      }
      const [right, tries] = one.isOld ? [hitsAgain, firesAgain] : [hits, fires];
      one.reliability = (right + prior.tries * one.reliability) / (tries + prior.tries);
    }
  }
  return heard;
}

function toLevels({ all, names, tools }: BindingBook, tool: string, path: string): (readonly RuleRecord[])[] {
  const name = toLeafName(path);
  const named = Object.hasOwn(names, name) ? names[name] : undefined;
  return [all, named ?? [], tools[tool]?.[path] ?? []];
}

function toDoubt({ byKind }: Voice): number {
  const [first = 0, ...others] = [...byKind.values()].sort((a, b) => b - a);
  return others.reduce((left, each) => left * (1 - agreeing * each), 1 - first);
}

/** The surest of the rules that look elsewhere than the surest one. */
function toSecond({ byKind, rule }: Voice): number {
  const own = sources[rule.charAt(0)];
  return Math.max(0, ...[...byKind].map(([kind, reliability]) => (sources[kind] === own ? 0 : reliability)));
}

const toLogit = (p: number) => Math.log(Math.max(0.005, p) / Math.max(0.005, 1 - p));
