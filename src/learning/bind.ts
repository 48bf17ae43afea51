/**
 * Fifth step: where each argument's value comes from: the task's words, an earlier result (and which element of it), an
 * earlier argument, a constant; else it must be asked for. A source counts once an episode; ties go to the origin
 * (task before result before argument before constant). Constants need provenance: see `effects.ts`.
 */
import type { Binding } from '../../machines/words/sops.ts';
import type { AlignedStep, Alignment } from './align.ts';
import { toAsk, toHints } from './asks.ts';
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import { mayBeConstantOf } from './effects.ts';
import { type Trail, type Use, withExceptions } from './exceptions.ts';
import type { Primitive } from './leaves.ts';
import type { Source } from './sources.ts';
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

/** A binding that is not counted yet, and its place among equals. */
interface Origin {
  readonly key: string;
  readonly binding: Binding;
}

/** One argument of a step as one episode filled it. */
interface Filling extends Use {
  /** The sources, in steps of the procedure instead of calls of the episode. */
  readonly origins: readonly Origin[];
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
  const origins = new Origins();
  for (const one of sampled) {
    const { calls: own, line } = one;
    const callOfStep = alignment
      .placesOf(one.sequence)
      .map((place) => (place < 0 ? -1 : (line.places[place] ?? -1)));
    const stepOfCall = new Map(callOfStep.map((call, step) => [call, step]));
    const trail: Trail = { one, calls: own, callOfStep };
    callOfStep.forEach((call, step) => {
      const made = own[call];
      const into = fillings[step];
      if (made === undefined || into === undefined) return;
      took[step] = (took[step] ?? 0) + 1;
      for (const argument of made.args) {
        const list = into.get(argument.path) ?? [];
        list.push({
          trail,
          callId: made.callId,
          argument,
          origins: origins.toOrigins(argument.sources, stepOfCall, step),
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

/** The origins of values in steps of the procedure: equal ones are one object, however many episodes have them. */
class Origins {
  readonly #known = new Map<string, Origin>();
  readonly #tasks = new Map<Source, Origin>();
  readonly #steps = new Map<Source, Origin[]>();

  /** Where an argument of a step may have come from, each once. */
  toOrigins(
    sources: readonly Source[],
    stepOfCall: ReadonlyMap<number, number>,
    step: number,
  ): readonly Origin[] {
    const origins: Origin[] = [];
    for (const source of sources) {
      const origin = source.from === 'task' ? this.#ofTask(source) : this.#ofStep(source, stepOfCall, step);
      if (origin !== undefined && !origins.includes(origin)) origins.push(origin);
    }
    return origins;
  }

  #ofTask(source: Source & { readonly from: 'task' }): Origin {
    const found = this.#tasks.get(source);
    if (found !== undefined) return found;
    const { selector } = source;
    const made = this.#toOrigin(`0 task ${selector}`, { from: 'task', selector, support: 0 });
    this.#tasks.set(source, made);
    return made;
  }

  #ofStep(
    source: Exclude<Source, { readonly from: 'task' }>,
    stepOfCall: ReadonlyMap<number, number>,
    step: number,
  ): Origin | undefined {
    const at = stepOfCall.get(source.call);
    if (at === undefined || at < 0 || at >= step) return undefined;
    const steps = this.#steps.get(source) ?? [];
    this.#steps.set(source, steps);
    return (steps[at] ??= this.#toOrigin(...toKeyed(source, at)));
  }

  #toOrigin(key: string, binding: Binding): Origin {
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    const made = { key, binding };
    this.#known.set(key, made);
    return made;
  }
}

function toKeyed(source: Exclude<Source, { readonly from: 'task' }>, step: number): [string, Binding] {
  const { from, path } = source;
  if (from === 'argument') return [`2 argument ${pad(step)} ${path}`, { from, step, path, support: 0 }];
  const selector = source.selector === '' ? {} : { selector: source.selector };
  const key = `1 result ${pad(step)} ${path} ${toSelectorRank(source.selector)}`;
  return [key, { from, step, path, ...selector, support: 0 }];
}

const selectorOrder = ['', 'only', 'mentioned', 'joined', 'first', 'unused', 'last', 'any', 'part of text'];
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
  const hints = toHints(fillings, step.symbol);
  const told = step.symbol.slice(caution.tool.length + 1);
  const bound = paths.map((path) => {
    const own = fillings.get(path) ?? [];
    const constant = mayBeConstantOf(caution.tool, path, told) ? toConstant(own, caution) : undefined;
    return [path, bindOne(own, constant, hints(own))] as const;
  });
  return Object.fromEntries(bound);
}

function bindOne(fillings: readonly Filling[], constant: Binding | undefined, hint: string): Binding {
  const least = Math.min(bindShares.episodesMin, fillings.length);
  const counts = new Map<Origin, number>();
  for (const { origins } of fillings)
    for (const origin of origins) counts.set(origin, (counts.get(origin) ?? 0) + 1);
  const best = [...counts]
    .map(([origin, hits]) => ({
      origin,
      hits,
      worth: toWorth(origin.binding, hits / fillings.length),
    }))
    .filter(({ hits }) => hits >= least)
    .sort((a, b) => b.worth - a.worth || (a.origin.key < b.origin.key ? -1 : 1))[0];
  const support = best === undefined ? 0 : best.hits / fillings.length;
  if (best !== undefined && support >= bindShares.least && best.worth >= (constant?.support ?? 0) - 0.15) {
    const others = fillings.filter(({ origins }) => !origins.includes(best.origin));
    return withExceptions({ ...best.origin.binding, support }, others);
  }
  if (constant !== undefined && constant.support >= bindShares.least) {
    const others = fillings.filter(({ argument }) => argument.value !== constant.value);
    return withExceptions(constant, others);
  }
  return toAsk(fillings, hint);
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
