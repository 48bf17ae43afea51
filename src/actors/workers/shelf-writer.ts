/** Writes of a namespace's procedures what changed since they were stored, and retires what nothing supports any more. */
import { toDigest } from '../../../machines/words/ids.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import type { Learner } from '../../learning/learning.ts';
import { retireSops, saveSops, type SopWriterOptions } from './sop-writer.ts';

export interface Shelf {
  readonly learner: Learner;
  /** What is stored of each SOP, as a digest. */
  readonly stored: Map<string, string>;
}

export interface ShelfWriter {
  digestOf(sop: LearnedSop): string;
  /** Writes what a learner that is up to date derives; how many procedures that changed. */
  write(namespace: string, shelf: Shelf): Promise<number>;
}

/** Has written nothing yet. */
export function createShelfWriter(options: SopWriterOptions): ShelfWriter {
  /** The learner gives the same object for a procedure that did not change. */
  const digests = new WeakMap<LearnedSop, string>();
  function digestOf(sop: LearnedSop): string {
    const digest = digests.get(sop) ?? toDigest(JSON.stringify(sop));
    digests.set(sop, digest);
    return digest;
  }
  return {
    digestOf,
    async write(namespace, { learner, stored }) {
      const { sops } = learner.derive();
      const changed = sops.filter((sop) => stored.get(sop.sopId) !== digestOf(sop));
      const kept = new Set(sops.map((sop) => sop.sopId));
      const gone = [...stored.keys()].filter((sopId) => !kept.has(sopId));
      await saveSops(options, namespace, changed, (some) => {
        for (const sop of some) stored.set(sop.sopId, digestOf(sop));
      });
      await retireSops(options, namespace, gone, (some) => {
        for (const sopId of some) stored.delete(sopId);
      });
      if (changed.length + gone.length > 0)
        options.log.debug(
          { namespace, changed: changed.length, retired: gone.length },
          'procedures were written',
        );
      return changed.length + gone.length;
    },
  };
}
