/**
 * What a step requires, as far as evidence tells it from mere order: an earlier step without which it was rarer or went
 * wrong. It only relates steps of the line to each other, and must never add one.
 */
import type { Requirement } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import type { Interned, Sequence } from './likeness.ts';

/** What a requirement must show. */
export const requireShares = {
  /** Episodes in which the one came before the other. */
  episodesMin: 3,
  /** Share of the successes that did the later step, in which the earlier one came first. */
  support: 0.6,
  /** How many times likelier a step went well after the other than without. */
  lift: 1.5,
  /** Enough for what all the rest was done for: whatever always came before it counts until something speaks against it. */
  liftOfAims: 1,
  /** Wordings for which the chance of all stands where little is known: without a comparison the lift is 1. */
  prior: 1,
} as const;

/** A distinct sequence, with how much it counts and how many episodes had it. */
interface Run {
  readonly firsts: ReadonlyMap<string, number>;
  readonly well: boolean;
  readonly weight: number;
  readonly times: number;
}

/** The line, and who walked it. `isAim` says of a step that the others are done for it. */
export interface Walked {
  readonly line: Sequence;
  readonly successes: readonly Case[];
  readonly failures: readonly Case[];
  readonly isAim: (at: number) => boolean;
}

/** What each step of the line requires, earliest first; what follows from another requirement is left out. */
export function findRequirements({ line, successes, failures, isAim }: Walked): Requirement[][] {
  const runs = [...toRuns(successes, true), ...toRuns(failures, false)];
  const isFirst = line.map((symbol, at) => line.indexOf(symbol) === at);
  const found = line.map((later, at) => {
    if (isFirst[at] !== true) return [];
    const least = isAim(at) ? requireShares.liftOfAims : requireShares.lift;
    return line.slice(0, at).flatMap((earlier, step) => {
      const required = isFirst[step] === true ? judge(earlier, later, runs) : undefined;
      return required !== undefined && required.lift >= least - 1e-9 ? [{ step, ...required }] : [];
    });
  });
  return reduce(found);
}

/** Each wording weighs 1 among the successes and 1 among the failures, however often it was told. */
function toRuns(cases: readonly Case[], well: boolean): Run[] {
  const told = new Map<number, number>();
  for (const { wordingKey } of cases) told.set(wordingKey, (told.get(wordingKey) ?? 0) + 1);
  const counts = new Map<Interned, { weight: number; times: number }>();
  for (const { sequence, wordingKey } of cases) {
    const found = counts.get(sequence) ?? { weight: 0, times: 0 };
    found.weight += 1 / (told.get(wordingKey) ?? 1);
    found.times += 1;
    counts.set(sequence, found);
  }
  return [...counts]
    .sort((a, b) => b[1].times - a[1].times || (a[0].key < b[0].key ? -1 : 1))
    .slice(0, bounds.requireSequencesMax)
    .map(([{ symbols }, { weight, times }]) => ({ firsts: toFirsts(symbols), well, weight, times }));
}

function toFirsts(symbols: Sequence): Map<string, number> {
  const firsts = new Map<string, number>();
  symbols.forEach((symbol, at) => {
    if (!firsts.has(symbol)) firsts.set(symbol, at);
  });
  return firsts;
}

/**
 * Lift = P(the later step goes well | the earlier one came before) / P(it goes well | it did not). In a success without
 * the later step it did not happen; a failure counts where the later step was tried.
 */
function judge(earlier: string, later: string, runs: readonly Run[]): Omit<Requirement, 'step'> | undefined {
  const after = { well: 0, all: 0 };
  const without = { well: 0, all: 0 };
  let times = 0;
  let against = 0;
  for (const run of runs) {
    const at = run.firsts.get(later);
    if (at === undefined && !run.well) continue;
    const first = run.firsts.get(earlier);
    const isAfter = first !== undefined && (at === undefined || first < at);
    const side = isAfter ? after : without;
    side.all += run.weight;
    if (at === undefined || !run.well) continue;
    side.well += run.weight;
    if (isAfter) times += run.times;
    else against += run.times;
  }
  const well = after.well + without.well;
  const support = well === 0 ? 0 : after.well / well;
  if (times < requireShares.episodesMin || support < requireShares.support) return undefined;
  const chance = well / (after.all + without.all);
  const { prior } = requireShares;
  const share = (side: typeof after) => (side.well + prior * chance) / (side.all + prior);
  return { support: round(Math.min(1, support)), lift: round(share(after) / share(without)), against };
}

/** Four digits: enough for people, and equal on every machine. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** Leaves out what another requirement already asks for. */
function reduce(found: readonly (readonly Requirement[])[]): Requirement[][] {
  const reached: Set<number>[] = [];
  return found.map((own) => {
    reached.push(new Set(own.flatMap(({ step }) => [step, ...(reached[step] ?? [])])));
    return own.filter(({ step }) => !own.some((other) => reached[other.step]?.has(step) === true));
  });
}
