/**
 * The procedures of a learner's clusters, in the order in which they are told: derived anew where cases changed, and
 * nowhere else. What it says is a function of the clusters as they are now, and of nothing that was there before.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';
import type { Case } from './case.ts';
import { candidateEpisodesMin, deriveSop } from './derive.ts';
import type { Cluster, Grouping } from './group.ts';
import type { LearnerOptions } from './learner.ts';
import type { SequenceBook } from './likeness.ts';
import { toParent } from './parts/parent.ts';
import { createPartBook } from './parts/part-book.ts';
import { readsAlike } from './reading.ts';
import { toWholeId } from './runs.ts';
import { createSopOrder } from './sop-order.ts';

export interface Procedures {
  /** The clusters that were derived. */
  readonly clusters: Iterable<number>;
  /** Derives a cluster anew, if anything of it changed. */
  refresh(this: void, at: number, shared: boolean): void;
  /** Looks for what recurs inside procedures, once all clusters are up to date. */
  refreshParts(this: void, shared: boolean): void;
  toList(this: void): LearnedSop[];
}

interface Derived {
  readonly content: readonly (readonly Case[])[];
  readonly shared: boolean;
  readonly sop: LearnedSop | undefined;
}

/** Knows none yet. */
export function createProcedures(
  clusters: Grouping['clusters'],
  options: Pick<LearnerOptions, 'namespace' | 'failed'> & { readonly book: SequenceBook },
): Procedures {
  const derived = new Map<number, Derived>();
  const parts = createPartBook(options);
  const order = createSopOrder();
  /** Clusters whose procedure, or what it refers to, may have changed since it was put in order. */
  const unordered = new Set<number>();

  /** Its procedure, and what recurs in it is looked for in; without one where deriving it fails and somebody hears of that. */
  function derive(cluster: Cluster, shared: boolean, before: Derived | undefined) {
    try {
      const isKnown = before?.shared === shared && readsAlike(before.content[0] ?? [], cluster.members);
      const found = deriveSop(cluster, { ...options, shared, known: isKnown ? before.sop : undefined });
      return found === undefined ? undefined : { sop: found.sop, parent: toParent(found) };
    } catch (error) {
      const [founder] = cluster.members;
      if (options.failed === undefined || founder === undefined) throw error;
      options.failed({ what: 'procedure', episodeId: toWholeId(founder.episodeId), error });
      return undefined;
    }
  }

  return {
    clusters: { [Symbol.iterator]: () => derived.keys() },
    refresh(at, shared) {
      unordered.add(at);
      const cluster = clusters.get(at);
      // Most clusters of a long history are one episode: nothing is kept of those.
      if (cluster === undefined || cluster.members.length < candidateEpisodesMin) {
        derived.delete(at);
        parts.put(at, undefined);
        return;
      }
      const content = [[...cluster.members], [...cluster.failures], [...cluster.asked]];
      const before = derived.get(at);
      if (before?.shared === shared && isSame(before.content, content)) return;
      const found = derive(cluster, shared, before);
      derived.set(at, { content, shared, sop: found?.sop });
      parts.put(at, found?.parent);
    },
    refreshParts(shared) {
      for (const at of parts.refresh(shared)) unordered.add(at);
    },
    toList() {
      for (const at of unordered) {
        const sop = derived.get(at)?.sop;
        order.put(at, sop === undefined ? undefined : parts.refer(at, sop));
      }
      unordered.clear();
      for (const [key, part] of parts.takeChanged()) order.put(key, part);
      return order.toList();
    },
  };
}

/** Equal content is the same cases: a case is made once for each version of its episode. */
function isSame(
  before: readonly (readonly Case[])[] | undefined,
  now: readonly (readonly Case[])[],
): boolean {
  return now.every(
    (list, part) =>
      before?.[part]?.length === list.length && list.every((one, at) => one === before[part]?.[at]),
  );
}
