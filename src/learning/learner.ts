/**
 * The learner: a log of episodes in, SOPs out. Learning only notes what changed; the changed tail of the log is told again
 * and the clusters it touched are derived anew, in slices, since a long log takes minutes. The same log gives the same
 * SOPs, whatever the order of arrival.
 */
import type { Episode } from '../../machines/words/episodes.ts';
import type { LearnedSop } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { release, toCase } from './case.ts';
import { createCases } from './cases.ts';
import { createTraceKeeper, type TraceKeeper } from './foresight/foresight.ts';
import { createGrouping } from './group.ts';
import type { ArgumentKey } from './keys/choices.ts';
import { createKeyBook, type KeyBook } from './keys/key-book.ts';
import { createSequenceBook } from './likeness.ts';
import { releaseCuts } from './parts/cut.ts';
import { createProcedures } from './procedures.ts';
import { countKeys, createRenaming } from './renaming.ts';
import { toRuns } from './runs.ts';
import { createTelling } from './telling.ts';

export interface LearnerOptions {
  readonly namespace: string;
  /**
   * True where several principals share the namespace: one of them alone can then push no SOP over the bar. `seen`: as
   * soon as the episodes known are of more than one.
   */
  readonly sharedNamespace?: boolean | 'seen';
  /** Hears what had to be left out so that the rest can be learned. Where nobody hears of it, it is thrown. */
  readonly failed?: ((fault: Fault) => void) | undefined;
  /** Cases known at most; `bounds.casesMax` where nothing is said. */
  readonly casesMax?: number;
}

/** A fault of learning itself, and where it was met. */
export interface Fault {
  /** An episode that could not be put beside the others, or the first one of a procedure that could not be derived. */
  readonly what: 'episode' | 'procedure';
  readonly episodeId: string;
  readonly error: unknown;
}

/** What a learner holds. */
export interface LearnerSize {
  readonly episodes: number;
  readonly clusters: number;
  /** The share of all episodes, by lot, that is learned from; 1 as long as all of them fit. */
  readonly share: number;
}

/** Traces, and the argument keys that name their calls; `changes` grows with every change of either. */
export interface Keeper extends Pick<TraceKeeper, 'changes' | 'traces'> {
  readonly keys: readonly ArgumentKey[];
}

export interface Learner {
  /** Adds an episode, or replaces it by its id (open episodes grow). */
  learn(episode: Episode): void;
  forget(episodeId: string): void;
  /** Does a slice of what `derive` has to do, and says whether more is left: others get their turn in between. */
  work(): boolean;
  /** The SOPs that the episodes known so far give, most confident first. */
  derive(): { readonly sops: LearnedSop[] };
  /** What next steps are foreseen from; one object as long as the learner lives. */
  readonly keeper: Keeper;
  readonly size: LearnerSize;
}

/** Creates an empty learner of one namespace. */
export function createLearner(options: LearnerOptions): Learner {
  const book = createSequenceBook();
  const grouping = createGrouping(book);
  const traceKeeper = createTraceKeeper();
  const { namespace, sharedNamespace = false, casesMax = bounds.casesMax, failed } = options;
  const keys = createKeyBook();
  const cases = createCases(casesMax, (one) => {
    countKeys(keys, one, -1);
    release(one, book);
    releaseCuts(one, book);
  });
  const { known, principals } = cases;
  const rename = createRenaming(cases, keys, book);
  const telling = createTelling(cases, grouping, failed);
  /** Clusters to be derived. */
  const touched = new Set<number>();
  const procedures = createProcedures(grouping.clusters, { namespace, book, failed });
  let wasShared = sharedNamespace === true;

  /** Whether several principals share the namespace, by what is known now. */
  function isShared(): boolean {
    const shared = sharedNamespace === 'seen' ? principals.size > 1 : sharedNamespace;
    if (shared !== wasShared) for (const at of procedures.clusters) touched.add(at);
    wasShared = shared;
    return shared;
  }

  function work(): boolean {
    if (rename(isShared())) return true;
    if (telling.work()) return true;
    for (const at of grouping.takeTouched()) touched.add(at);
    const shared = isShared();
    let left: number = bounds.derivedPerSlice;
    for (const at of touched) {
      if (left === 0) return true;
      left -= 1;
      touched.delete(at);
      procedures.refresh(at, shared);
    }
    procedures.refreshParts(shared);
    return false;
  }

  function forget(episodeId: string): void {
    cases.forget(episodeId);
    traceKeeper.forget(episodeId);
  }

  return {
    learn(episode) {
      forget(episode.episodeId);
      traceKeeper.learn(episode);
      const runs = toRuns(episode).filter((run) => cases.takes(run.episodeId));
      const made = runs.map((run) => toCase(run, book, keys));
      for (const one of made) countKeys(keys, one, 1);
      cases.add(episode.episodeId, made);
    },
    forget,
    work,
    derive() {
      for (let isLeft = true; isLeft;) isLeft = work();
      return { sops: procedures.toList() };
    },
    keeper: toKeeper(traceKeeper, keys),
    get size() {
      return { episodes: known.size, clusters: grouping.clusters.size, share: cases.share };
    },
  };
}

function toKeeper(traces: TraceKeeper, keys: KeyBook): Keeper {
  return {
    get changes() {
      return traces.changes + keys.changes;
    },
    get traces() {
      return traces.traces;
    },
    get keys() {
      return keys.learned;
    },
  };
}
