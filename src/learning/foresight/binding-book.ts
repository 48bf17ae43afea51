/**
 * The book of bindings: for each argument of each tool the rules that proved right, and how often they did; each task
 * counts once. Constants need provenance: never in calls that change something, never a value that came out of a result.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { hasEffects } from '../effects.ts';
import type { Primitive } from '../leaves.ts';
import { isIdLike, isRedacted } from '../terms.ts';
import { toValueClass } from '../texts.ts';
import { evaluate, findRules } from './binding-rules.ts';
import { type BindingState, stateBounds, toNormal, toState, toStateCall } from './binding-state.ts';

/** A rule with its record. */
export type RuleRecord = readonly [rule: string, hits: number, fires: number];

/** By tool, then by path. */
export type BindingBook = Readonly<Record<string, Readonly<Record<string, readonly RuleRecord[]>>>>;

/** A call as it was made, with what could be known before it. */
export interface BindingCase {
  readonly task: number;
  readonly state: BindingState;
  readonly tool: string;
  readonly args: readonly { readonly path: string; readonly value: Primitive }[];
}

export const bookBounds = {
  casesMax: 3_000,
  rulesMax: 14,
  pathsMax: 24,
  tasksMin: 2,
  constantTasksMin: 3,
} as const;

/** The calls of an episode that went well. */
export function toBindingCases(episode: Episode, task: number): BindingCase[] {
  const calls = episode.calls.slice(0, stateBounds.callsMax).map((call) => ({
    error: call.error,
    made: toStateCall(call.name || call.tool, call.args, call.result),
  }));
  const { mentions } = toState(episode.task, []);
  return calls.flatMap(({ error, made }, at) => {
    if (error || made.args.length === 0) return [];
    const state = { text: episode.task, mentions, calls: calls.slice(0, at).map((each) => each.made) };
    return [{ task, state, tool: made.tool, args: firstOfEach(made.args) }];
  });
}

function firstOfEach<Arg extends { readonly path: string }>(args: readonly Arg[]): Arg[] {
  const seen = new Set<string>();
  return args.filter(({ path }) => !seen.has(path) && seen.add(path));
}

interface Tally {
  readonly tasks: Set<number>;
  hits: number;
  fires: number;
}

type Tallies = Map<string, Map<string, Map<string, Tally>>>;

/** Counts rules over cases; yields from time to time. */
export function* learnBindings(cases: readonly BindingCase[]): Generator<undefined, BindingBook> {
  const times = new Map<string, number>();
  const keyOf = ({ task, tool }: BindingCase) => `${task} ${tool}`;
  for (const one of cases) times.set(keyOf(one), (times.get(keyOf(one)) ?? 0) + 1);
  const tallies: Tallies = new Map();
  for (const one of cases) {
    yield;
    noteRules(tallies, one);
  }
  for (const byPath of tallies.values()) for (const rules of byPath.values()) keepProven(rules);
  for (const one of cases) {
    yield;
    count(tallies, one, 1 / Math.sqrt(times.get(keyOf(one)) ?? 1));
  }
  return toBook(tallies);
}

/** Notes which rules would have given the right value. */
function noteRules(tallies: Tallies, one: BindingCase): void {
  const byPath = getOr(tallies, one.tool, () => new Map<string, Map<string, Tally>>());
  for (const { path, value } of one.args) {
    const rules = getOr(byPath, path, () => new Map<string, Tally>());
    for (const rule of findRules(one.state, path, value)) {
      if (rule.startsWith('c|') && (secretive.test(path) || !mayBeConstant(one, value))) continue;
      getOr(rules, rule, () => ({ tasks: new Set<number>(), hits: 0, fires: 0 })).tasks.add(one.task);
    }
  }
}

/** Counts what each proven rule gave, right or wrong. */
function count(tallies: Tallies, one: BindingCase, weight: number): void {
  for (const { path, value } of one.args) {
    for (const [rule, record] of tallies.get(one.tool)?.get(path) ?? []) {
      const given = evaluate(rule, one.state, path);
      if (given === undefined) continue;
      record.fires += weight;
      if (toNormal(given) === toNormal(value)) record.hits += weight;
    }
  }
}

function toBook(tallies: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, Tally>>>): BindingBook {
  const round = (value: number) => Math.round(value * 100) / 100;
  return Object.fromEntries(
    [...tallies].map(([tool, byPath]) => [
      tool,
      Object.fromEntries(
        [...byPath]
          .slice(0, bookBounds.pathsMax)
          .map(([path, rules]) => [
            path,
            [...rules].map(([rule, { hits, fires }]): RuleRecord => [rule, round(hits), round(fires)]),
          ]),
      ),
    ]),
  );
}

/** The rules that gave the right value in several tasks, most tasks first. */
function keepProven(rules: Map<string, Tally>): void {
  const least = (rule: string) => (rule.startsWith('c|') ? bookBounds.constantTasksMin : bookBounds.tasksMin);
  const kept = [...rules]
    .filter(([rule, { tasks }]) => tasks.size >= least(rule))
    .sort((a, b) => b[1].tasks.size - a[1].tasks.size || (a[0] < b[0] ? -1 : 1))
    .slice(0, bookBounds.rulesMax);
  rules.clear();
  for (const [rule, tally] of kept) rules.set(rule, tally);
}

/** Arguments whose values are nobody else's business. */
const secretive = /pass|secret|token|credential|identif|\bpin\b|auth|cvv|ssn|api_?key/i;

/** Addresses, ids and what came out of a result are somebody's; calls that change something take no constant unasked. */
function mayBeConstant({ tool, state }: BindingCase, value: Primitive): boolean {
  if (hasEffects(tool)) return false;
  if (typeof value === 'string') {
    if (isRedacted(value)) return false;
    const kind = toValueClass(value);
    if (value.length > 60 || kind === 'email' || kind === 'url' || isIdLike(value)) return false;
  }
  if (typeof value === 'boolean' || value === null) return true;
  const wanted = toNormal(value);
  return !state.calls.some(({ results }) => results.some((leaf) => toNormal(leaf.value) === wanted));
}

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** A value for an argument, the probability that it is right, and the rule that says so. */
export interface BoundValue {
  readonly value: Primitive;
  readonly probability: number;
  readonly rule: string;
}

/** Values for the arguments of a call: rules vote, each kind of rule once. */
export function bindCall(book: BindingBook, tool: string, state: BindingState): Map<string, BoundValue> {
  const bound = new Map<string, BoundValue>();
  const paths = Object.hasOwn(book, tool) ? (book[tool] ?? {}) : {};
  for (const [path, rules] of Object.entries(paths)) {
    const best = vote(rules, state, path);
    if (best !== undefined) bound.set(path, best);
  }
  return bound;
}

/** A second kind of rule that agrees adds this share of what it could. */
const agreeing = 0.5;

function vote(rules: readonly RuleRecord[], state: BindingState, path: string): BoundValue | undefined {
  const votes = new Map<
    string,
    { readonly given: Primitive; readonly best: Map<string, number>; rule: string }
  >();
  for (const [rule, hits, fires] of rules) {
    const given = evaluate(rule, state, path);
    if (given === undefined) continue;
    const reliability = (hits + 0.3) / (fires + 1.3);
    const found = votes.get(toNormal(given)) ?? { given, best: new Map<string, number>(), rule };
    votes.set(toNormal(given), found);
    const kind = rule.charAt(0);
    if (reliability > Math.max(0, ...found.best.values())) found.rule = rule;
    found.best.set(kind, Math.max(reliability, found.best.get(kind) ?? 0));
  }
  let best: BoundValue | undefined;
  for (const { given, best: kinds, rule } of votes.values()) {
    const [first = 0, ...others] = [...kinds.values()].sort((a, b) => b - a);
    const doubt = others.reduce((left, each) => left * (1 - agreeing * each), 1 - first);
    if (best === undefined || 1 - doubt > best.probability)
      best = { value: given, probability: 1 - doubt, rule };
  }
  return best;
}
