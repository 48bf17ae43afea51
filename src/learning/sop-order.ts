/**
 * Procedures in the order in which they are told, most confident first. Only what changed is sorted and put in its place:
 * a namespace may have tens of thousands, of which an episode changes one. It never changes a procedure.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';

export interface SopOrder {
  /** Notes the procedure of a cluster; undefined where there is none (any more). */
  put(this: void, at: number, sop: LearnedSop | undefined): void;
  /** All that are known, and others that it does not keep. */
  toList(this: void, others: readonly LearnedSop[]): LearnedSop[];
}

/** Knows none yet. */
export function createSopOrder(): SopOrder {
  const known = new Map<number, LearnedSop>();
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
    toList(others) {
      if (gone.size > 0) ordered = ordered.filter((sop) => !gone.has(sop));
      if (fresh.size > 0) ordered = merge(ordered, [...fresh].sort(compare));
      gone.clear();
      fresh.clear();
      return merge(ordered, others.toSorted(compare));
    },
  };
}

function compare(a: LearnedSop, b: LearnedSop): number {
  return b.confidence - a.confidence || (a.sopId < b.sopId ? -1 : 1);
}

/** Two ordered lists as one. */
function merge(one: readonly LearnedSop[], other: readonly LearnedSop[]): LearnedSop[] {
  const merged: LearnedSop[] = [];
  let at = 0;
  for (const sop of other) {
    for (let next = one[at]; next !== undefined && compare(next, sop) < 0; next = one[at]) {
      merged.push(next);
      at += 1;
    }
    merged.push(sop);
  }
  for (; at < one.length; at += 1) {
    const next = one[at];
    if (next !== undefined) merged.push(next);
  }
  return merged;
}
