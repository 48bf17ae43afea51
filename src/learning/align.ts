/**
 * Fourth step: the sequences of a cluster become one procedure. The main line is the sequence with the least expected
 * loss (minimum Bayes risk); every other one is laid along it, which shows what is required, optional, repeated, and
 * what stands in for a step. Steps are only ever symbols that members really used.
 */
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import type { Interned, Sequence, SequenceBook } from './likeness.ts';
import { createTrust } from './trust.ts';

/**
 * Shares of the evidence that decide what a step is. What only some did is kept where `someMin` wordings agree: then it
 * is optional, and serving leaves it out where a task does not need it.
 */
export const alignShares = {
  kept: 0.5,
  some: 0.3,
  someMin: 2.5,
  required: 0.8,
  alternative: 0.15,
  looped: 0.3,
} as const;

/**
 * A failed run says something about a procedure only where it agrees with it this far, to its end: what did something else,
 * or broke off before, says nothing, and weak agents' failures at a task must not keep from others what works.
 */
export const followedFrom = 0.9;

function isKept(weight: number, total: number): boolean {
  const share = weight / total + 1e-9;
  return share >= alignShares.kept || (share >= alignShares.some && weight >= alignShares.someMin);
}

/** One step of the main line and who took it. */
export interface AlignedStep {
  readonly symbol: string;
  readonly support: number;
  readonly optional: boolean;
  readonly repeated: boolean;
  readonly alternatives: readonly string[];
}

export interface Alignment {
  readonly steps: readonly AlignedStep[];
  /** For each member, the place in its sequence that took each step; -1 where none did. */
  readonly placesOf: (sequence: Interned) => readonly number[];
  /** 0 to 1: how far each member agrees with the procedure. */
  readonly agreementOf: (sequence: Interned) => number;
  /** The same for one that broke off: how far it agrees up to the last step that it came to. */
  readonly reachedBy: (sequence: Interned) => number;
}

/** 0 to 1: how far a failed run followed a procedure; what broke off is not blamed for what it did not come to. */
export function toFollowed(
  alignment: Alignment,
  { sequence, broke }: Pick<Case, 'sequence' | 'broke'>,
): number {
  const agreement = alignment.agreementOf(sequence);
  return broke ? Math.max(agreement, alignment.reachedBy(sequence)) : agreement;
}

interface Weighted {
  readonly sequence: Interned;
  readonly weight: number;
}

/** Aligns members; each wording of the task weighs as much as its most trusted member, however often it was told. */
export function align(members: readonly Case[], book: SequenceBook): Alignment {
  const weighted = weigh(members);
  const total = weighted.reduce((sum, each) => sum + each.weight, 0);
  let line = [...chooseMainLine(weighted, book).symbols];
  line = insertCommon(line, weighted, total);
  line = dropRare(line, weighted, total);
  const loops = findLoops(line, weighted, total);
  const places = new Map<number, readonly number[]>();
  for (const { sequence } of weighted) places.set(sequence.at, lay(line, sequence.symbols).places);
  const steps = toSteps(line, weighted, total, loops);
  const placesOf = (sequence: Interned) => places.get(sequence.at) ?? lay(line, sequence.symbols).places;
  const agreements = new Map<number, number>();
  const agreementOf = (sequence: Interned) => {
    const known = agreements.get(sequence.at);
    if (known !== undefined) return known;
    const agreement = toAgreement(steps, sequence.symbols, placesOf(sequence));
    agreements.set(sequence.at, agreement);
    return agreement;
  };
  const reachedBy = (sequence: Interned) => {
    const own = placesOf(sequence);
    const reached = own.findLastIndex((place) => place >= 0) + 1;
    return reached === 0 ? 0 : toAgreement(steps.slice(0, reached), sequence.symbols, own);
  };
  return { steps, placesOf, agreementOf, reachedBy };
}

function weigh(members: readonly Case[]): Weighted[] {
  const trustOf = createTrust(members);
  const wordings = new Map<number, { sum: number; most: number }>();
  for (const one of members) {
    const { sum, most } = wordings.get(one.wordingKey) ?? { sum: 0, most: 0 };
    const trust = trustOf(one);
    wordings.set(one.wordingKey, { sum: sum + trust, most: Math.max(most, trust) });
  }
  const weights = new Map<Interned, number>();
  for (const one of members) {
    const { sum, most } = wordings.get(one.wordingKey) ?? { sum: 1, most: 1 };
    weights.set(one.sequence, (weights.get(one.sequence) ?? 0) + (most * trustOf(one)) / sum);
  }
  return [...weights]
    .map(([sequence, weight]) => ({ sequence, weight }))
    .sort((a, b) => b.weight - a.weight || (a.sequence.key < b.sequence.key ? -1 : 1));
}

/** The sequence most like all others; among equals the heavier, then the alphabetically first. */
function chooseMainLine(weighted: readonly Weighted[], book: SequenceBook): Interned {
  const others = weighted.slice(0, bounds.sequencesComparedMax * 4);
  let best: Interned | undefined;
  let bestScore = -1;
  for (const { sequence } of weighted.slice(0, bounds.sequencesComparedMax)) {
    let score = 0;
    for (const other of others) score += other.weight * book.likeness(sequence, other.sequence);
    if (score > bestScore + 1e-9) [best, bestScore] = [sequence, score];
  }
  return best ?? { at: -1, symbols: [], key: '' };
}

interface Laid {
  /** For each step of the line, the place in the sequence; -1 where there is none. */
  readonly places: number[];
  /** What the sequence did that the line does not have, with the line's step before which it came. */
  readonly extras: { readonly symbol: string; readonly before: number; readonly insteadOf: number }[];
}

/** Lays a sequence along the line: longest common subsequence, earliest match first. */
export function lay(line: Sequence, sequence: Sequence): Laid {
  const common = toCommonTable(line, sequence);
  const places: number[] = [];
  const extras: Laid['extras'] = [];
  let missed: number[] = [];
  let next = 0;
  const skipTo = (end: number, before: number) => {
    for (; next < end; next += 1) {
      extras.push({ symbol: sequence[next] ?? '', before, insteadOf: missed.shift() ?? -1 });
    }
  };
  line.forEach((symbol, step) => {
    let place = next;
    // Places that no best match needs are passed over, as long as a match is still to come.
    while (
      sequence[place] !== symbol &&
      common(step, place) > 0 &&
      common(step, place) === common(step, place + 1)
    ) {
      place += 1;
    }
    if (place >= sequence.length || sequence[place] !== symbol) {
      missed.push(step);
      places.push(-1);
      return;
    }
    skipTo(place, step);
    missed = [];
    places.push(place);
    next = place + 1;
  });
  skipTo(sequence.length, line.length);
  return { places, extras };
}

/** Length of the longest common subsequence of what follows each pair of places. */
function toCommonTable(line: Sequence, sequence: Sequence): (step: number, place: number) => number {
  const columns = sequence.length + 1;
  const table = new Uint16Array((line.length + 1) * columns);
  const at = (step: number, place: number) => table[step * columns + place] ?? 0;
  for (let step = line.length - 1; step >= 0; step -= 1) {
    for (let place = sequence.length - 1; place >= 0; place -= 1) {
      const isSame = line[step] === sequence[place];
      table[step * columns + place] = isSame
        ? at(step + 1, place + 1) + 1
        : Math.max(at(step + 1, place), at(step, place + 1));
    }
  }
  return at;
}

/** Puts in what so many members did that the line should have it. */
function insertCommon(line: readonly string[], weighted: readonly Weighted[], total: number): string[] {
  const counts = new Map<string, { before: number; symbol: string; weight: number }>();
  for (const { sequence, weight } of weighted) {
    const once = new Set<string>();
    for (const { symbol, before } of lay(line, sequence.symbols).extras) {
      const key = `${before}\n${symbol}`;
      if (once.has(key)) continue;
      once.add(key);
      const found = counts.get(key) ?? { before, symbol, weight: 0 };
      found.weight += weight;
      counts.set(key, found);
    }
  }
  const common = [...counts.values()]
    .filter((each) => isKept(each.weight, total))
    .sort((a, b) => b.before - a.before || a.weight - b.weight || (a.symbol < b.symbol ? 1 : -1));
  const longer = [...line];
  for (const { before, symbol } of common) longer.splice(before, 0, symbol);
  return longer.slice(0, bounds.stepsMax);
}

function dropRare(line: readonly string[], weighted: readonly Weighted[], total: number): string[] {
  const taken = countTaken(line, weighted);
  const kept = line.filter((_, at) => isKept(taken[at] ?? 0, total));
  return kept.length === 0 ? [...line] : kept;
}

function countTaken(line: readonly string[], weighted: readonly Weighted[]): number[] {
  const taken = line.map(() => 0);
  for (const { sequence, weight } of weighted) {
    lay(line, sequence.symbols).places.forEach((place, at) => {
      if (place >= 0) taken[at] = (taken[at] ?? 0) + weight;
    });
  }
  return taken;
}

/** Symbols that so many members run three times or more in a row: a loop of open length. */
function findLoops(line: readonly string[], weighted: readonly Weighted[], total: number): Set<string> {
  const weights = new Map<string, number>();
  for (const { sequence, weight } of weighted) {
    const looped = new Set<string>();
    sequence.symbols.forEach((symbol, at) => {
      if (symbol === sequence.symbols[at + 1] && symbol === sequence.symbols[at + 2]) looped.add(symbol);
    });
    for (const symbol of looped) weights.set(symbol, (weights.get(symbol) ?? 0) + weight);
  }
  const used = new Set(line);
  return new Set(
    [...weights]
      .filter(([symbol, weight]) => used.has(symbol) && weight / total >= alignShares.looped)
      .map(([symbol]) => symbol),
  );
}

function toSteps(
  line: readonly string[],
  weighted: readonly Weighted[],
  total: number,
  loops: ReadonlySet<string>,
): AlignedStep[] {
  const taken = countTaken(line, weighted);
  const others = line.map(() => new Map<string, number>());
  for (const { sequence, weight } of weighted) {
    for (const { symbol, insteadOf } of lay(line, sequence.symbols).extras) {
      const counts = others[insteadOf];
      if (counts !== undefined) counts.set(symbol, (counts.get(symbol) ?? 0) + weight);
    }
  }
  return line.map((symbol, at) => {
    const support = Math.min(1, (taken[at] ?? 0) / total);
    const alternatives = [...(others[at] ?? [])]
      .filter(([other, weight]) => other !== symbol && weight / total >= alignShares.alternative)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, bounds.alternativesMax)
      .map(([other]) => other);
    const looped = loops.has(symbol) && (symbol === line[at - 1] || symbol === line[at + 1]);
    return { symbol, support, optional: support < alignShares.required, repeated: looped, alternatives };
  });
}

/** Share of the required steps that were taken, times the share of what was done that the procedure knows. */
function toAgreement(steps: readonly AlignedStep[], sequence: Sequence, places: readonly number[]): number {
  const required = steps.map((step, at) => ({ step, at })).filter(({ step }) => !step.optional);
  const known = new Set(steps.flatMap((step) => [step.symbol, ...step.alternatives]));
  const took = required.filter(({ step, at }) => {
    return (places[at] ?? -1) >= 0 || step.alternatives.some((other) => sequence.includes(other));
  }).length;
  const foreseen = sequence.filter((symbol) => known.has(symbol)).length;
  const recall = required.length === 0 ? 1 : took / required.length;
  return recall * (sequence.length === 0 ? 1 : foreseen / sequence.length);
}
