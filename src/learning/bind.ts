/**
 * Fifth step: where each argument's value comes from: the task's words, an earlier result (and which element of it), an
 * earlier argument, a constant; else it must be asked for. A source counts once an episode; ties go to the origin
 * (task before result before argument before constant). Constants need provenance: see `effects.ts`.
 */
import type { Binding } from '../../machines/words/sops.ts';
import type { AlignedStep, Alignment } from './align.ts';
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import { mayBeConstantOf } from './effects.ts';
import type { Primitive } from './leaves.ts';
import type { Argument, Source } from './sources.ts';
import { toValueClass } from './texts.ts';
import { isIdLike, isRedacted } from './terms.ts';

export const bindShares = {
  least: 0.6,
  present: 0.34,
  any: 0.9,
  episodesMin: 2,
  personalWordingsMin: 6,
  idWordingsMin: 12,
} as const;

/** One argument of a step as one episode filled it. */
interface Filling {
  readonly argument: Argument;
  /** Keys of the sources, in steps of the procedure instead of calls of the episode. */
  readonly keys: ReadonlyMap<string, Binding>;
  readonly principal: string;
  readonly wording: number;
}

/** Bindings of every step, keyed by leaf path. `shared` asks for two principals behind a constant. */
export function bind(
  members: readonly Case[],
  alignment: Alignment,
  tools: readonly string[],
  shared: boolean,
): Record<string, Binding>[] {
  const sampled = sample(members);
  const fillings = alignment.steps.map(() => new Map<string, Filling[]>());
  const took = alignment.steps.map(() => 0);
  for (const one of sampled) {
    const { calls: own, line } = one;
    const calls = alignment
      .placesOf(one.sequence)
      .map((place) => (place < 0 ? -1 : (line.places[place] ?? -1)));
    const stepOfCall = new Map(calls.map((call, step) => [call, step]));
    calls.forEach((call, step) => {
      const made = own[call];
      const into = fillings[step];
      if (made === undefined || into === undefined) return;
      took[step] = (took[step] ?? 0) + 1;
      for (const argument of made.args) {
        const list = into.get(argument.path) ?? [];
        list.push({
          argument,
          keys: toKeys(argument.sources, stepOfCall, step),
          principal: one.principal,
          wording: one.wordingKey,
        });
        into.set(argument.path, list);
      }
    });
  }
  return alignment.steps.map((step, at) =>
    bindStep(step, fillings[at] ?? new Map(), took[at] ?? 0, {
      tool: tools[at] ?? step.symbol,
      shared,
    }),
  );
}

/** The newest episode of each wording first, then further ones, newest first. */
function sample(members: readonly Case[]): Case[] {
  const first: Case[] = [];
  const more: Case[] = [];
  const wordings = new Set<number>();
  for (const one of members.toReversed()) {
    (wordings.has(one.wordingKey) ? more : first).push(one);
    wordings.add(one.wordingKey);
  }
  return [...first, ...more].slice(0, bounds.bindingEpisodesMax);
}

function toKeys(
  sources: readonly Source[],
  stepOfCall: ReadonlyMap<number, number>,
  step: number,
): Map<string, Binding> {
  const keys = new Map<string, Binding>();
  for (const source of sources) {
    if (source.from === 'task') {
      keys.set(`0 task ${source.selector}`, { from: 'task', selector: source.selector, support: 0 });
      continue;
    }
    const origin = stepOfCall.get(source.call);
    if (origin === undefined || origin < 0 || origin >= step) continue;
    if (source.from === 'argument') {
      keys.set(`2 argument ${pad(origin)} ${source.path}`, {
        from: 'argument',
        step: origin,
        path: source.path,
        support: 0,
      });
      continue;
    }
    const selector = source.selector === '' ? {} : { selector: source.selector };
    const key = `1 result ${pad(origin)} ${source.path} ${toSelectorRank(source.selector)}`;
    keys.set(key, { from: 'result', step: origin, path: source.path, ...selector, support: 0 });
  }
  return keys;
}

const selectorOrder = ['', 'only', 'mentioned', 'first', 'last', 'any', 'part of text'];
const toSelectorRank = (selector: string) => String(selectorOrder.indexOf(selector));
const pad = (step: number) => String(step).padStart(3, '0');

interface Caution {
  readonly tool: string;
  readonly shared: boolean;
}

function bindStep(
  step: AlignedStep,
  fillings: ReadonlyMap<string, readonly Filling[]>,
  took: number,
  caution: Caution,
): Record<string, Binding> {
  const paths = [...fillings]
    .filter(([, each]) => each.length / Math.max(1, took) >= bindShares.present)
    .sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
    .slice(0, bounds.argumentsMax)
    .map(([path]) => path)
    .sort();
  const bound = paths.map((path) => {
    const own = fillings.get(path) ?? [];
    const constant = mayBeConstantOf(caution.tool, path) ? toConstant(own, caution) : undefined;
    return [path, bindOne(own, constant, step.symbol)] as const;
  });
  return Object.fromEntries(bound);
}

function bindOne(fillings: readonly Filling[], constant: Binding | undefined, symbol: string): Binding {
  const least = Math.min(bindShares.episodesMin, fillings.length);
  const counts = new Map<string, { readonly binding: Binding; hits: number }>();
  for (const { keys } of fillings) {
    for (const [key, binding] of keys) {
      const found = counts.get(key) ?? { binding, hits: 0 };
      found.hits += 1;
      counts.set(key, found);
    }
  }
  const best = [...counts]
    .map(([key, { binding, hits }]) => ({
      key,
      binding,
      hits,
      worth: toWorth(binding, hits / fillings.length),
    }))
    .filter(({ hits }) => hits >= least)
    .sort((a, b) => b.worth - a.worth || (a.key < b.key ? -1 : 1))[0];
  const support = best === undefined ? 0 : best.hits / fillings.length;
  if (best !== undefined && support >= bindShares.least && best.worth >= (constant?.support ?? 0) - 0.15) {
    return { ...best.binding, support };
  }
  if (constant !== undefined && constant.support >= bindShares.least) return constant;
  return toAsk(fillings, symbol);
}

/** A selector that leaves the element open, or only names the value's class, is worth less than an exact one. */
function toWorth(binding: Binding, share: number): number {
  if (binding.from === 'task') return binding.selector?.includes(' after ') === true ? share + 0.02 : share;
  return binding.selector === 'any' || binding.selector === 'part of text' ? share * bindShares.any : share;
}

interface Candidate {
  readonly value: Primitive;
  hits: number;
  readonly principals: Set<string>;
  readonly wordings: Set<number>;
}

function toConstant(fillings: readonly Filling[], { shared }: Caution): Binding | undefined {
  const counts = new Map<string, Candidate>();
  for (const { argument, principal, wording } of fillings) {
    const value = argument.value;
    if (value === undefined || !mayBeConstant(value)) continue;
    if (argument.tainted) return undefined;
    const key = JSON.stringify(value);
    const found = counts.get(key) ?? {
      value,
      hits: 0,
      principals: new Set<string>(),
      wordings: new Set<number>(),
    };
    found.hits += 1;
    found.wordings.add(wording);
    found.principals.add(principal);
    counts.set(key, found);
  }
  const best = [...counts].sort((a, b) => b[1].hits - a[1].hits || (a[0] < b[0] ? -1 : 1))[0]?.[1];
  if (best === undefined || best.hits < bindShares.episodesMin) return undefined;
  if (best.wordings.size < toWordingsMin(best.value)) return undefined;
  if (shared && best.principals.size < 2) return undefined;
  return { from: 'constant', value: best.value, support: best.hits / fillings.length };
}

/** Addresses, long texts and anything redacted never become constants. */
function mayBeConstant(value: Primitive): boolean {
  if (typeof value !== 'string') return true;
  const valueClass = toValueClass(value);
  if (valueClass === 'email' || valueClass === 'url' || isRedacted(value)) return false;
  return value.split(/\s+/).length <= 8 && !/[{}\p{Cc}\p{Cs}]/u.test(value);
}

/** How many different wordings must agree on a constant. */
function toWordingsMin(value: Primitive): number {
  if (typeof value === 'string' && isIdLike(value)) return bindShares.idWordingsMin;
  return isPersonal(value) ? bindShares.personalWordingsMin : 1;
}

/** Names, ids, dates and long numbers are somebody's: only many different tasks make them a rule. */
function isPersonal(value: Primitive): boolean {
  if (typeof value === 'number') return Math.abs(value) >= 10_000;
  return (
    typeof value === 'string' &&
    (/^\p{Lu}\p{Ll}/u.test(value) || /\d{4}/.test(value) || toValueClass(value) === 'id')
  );
}

/** What has to be asked for: the class of value, if all agree. */
function toAsk(fillings: readonly Filling[], symbol: string): Binding {
  const program = symbol.includes(' ') ? symbol.slice(symbol.indexOf(' ') + 1) : '';
  const classes = new Set(
    fillings.map(({ argument: { value } }) => (value === undefined ? 'text' : toKind(value))),
  );
  const selector = program === '' ? (classes.size === 1 ? [...classes][0] : undefined) : program;
  return { from: 'ask', ...(selector === undefined ? {} : { selector }), support: 1 };
}

function toKind(value: Primitive): string {
  if (typeof value === 'string') return toValueClass(value);
  return value === null ? 'nothing' : typeof value;
}
