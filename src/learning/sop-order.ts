/**
 * Procedures in the order in which they are told, most confident first. Only what changed is sorted and put in its place:
 * a namespace may have tens of thousands, of which an episode changes one. It never changes a procedure.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';

export interface SopOrder {
  /** Notes the procedure of a cluster by its number, or a part by its key; undefined where there is none (any more). */
  put(this: void, at: number | string, sop: LearnedSop | undefined): void;
  /** All that are known. */
  toList(this: void): LearnedSop[];
}

/** Knows none yet. */
export function createSopOrder(): SopOrder {
  const known = new Map<number | string, LearnedSop>();
  const gone = new Set<LearnedSop>();
  const fresh = new Set<LearnedSop>();
  let ordered: readonly LearnedSop[] = [];
  return {
    put(at, sop) {
      const before = known.get(at);
      if (before === sop) return;
      if (before !== undefined && !fresh.delete(before)) gone.add(before);
      if (sop === undefined) known.delete(at);
      else {
        known.set(at, sop);
        fresh.add(sop);
      }
    },
    toList() {
      if (gone.size + fresh.size > 0)
        ordered = merge(takeOut(ordered, [...gone].sort(compare)), [...fresh].sort(compare));
      gone.clear();
      fresh.clear();
      return [...ordered];
    },
  };
}

function compare(a: LearnedSop, b: LearnedSop): number {
  return b.confidence - a.confidence || (a.sopId < b.sopId ? -1 : 1);
}

/** How many of an ordered list come before one. */
function countBefore(list: readonly LearnedSop[], sop: LearnedSop): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    if (other !== undefined && compare(other, sop) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An ordered list without some of it, which are in order as well. */
function takeOut(list: readonly LearnedSop[], gone: readonly LearnedSop[]): readonly LearnedSop[] {
  if (gone.length === 0) return list;
  const left: LearnedSop[] = [];
  let from = 0;
  for (const sop of gone) {
    const place = countBefore(list, sop);
    copy(list, from, place, left);
    from = place + 1;
  }
  copy(list, from, list.length, left);
  return left;
}

/** Two ordered lists as one. */
function merge(list: readonly LearnedSop[], others: readonly LearnedSop[]): LearnedSop[] {
  const merged: LearnedSop[] = [];
  let from = 0;
  for (const sop of others) {
    const place = countBefore(list, sop);
    copy(list, from, place, merged);
    merged.push(sop);
    from = place;
  }
  copy(list, from, list.length, merged);
  return merged;
}

/** A stretch of a list. Nothing is compared: most of a long list stays where it was. */
function copy(list: readonly LearnedSop[], from: number, to: number, into: LearnedSop[]): void {
  for (let at = from; at < to; at += 1) {
    const sop = list[at];
    if (sop !== undefined) into.push(sop);
  }
}
