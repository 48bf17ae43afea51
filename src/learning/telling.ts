/**
 * Tells a grouping the cases that are known, in their order and slice by slice. What changed takes back whatever was told
 * after it, so that the grouping never sees anything but the log from its beginning on.
 */
import { bounds } from './bounds.ts';
import { type Case, compareCases } from './case.ts';
import type { Cases } from './cases.ts';
import type { Grouping } from './group.ts';
import type { LearnerOptions } from './learner.ts';
import { toWholeId } from './runs.ts';

export interface Telling {
  /** Tells a slice, and says whether more is left. */
  work(this: void): boolean;
}

/** Has told nothing yet; a case that cannot be told is passed over where somebody hears of it. */
export function createTelling(
  { changed, known }: Cases,
  grouping: Grouping,
  failed?: LearnerOptions['failed'],
): Telling {
  const told: Case[] = [];
  let untold: readonly Case[] = [];
  /** How many of those were looked at since. */
  let done = 0;

  function turnBack(): void {
    if (changed.size === 0) return;
    const fresh = [...changed.keys()].flatMap((id) => known.get(id) ?? []);
    let from = told.length;
    for (const one of [...fresh, ...changed.values()])
      if (one !== undefined) from = Math.min(from, findPlace(told, one));
    const rest = [...told.slice(from), ...untold.slice(done)].filter((one) => !changed.has(one.episodeId));
    untold = [...rest, ...fresh].sort(compareCases);
    done = 0;
    while (grouping.length > from) grouping.takeBack();
    told.length = from;
    changed.clear();
  }

  return {
    work() {
      turnBack();
      const now = untold.slice(done, done + bounds.toldPerSlice);
      done += now.length;
      for (const one of now) {
        try {
          grouping.add(one);
          told.push(one);
        } catch (error) {
          if (failed === undefined) throw error;
          failed({ what: 'episode', episodeId: toWholeId(one.episodeId), error });
        }
      }
      if (done < untold.length) return true;
      untold = [];
      done = 0;
      return false;
    },
  };
}

/** Where a case belongs among those told. */
function findPlace(told: readonly Case[], one: Case): number {
  let low = 0;
  let high = told.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = told[middle];
    if (other !== undefined && compareCases(other, one) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
