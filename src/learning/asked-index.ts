/** What ranking asks of an index over SOPs, however that keeps them. The same SOPs have to give the same answers, to the last digit. */
import type { Interned, SequenceBook } from './likeness.ts';

/** What ranking looks at in a SOP itself; the index knows the rest. */
export interface RankedIdentity {
  readonly sopId: string;
  readonly confidence: number;
}

export interface AskedSop<Sop extends RankedIdentity> {
  readonly sop: Sop;
  readonly sequence: Interned;
  /** Stems of its wordings and of its tools' names. */
  readonly words: { has(term: string): boolean };
}

/** One wording of a SOP; wordings of one SOP have the very same `of`. */
export interface Wording<Sop extends RankedIdentity> {
  readonly of: AskedSop<Sop>;
  readonly slot: number;
  /** Its place in an order that has nothing to do with what it says, nor with when it came. */
  readonly lot: number;
  /** Its place among the wordings of its SOP. */
  readonly at: number;
}

/** The wordings with a term: by slot, the term's weight in each. */
export interface Slots {
  readonly size: number;
  get(slot: number): number | undefined;
  forEach(visit: (weight: number, slot: number) => void): void;
}

export interface AskedIndex<Sop extends RankedIdentity> {
  readonly book: Pick<SequenceBook, 'likeness'>;
  /** SOPs that are there. */
  readonly size: number;
  /** A zero for each slot; whoever counts in it leaves zeros behind. */
  readonly dots: Float64Array;
  wordingAt(slot: number): Wording<Sop> | undefined;
  lotAt(slot: number): number;
  /** Length without weights of terms. */
  plainNormAt(slot: number): number;
  /** Length by how rare its terms are now. */
  normAt(slot: number): number;
  slotsWith(term: string): Slots;
  /** What a term weighs: how rare it is, and how alike the procedures are that share it. */
  weightOf(term: string): number;
  /** Rarity alone. */
  idfOf(term: string): number;
}

/** Where wordings are otherwise equal, the order in which they stand: that of their lots. */
export function compareLots(a: Wording<RankedIdentity>, b: Wording<RankedIdentity>): number {
  if (a.lot !== b.lot) return a.lot - b.lot;
  if (a.of.sop.sopId !== b.of.sop.sopId) return a.of.sop.sopId < b.of.sop.sopId ? -1 : 1;
  return a.at - b.at;
}
