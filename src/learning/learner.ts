/**
 * The learner: a log of episodes in, SOPs out. Learning only notes what changed; the changed tail of the log is told again
 * and the clusters it touched are derived anew, in slices, since a long log takes minutes. The same log gives the same
 * SOPs, whatever the order of arrival.
 */
import type { Episode } from '../../machines/words/episodes.ts';
import type { LearnedSop } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { type Case, toCase } from './case.ts';
import { createCases } from './cases.ts';
import { candidateEpisodesMin, deriveSop } from './derive.ts';
import { createTraceKeeper, type TraceKeeper } from './foresight/foresight.ts';
import { createGrouping } from './group.ts';
import { createSequenceBook } from './likeness.ts';
import { toParent } from './parts/parent.ts';
import { createPartBook } from './parts/part-book.ts';
import { toRuns } from './runs.ts';
import { createTelling } from './telling.ts';

export interface LearnerOptions {
  readonly namespace: string;
  /**
   * True where several principals share the namespace: one of them alone can then push no SOP over the bar. `seen`: as
   * soon as the episodes known are of more than one.
   */
  readonly sharedNamespace?: boolean | 'seen';
  /** Cases known at most; `bounds.casesMax` where nothing is said. */
  readonly casesMax?: number;
}

/** What a learner holds. */
export interface LearnerSize {
  readonly episodes: number;
  readonly clusters: number;
  /** The share of all episodes, by lot, that is learned from; 1 as long as all of them fit. */
  readonly share: number;
}

export interface Learner {
  /** Adds an episode, or replaces it by its id (open episodes grow). */
  learn(episode: Episode): void;
  forget(episodeId: string): void;
  /** Does a slice of what `derive` has to do, and says whether more is left: others get their turn in between. */
  work(): boolean;
  /** The SOPs that the episodes known so far give, most confident first. */
  derive(): { readonly sops: LearnedSop[] };
  /** What next steps are foreseen from. */
  readonly keeper: Pick<TraceKeeper, 'changes' | 'traces'>;
  readonly size: LearnerSize;
}

interface Derived {
  readonly content: readonly (readonly Case[])[];
  readonly shared: boolean;
  readonly sop: LearnedSop | undefined;
}

/** Creates an empty learner of one namespace. */
export function createLearner(options: LearnerOptions): Learner {
  const book = createSequenceBook();
  const grouping = createGrouping(book);
  const keeper = createTraceKeeper();
  const { namespace, sharedNamespace = false, casesMax = bounds.casesMax } = options;
  const cases = createCases(casesMax);
  const { known, principals } = cases;
  const telling = createTelling(cases, grouping);
  /** Clusters to be derived. */
  const touched = new Set<number>();
  const derived = new Map<number, Derived>();
  const parts = createPartBook({ namespace, book });
  let wasShared = sharedNamespace === true;

  /** Whether several principals share the namespace, by what is known now. */
  function isShared(): boolean {
    const shared = sharedNamespace === 'seen' ? principals.size > 1 : sharedNamespace;
    if (shared !== wasShared) for (const at of derived.keys()) touched.add(at);
    wasShared = shared;
    return shared;
  }

  function refresh(at: number, shared: boolean): void {
    touched.delete(at);
    const cluster = grouping.clusters.get(at);
    // Most clusters of a long history are one episode: nothing is kept of those.
    if (cluster === undefined || cluster.members.length < candidateEpisodesMin) {
      derived.delete(at);
      parts.put(at, undefined);
      return;
    }
    const content = [[...cluster.members], [...cluster.failures], [...cluster.asked]];
    const before = derived.get(at);
    if (before?.shared === shared && isSame(before.content, content)) return;
    const found = deriveSop(cluster, { namespace, shared, book });
    derived.set(at, { content, shared, sop: found?.sop });
    parts.put(at, found === undefined ? undefined : toParent(found));
  }

  function work(): boolean {
    if (telling.work()) return true;
    for (const at of grouping.takeTouched()) touched.add(at);
    const shared = isShared();
    for (const at of [...touched].slice(0, bounds.derivedPerSlice)) refresh(at, shared);
    if (touched.size > 0) return true;
    parts.refresh(shared);
    return false;
  }

  function forget(episodeId: string): void {
    cases.forget(episodeId);
    keeper.forget(episodeId);
  }

  return {
    learn(episode) {
      forget(episode.episodeId);
      keeper.learn(episode);
      const runs = toRuns(episode).filter((run) => cases.takes(run.episodeId));
      cases.add(
        episode.episodeId,
        runs.map((run) => toCase(run, book)),
      );
    },
    forget,
    work,
    derive() {
      for (let isLeft = true; isLeft;) isLeft = work();
      const whole = [...derived].flatMap(([at, { sop }]) => (sop === undefined ? [] : parts.refer(at, sop)));
      const sops = [...whole, ...parts.sops];
      return { sops: sops.sort((a, b) => b.confidence - a.confidence || (a.sopId < b.sopId ? -1 : 1)) };
    },
    keeper,
    get size() {
      return { episodes: known.size, clusters: grouping.clusters.size, share: cases.share };
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
