/**
 * The wordings most like a task, by cosine. A first pass over the inverted index finds who shares the task's rarest
 * terms, a second one compares those few exactly, so that the work for one question stays bounded.
 */
import type { Document, TermIndex } from './sop-index.ts';
import type { Term } from './terms.ts';

export interface Neighbour {
  readonly document: Document;
  readonly similarity: number;
}

export const searching = {
  /** Terms of the task that are looked up, heaviest first. */
  termsMax: 64,
  /** Letter groups that stand in more documents than this tell nothing. */
  lettersSlotsMax: 1_000,
  /** Documents after which commoner terms find no further ones, but still count for those that were found. */
  foundMax: 4_000,
  /** Documents that are compared exactly. */
  comparedMax: 240,
} as const;

/** A term of the task with its weight in this index. */
export interface WeighedTerm {
  readonly term: string;
  readonly scaled: number;
}

/** The task's terms, heaviest first. */
export function weigh(index: TermIndex, terms: readonly Term[]): WeighedTerm[] {
  return terms
    .map(({ term, weight }) => ({ term, scaled: weight * index.weightOf(term) }))
    .sort((a, b) => b.scaled - a.scaled || (a.term < b.term ? -1 : 1));
}

/** At most `max` wordings, nearest first. */
export function findNeighbours(index: TermIndex, weighed: readonly WeighedTerm[], max: number): Neighbour[] {
  const own = Math.sqrt(weighed.reduce((sum, { scaled }) => sum + scaled ** 2, 0)) || 1;
  const dots = toDots(index, weighed.slice(0, searching.termsMax));
  const rough: Neighbour[] = [];
  for (const [slot, dot] of dots) {
    const document = index.documents[slot];
    if (document !== undefined) rough.push({ document, similarity: dot / document.plainNorm });
  }
  if (rough.length > searching.comparedMax) rough.sort(compareNeighbours);
  return rough
    .slice(0, searching.comparedMax)
    .map(({ document }) => {
      const similarity = (dots.get(document.slot) ?? 0) / (own * index.normOf(document));
      return { document, similarity: Math.min(1, similarity) };
    })
    .sort(compareNeighbours)
    .slice(0, max);
}

/** Shared weight by slot; the rarest terms are looked up first. */
function toDots(index: TermIndex, weighed: readonly WeighedTerm[]): Map<number, number> {
  const dots = new Map<number, number>();
  const looked = weighed
    .map(({ term, scaled }) => ({ term, scaled, slots: index.slotsWith(term) }))
    .filter(({ term, slots }) => !(term.startsWith('~') && slots.size > searching.lettersSlotsMax))
    .sort((a, b) => a.slots.size - b.slots.size || (a.term < b.term ? -1 : 1));
  for (const { term, scaled, slots } of looked) {
    const factor = scaled * index.weightOf(term);
    const isFull = dots.size >= searching.foundMax;
    if (!isFull) {
      for (const [slot, weight] of slots) dots.set(slot, (dots.get(slot) ?? 0) + factor * weight);
      continue;
    }
    for (const [slot, dot] of dots) {
      const weight = slots.get(slot);
      if (weight !== undefined) dots.set(slot, dot + factor * weight);
    }
  }
  return dots;
}

function compareNeighbours(a: Neighbour, b: Neighbour): number {
  if (a.similarity !== b.similarity) return b.similarity - a.similarity;
  if (a.document.of.sop.sopId === b.document.of.sop.sopId) return 0;
  return a.document.of.sop.sopId < b.document.of.sop.sopId ? -1 : 1;
}
