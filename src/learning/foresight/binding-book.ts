/**
 * The book of bindings: for each argument the rules that proved right, and how often they did, for it alone, for all of
 * its name and for all there are; each task counts once. Constants need provenance: never in calls that change something,
 * never a value that came out of a result.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { mayBeConstantOf } from '../effects.ts';
import { getOr } from '../get-or.ts';
import type { Primitive } from '../leaves.ts';
import { isIdLike, isRedacted } from '../terms.ts';
import { toValueClass } from '../texts.ts';
import { evaluate, findRules, isGeneral } from './binding-rules.ts';
import {
  type BindingState,
  type StateLeaf,
  stateBounds,
  toLeafName,
  toNormal,
  toState,
  toStateCall,
  toTold,
} from './binding-state.ts';
import { Rules, tallyBounds } from './binding-tallies.ts';
import { favour, isAgain } from './binding-votes.ts';
import { type Curve, fitLogistic, type LogisticExample, toProbability } from './calibration.ts';
import { mix } from './hashing.ts';

/** A rule with its record: of values the argument had not had yet in an episode, and of values it gets again. */
export type RuleRecord = readonly [
  rule: string,
  hits: number,
  fires: number,
  hitsAgain: number,
  firesAgain: number,
];

/** What is known of arguments, and how what rules say becomes a probability. */
export interface BindingBook {
  /** By tool, then by path. */
  readonly tools: Readonly<Record<string, Readonly<Record<string, readonly RuleRecord[]>>>>;
  /** By the name of the argument, whatever the tool; no constants. */
  readonly names: Readonly<Record<string, readonly RuleRecord[]>>;
  /** Rules that mean the same for any argument. */
  readonly all: readonly RuleRecord[];
  readonly curve: Curve;
}

/** A call as it was made, with what could be known before it. */
export interface BindingCase {
  readonly task: number;
  readonly state: BindingState;
  /** What it is counted under: the tool, and where a key tells its calls apart the word as well. */
  readonly tool: string;
  readonly plain: string;
  readonly word: string;
  readonly args: readonly StateLeaf[];
}

export const bookBounds = {
  casesMax: 2_000,
  pathsMax: 24,
  namesMax: 500,
  /** An argument that fewer of a tool's calls have is left to the agent: to name it would be to recommend it. */
  givenMin: 0.05,
} as const;

/** The calls of an episode that went well. */
export function toBindingCases(episode: Episode, task: number): BindingCase[] {
  const calls = episode.calls.slice(0, stateBounds.callsMax).map((call) => ({
    error: call.error,
    made: toStateCall(call.name || call.tool, call.args, call.result),
  }));
  const told = toTold(episode.task);
  const made = calls.map((each) => each.made);
  return calls.flatMap(({ error, made: { tool, args } }, at) => {
    if (error || args.length === 0) return [];
    const state = toState(told, made.slice(0, at));
    return [{ task, state, tool, plain: tool, word: '', args: firstOfEach(args) }];
  });
}

function firstOfEach<Arg extends { readonly path: string }>(args: readonly Arg[]): Arg[] {
  const seen = new Set<string>();
  return args.filter(({ path }) => !seen.has(path) && seen.add(path));
}

interface Tallies {
  readonly tools: Map<string, Map<string, Rules>>;
  readonly names: Map<string, Rules>;
  readonly all: Rules;
}

const toFold = (task: number) => mix(task, 47) % tallyBounds.folds;

/** Counts rules over cases, then tries them on tasks that the counts leave out; yields from time to time. */
export function* learnBindings(cases: readonly BindingCase[]): Generator<undefined, BindingBook> {
  const picked = pick(cases);
  const times = new Map<string, number>();
  for (const one of picked) times.set(toKey(one), (times.get(toKey(one)) ?? 0) + 1);
  const tallies: Tallies = { tools: new Map(), names: new Map(), all: new Rules() };
  for (const one of picked) {
    yield;
    noteRules(tallies, one);
  }
  dropRare(tallies, picked);
  for (const byPath of tallies.tools.values()) for (const rules of byPath.values()) rules.keepProven();
  for (const rules of tallies.names.values()) rules.keepProven();
  tallies.all.keepProven();
  for (const one of picked) {
    yield;
    count(tallies, one, 1 / Math.sqrt(times.get(toKey(one)) ?? 1));
  }
  return toBook(tallies, yield* learnCurve(tallies, picked));
}

const toKey = ({ task, tool }: BindingCase) => `${task} ${tool}`;

/** As many as may be looked at: of each task and tool one, then of each a second one, and so on. */
function pick(cases: readonly BindingCase[]): BindingCase[] {
  const times = new Map<string, number>();
  return cases
    .map((one) => {
      const rank = times.get(toKey(one)) ?? 0;
      times.set(toKey(one), rank + 1);
      return { one, rank };
    })
    .sort((a, b) => a.rank - b.rank)
    .slice(0, bookBounds.casesMax)
    .map(({ one }) => one);
}

/** Leaves out arguments that a tool is hardly ever given. */
function dropRare({ tools }: Tallies, cases: readonly BindingCase[]): void {
  const times = new Map<string, number>();
  const bump = (key: string) => times.set(key, (times.get(key) ?? 0) + 1);
  for (const { tool, args } of cases) {
    bump(tool);
    for (const { path } of args) bump(`${tool}\n${path}`);
  }
  for (const [tool, byPath] of tools)
    for (const path of byPath.keys())
      if ((times.get(`${tool}\n${path}`) ?? 0) < bookBounds.givenMin * (times.get(tool) ?? 0))
        byPath.delete(path);
}

/** Notes which rules would have given the right value. */
function noteRules({ tools, names, all }: Tallies, one: BindingCase): void {
  const byPath = getOr(tools, one.tool, () => new Map<string, Rules>());
  for (const { path, value } of one.args) {
    if (!byPath.has(path) && byPath.size >= bookBounds.pathsMax) continue;
    const own = getOr(byPath, path, () => new Rules());
    const name = toLeafName(path);
    const isKept = names.has(name) || names.size < bookBounds.namesMax;
    const named = isKept ? getOr(names, name, () => new Rules()) : undefined;
    for (const rule of findRules(one.state, path, value)) {
      const isConstant = rule.startsWith('c|');
      if (isConstant && (secretive.test(path) || !mayBeConstant(one, path, value))) continue;
      own.note(rule, one.task);
      if (!isConstant) named?.note(rule, one.task);
      if (isGeneral(rule)) all.note(rule, one.task);
    }
  }
}

/** Counts what each proven rule gave, right or wrong. */
function count({ tools, names, all }: Tallies, one: BindingCase, weight: number): void {
  const { task, state, tool } = one;
  for (const { path, normal } of one.args) {
    const levels = [tools.get(tool)?.get(path), names.get(toLeafName(path)), all];
    const places = new Map<string, number | undefined>();
    const place = (rule: string): number | undefined => {
      const given = evaluate(rule, state, path);
      if (given === undefined) return undefined;
      const isOld = isAgain(state, tool, path, toNormal(given));
      return (toNormal(given) === normal ? 1 : -1) * (4 * toFold(task) + (isOld ? 3 : 1));
    };
    for (const rules of levels) {
      for (const [rule, { counts }] of rules ?? []) {
        if (!places.has(rule)) places.set(rule, place(rule));
        const at = places.get(rule);
        if (at === undefined) continue;
        const fires = Math.abs(at);
        counts[fires] = (counts[fires] ?? 0) + weight;
        if (at > 0) counts[at - 1] = (counts[at - 1] ?? 0) + weight;
      }
    }
  }
}

/** How what rules say becomes a probability: by what they say of tasks that their records leave out. */
function* learnCurve(tallies: Tallies, cases: readonly BindingCase[]): Generator<undefined, Curve> {
  const examples: LogisticExample[] = [];
  const leaves = new Map<number, number>();
  for (const { task, args } of cases) leaves.set(task, (leaves.get(task) ?? 0) + args.length);
  for (let fold = 0; fold < tallyBounds.folds; fold += 1) {
    const book = toBook(tallies, [], fold);
    for (const { task, state, tool, args } of cases) {
      if (toFold(task) !== fold) continue;
      yield;
      for (const { path, normal } of args) {
        const favoured = favour(book, state, tool, path);
        if (favoured === undefined) continue;
        const score = toNormal(favoured.given) === normal ? 1 : 0;
        examples.push({ inputs: favoured.inputs, score, weight: 1 / (leaves.get(task) ?? 1) });
      }
    }
  }
  return fitLogistic(examples);
}

function toBook({ tools, names, all }: Tallies, curve: Curve, without?: number): BindingBook {
  const toRecords = (byKey: ReadonlyMap<string, Rules>) =>
    Object.fromEntries([...byKey].map(([key, rules]) => [key, rules.toRecords(without)]));
  return {
    tools: Object.fromEntries([...tools].map(([tool, byPath]) => [tool, toRecords(byPath)])),
    names: toRecords(names),
    all: all.toRecords(without),
    curve,
  };
}

/** Arguments whose values are nobody else's business. */
export const secretive = /pass|secret|token|credential|identif|\bpin\b|auth|cvv|ssn|api_?key/i;

/** Addresses, ids and what came out of a result are somebody's; calls that may change something take no constant unasked. */
function mayBeConstant({ plain, word, state }: BindingCase, path: string, value: Primitive): boolean {
  if (!mayBeConstantOf(plain, path, word)) return false;
  if (typeof value === 'string') {
    if (isRedacted(value)) return false;
    const kind = toValueClass(value);
    if (value.length > 60 || kind === 'email' || kind === 'url' || isIdLike(value)) return false;
  }
  if (typeof value === 'boolean' || value === null) return true;
  const wanted = toNormal(value);
  return !state.calls.some(({ results }) => results.some((leaf) => leaf.normal === wanted));
}

/** A value for an argument, the probability that it is right, and the rule that says so. */
export interface BoundValue {
  readonly value: Primitive;
  readonly probability: number;
  readonly rule: string;
}

/** Values for the arguments of a call. */
export function bindCall(book: BindingBook, tool: string, state: BindingState): Map<string, BoundValue> {
  const bound = new Map<string, BoundValue>();
  const paths = Object.hasOwn(book.tools, tool) ? (book.tools[tool] ?? {}) : {};
  for (const path of Object.keys(paths)) {
    const favoured = favour(book, state, tool, path);
    if (favoured === undefined) continue;
    const { given, rule, inputs } = favoured;
    bound.set(path, { value: given, probability: toProbability(book.curve, inputs), rule });
  }
  return bound;
}
