/**
 * How far an untold success is believed to be whole. An episode that nobody said anything about may have been done, or
 * simply have stopped because another task began: what it did counts, what it did not do proves nothing. Where others
 * of its kind were told to have succeeded, their ends tell the two apart.
 *
 * One that stops where none of `n` told ones did is believed by Laplace's rule of succession: the chance that one more
 * finished episode ends in a way that was never seen is 1 / (n + 2). So one told success leaves a third, six an eighth,
 * and a great many untold ones together can still show that there is another way. Where nobody tells, all are equal.
 */
import type { Case } from './case.ts';

/** Gives the trust in each member of a cluster, above 0 and at most 1. */
export function createTrust(members: readonly Case[]): (one: Case) => number {
  const ends = new Set<string | undefined>();
  let told = 0;
  for (const { sequence, verdict } of members) {
    if (verdict !== 'told') continue;
    told += 1;
    ends.add(sequence.symbols.at(-1));
  }
  const doubted = 1 / (told + 2);
  return ({ sequence, verdict }) =>
    told === 0 || verdict === 'told' || ends.has(sequence.symbols.at(-1)) ? 1 : doubted;
}
