/**
 * What a follower has handled lately, so that a lost acknowledgement does not mean handling twice within one process.
 * Bounded: the older half is forgotten at once, because forgetting one by one makes a Set slower and slower.
 */

export interface Remembered {
  add(sequence: number): void;
  has(sequence: number): boolean;
}

/** At least this many of the latest are remembered, and at most twice as many. */
export const rememberedLeast = 5_000;

/** Remembers nothing yet. */
export function createRemembered(least = rememberedLeast): Remembered {
  let young = new Set<number>();
  let old = new Set<number>();
  return {
    add(sequence) {
      young.add(sequence);
      if (young.size < least) return;
      old = young;
      young = new Set();
    },
    has: (sequence) => young.has(sequence) || old.has(sequence),
  };
}
