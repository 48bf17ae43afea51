/**
 * The wordings most like a task, by cosine. A first pass over the inverted index finds who shares the task's rarest
 * terms, a second one compares those few exactly, so that the work for one question stays bounded.
 */
import { compareLots, type Document, type TermIndex } from './sop-index.ts';
import type { Term } from './terms.ts';

export interface Neighbour {
  readonly document: Document;
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
export function weigh(index: TermIndex, terms: readonly Term[]): WeighedTerm[] {
  return terms
    .map(({ term, weight }) => ({ term, scaled: weight * index.weightOf(term) }))
    .sort((a, b) => b.scaled - a.scaled || (a.term < b.term ? -1 : 1));
}

/** At most `max` wordings, nearest first. */
export function findNeighbours(index: TermIndex, weighed: readonly WeighedTerm[], max: number): Neighbour[] {
  const own = Math.sqrt(weighed.reduce((sum, { scaled }) => sum + scaled ** 2, 0)) || 1;
  const { dots, found } = toDots(index, weighed.slice(0, searching.termsMax));
  return chooseCompared(index, dots, found)
    .map((document) => {
      const similarity = (dots[document.slot] ?? 0) / (own * index.normOf(document));
      return { document, similarity: Math.min(1, similarity) };
    })
    .sort(compareNeighbours)
    .slice(0, max);
}

interface Dots {
  /** Shared weight by slot. */
  readonly dots: Float64Array;
  readonly found: readonly number[];
}

/** The rarest terms are looked up first. */
function toDots(index: TermIndex, weighed: readonly WeighedTerm[]): Dots {
  const dots = new Float64Array(index.documents.length);
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
    if (found.length < searching.foundMax) {
      for (const [slot, weight] of slots) {
        if (dots[slot] === 0) found.push(slot);
        dots[slot] = (dots[slot] ?? 0) + factor * weight;
      }
      continue;
    }
    for (const slot of found) {
      const weight = slots.get(slot);
      if (weight !== undefined) dots[slot] = (dots[slot] ?? 0) + factor * weight;
    }
  }
  return { dots, found };
}

/** Those that look nearest by lengths that need no counting. */
function chooseCompared(index: TermIndex, dots: Float64Array, found: readonly number[]): Document[] {
  const rough = new Float64Array(found.length);
  found.forEach((slot, at) => {
    rough[at] = (dots[slot] ?? 0) / (index.documents[slot]?.plainNorm ?? 1);
  });
  const isFew = found.length <= searching.comparedMax;
  const least = isFew ? 0 : (rough.toSorted().at(-searching.comparedMax) ?? 0);
  const chosen: { readonly document: Document; readonly near: number }[] = [];
  found.forEach((slot, at) => {
    const document = index.documents[slot];
    const near = rough[at] ?? 0;
    if (document !== undefined && near >= least) chosen.push({ document, near });
  });
  return chosen
    .sort((a, b) => b.near - a.near || compareLots(a.document, b.document))
    .slice(0, searching.comparedMax)
    .map(({ document }) => document);
}

function compareNeighbours(a: Neighbour, b: Neighbour): number {
  if (a.similarity !== b.similarity) return b.similarity - a.similarity;
  if (a.document.of.sop.sopId === b.document.of.sop.sopId) return a.document.at - b.document.at;
  return a.document.of.sop.sopId < b.document.of.sop.sopId ? -1 : 1;
}
