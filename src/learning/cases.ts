/**
 * The cases that a learner knows, those of them that changed since they were told, and whose they are. There are never more
 * than so many: beyond that half of the lots are let go, so that what is known depends on the log and not on the order of
 * arrival. A lot that was let go stays out as long as the learner lives.
 */
import type { Case } from './case.ts';
import { hashText } from './foresight/hashing.ts';

export interface Cases {
  readonly known: ReadonlyMap<string, Case>;
  /** Since they were told; each with the case that was told, if one was. */
  readonly changed: Map<string, Case | undefined>;
  /** How many cases each principal has. */
  readonly principals: ReadonlyMap<string, number>;
  /** The share of lots that is known; 1 as long as all fit. */
  readonly share: number;
  /** Whether a case of this id is among the lots that are known. */
  takes(this: void, episodeId: string): boolean;
  /** The runs of one episode, of which those of lots that were let go may be missing. */
  add(this: void, episodeId: string, runs: readonly Case[]): void;
  /** Puts what an episode gives by other keys in the place of a case. */
  replace(this: void, one: Case): void;
  forget(this: void, episodeId: string): void;
}

/** Knows nothing yet; `letGo` hears of each case that is no longer known. */
export function createCases(max: number, letGo: (one: Case) => void): Cases {
  const known = new Map<string, Case>();
  const changed = new Map<string, Case | undefined>();
  const principals = new Map<string, number>();
  /** The ids of an episode's further runs, where it has several. */
  const furtherRuns = new Map<string, readonly string[]>();
  let share = 1;
  const takes = (lot: number) => lot / 2 ** 32 < share;

  function remove(episodeId: string): void {
    const one = known.get(episodeId);
    if (one === undefined) return;
    known.delete(episodeId);
    letGo(one);
    if (!changed.has(episodeId)) changed.set(episodeId, one);
    const left = (principals.get(one.principal) ?? 0) - 1;
    if (left > 0) principals.set(one.principal, left);
    else principals.delete(one.principal);
  }
  return {
    known,
    changed,
    principals,
    get share() {
      return share;
    },
    takes: (episodeId) => takes(hashText(episodeId)),
    add(episodeId, runs) {
      const further = runs.map((one) => one.episodeId).filter((id) => id !== episodeId);
      if (further.length > 0) furtherRuns.set(episodeId, further);
      for (const one of runs) {
        remove(one.episodeId);
        if (!changed.has(one.episodeId)) changed.set(one.episodeId, undefined);
        known.set(one.episodeId, one);
        principals.set(one.principal, (principals.get(one.principal) ?? 0) + 1);
      }
      while (known.size > max) {
        share /= 2;
        for (const one of known.values()) if (!takes(one.lot)) remove(one.episodeId);
      }
    },
    replace(one) {
      const before = known.get(one.episodeId);
      known.set(one.episodeId, one);
      if (!changed.has(one.episodeId)) changed.set(one.episodeId, before);
    },
    forget(episodeId) {
      for (const id of [episodeId, ...(furtherRuns.get(episodeId) ?? [])]) remove(id);
      furtherRuns.delete(episodeId);
    },
  };
}
