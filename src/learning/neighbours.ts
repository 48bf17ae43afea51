/**
 * The wordings most like a task, by cosine. A first pass over the inverted index finds who shares the task's rarest
 * terms, a second one compares those few exactly, so that the work for one question stays bounded.
 */
import { type AskedIndex, compareLots, type RankedIdentity, type Wording } from './asked-index.ts';
import type { Term } from './terms.ts';

export interface Neighbour<Sop extends RankedIdentity> {
  readonly wording: Wording<Sop>;
  readonly similarity: number;
}

export const searching = {
  /** Terms of the task that are looked up, heaviest first. */
  termsMax: 64,
  /** Beginnings of words that stand in more documents than this tell nothing. */
  beginningsMax: 1_000,
  /** Documents after which commoner terms find no further ones, but still count for those that were found. */
  foundMax: 1_000,
  /** Documents that are compared exactly. */
  comparedMax: 160,
} as const;

/** A term of the task with its weight in this index. */
export interface WeighedTerm {
  readonly term: string;
  readonly scaled: number;
}

/** The task's terms, heaviest first. */
export function weigh(
  index: Pick<AskedIndex<RankedIdentity>, 'weightOf'>,
  terms: readonly Term[],
): WeighedTerm[] {
  return terms
    .map(({ term, weight }) => ({ term, scaled: weight * index.weightOf(term) }))
    .sort((a, b) => b.scaled - a.scaled || (a.term < b.term ? -1 : 1));
}

/** At most `max` wordings, nearest first. */
export function findNeighbours<Sop extends RankedIdentity>(
  index: AskedIndex<Sop>,
  weighed: readonly WeighedTerm[],
  max: number,
): Neighbour<Sop>[] {
  const own = Math.sqrt(weighed.reduce((sum, { scaled }) => sum + scaled ** 2, 0)) || 1;
  const found = toDots(index, weighed.slice(0, searching.termsMax));
  const { dots } = index;
  const neighbours = chooseCompared(index, found)
    .map((wording) => {
      const similarity = (dots[wording.slot] ?? 0) / (own * index.normAt(wording.slot));
      return { wording, similarity: Math.min(1, similarity) };
    })
    .sort(compareNeighbours)
    .slice(0, max);
  for (const slot of found) dots[slot] = 0;
  return neighbours;
}

/** Counts the shared weight by slot, the rarest terms first; answers the slots that were found. */
function toDots(index: AskedIndex<RankedIdentity>, weighed: readonly WeighedTerm[]): readonly number[] {
  const { dots } = index;
  const found: number[] = [];
  const looked = weighed
    .map(({ term, scaled }) => ({
      factor: scaled * index.weightOf(term),
      term,
      slots: index.slotsWith(term),
    }))
    .filter(({ term, slots }) => !(term.startsWith('~') && slots.size > searching.beginningsMax))
    .sort((a, b) => a.slots.size - b.slots.size || (a.term < b.term ? -1 : 1));
  for (const { factor, slots } of looked) {
    const isEnough = slots.size > searching.foundMax ? searching.comparedMax : searching.foundMax;
    if (found.length < isEnough) {
      slots.forEach((weight, slot) => {
        if (dots[slot] === 0) found.push(slot);
        dots[slot] = (dots[slot] ?? 0) + factor * weight;
      });
      continue;
    }
    for (const slot of found) {
      const weight = slots.get(slot);
      if (weight !== undefined) dots[slot] = (dots[slot] ?? 0) + factor * weight;
    }
  }
  return found;
}

/** Those that look nearest by lengths that need no counting, nearest first; of equal ones the first in the order of lots. */
function chooseCompared<Sop extends RankedIdentity>(
  index: AskedIndex<Sop>,
  found: readonly number[],
): Wording<Sop>[] {
  const { dots } = index;
  const isBefore = (slot: number, near: number, other: Chosen): boolean =>
    near === other.near ? isEarlier(index, slot, other.slot) : near > other.near;
  const chosen: Chosen[] = [];
  for (const slot of found) {
    const near = (dots[slot] ?? 0) / index.plainNormAt(slot);
    const last = chosen.at(-1);
    const isFull = chosen.length >= searching.comparedMax;
    if (isFull && last !== undefined && !isBefore(slot, near, last)) continue;
    let from = 0;
    for (let to = chosen.length; from < to;) {
      const middle = (from + to) >> 1;
      const other = chosen[middle];
      if (other === undefined || isBefore(slot, near, other)) to = middle;
      else from = middle + 1;
    }
    chosen.splice(from, 0, { slot, near });
    if (isFull) chosen.pop();
  }
  return chosen.flatMap(({ slot }) => index.wordingAt(slot) ?? []);
}

interface Chosen {
  readonly slot: number;
  readonly near: number;
}

function isEarlier(index: AskedIndex<RankedIdentity>, slot: number, other: number): boolean {
  const [lot, otherLot] = [index.lotAt(slot), index.lotAt(other)];
  if (lot !== otherLot) return lot < otherLot;
  const [a, b] = [index.wordingAt(slot), index.wordingAt(other)];
  return a !== undefined && b !== undefined && compareLots(a, b) < 0;
}

function compareNeighbours(a: Neighbour<RankedIdentity>, b: Neighbour<RankedIdentity>): number {
  if (a.similarity !== b.similarity) return b.similarity - a.similarity;
  if (a.wording.of.sop.sopId === b.wording.of.sop.sopId) return a.wording.at - b.wording.at;
  return a.wording.of.sop.sopId < b.wording.of.sop.sopId ? -1 : 1;
}
