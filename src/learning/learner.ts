/**
 * The learner: a log of episodes in, SOPs out. Learning only notes what changed; `derive` tells the changed tail of the
 * log again and recomputes the clusters it touched. The same log gives the same SOPs, whatever the order of arrival.
 */
import type { Episode } from '../../machines/words/episodes.ts';
import type { LearnedSop } from '../../machines/words/sops.ts';
import { type Case, compareCases, toCase } from './case.ts';
import { deriveSop } from './derive.ts';
import { createTraceKeeper, type TraceKeeper } from './foresight/foresight.ts';
import { createGrouping } from './group.ts';
import { createSequenceBook } from './likeness.ts';
import { toRuns } from './runs.ts';

export interface LearnerOptions {
  readonly namespace: string;
  /** True where several principals share the namespace: one of them alone can then push no SOP over the bar. */
  readonly sharedNamespace?: boolean;
}

export interface Learner {
  /** Adds an episode, or replaces it by its id (open episodes grow). */
  learn(episode: Episode): void;
  forget(episodeId: string): void;
  /** The SOPs that the episodes known so far give, most confident first. */
  derive(): { readonly sops: LearnedSop[] };
  /** What next steps are foreseen from. */
  readonly keeper: Pick<TraceKeeper, 'changes' | 'traces'>;
  readonly size: { readonly episodes: number; readonly clusters: number };
}

/** Creates an empty learner of one namespace. */
export function createLearner(options: LearnerOptions): Learner {
  const book = createSequenceBook();
  const grouping = createGrouping(book);
  const keeper = createTraceKeeper();
  const cases = new Map<string, Case>();
  /** The ids of an episode's further runs, where it has several. */
  const furtherRuns = new Map<string, readonly string[]>();
  /** What `grouping` was told, in order. */
  let told: Case[] = [];
  const changed = new Set<string>();
  const derived = new Map<
    number,
    { readonly content: readonly Case[]; readonly sop: LearnedSop | undefined }
  >();
  const deriving = { namespace: options.namespace, shared: options.sharedNamespace ?? false, book };

  function retell(): void {
    if (changed.size === 0) return;
    const fresh = [...changed].flatMap((id) => cases.get(id) ?? []).sort(compareCases);
    let from = told.findIndex((one) => changed.has(one.episodeId));
    if (from < 0) from = told.length;
    const first = fresh[0];
    if (first !== undefined) from = Math.min(from, findPlace(told, first));
    const tail = told.slice(from).filter((one) => !changed.has(one.episodeId));
    const again = [...tail, ...fresh].sort(compareCases);
    while (grouping.length > from) grouping.takeBack();
    for (const one of again) grouping.add(one);
    told = [...told.slice(0, from), ...again];
    changed.clear();
  }

  function refresh(): void {
    for (const at of grouping.takeTouched()) {
      const cluster = grouping.clusters.get(at);
      if (cluster === undefined) {
        derived.delete(at);
        continue;
      }
      const content = [...cluster.members, ...cluster.failures];
      if (!isSame(derived.get(at)?.content, content))
        derived.set(at, { content, sop: deriveSop(cluster, deriving) });
    }
  }

  function forget(episodeId: string): void {
    for (const id of [episodeId, ...(furtherRuns.get(episodeId) ?? [])])
      if (cases.delete(id)) changed.add(id);
    furtherRuns.delete(episodeId);
    keeper.forget(episodeId);
  }

  return {
    learn(episode) {
      const runs = toRuns(episode);
      forget(episode.episodeId);
      keeper.learn(episode);
      const further = runs.slice(1).map((run) => run.episodeId);
      if (further.length > 0) furtherRuns.set(episode.episodeId, further);
      for (const run of runs) {
        cases.set(run.episodeId, toCase(run, book));
        changed.add(run.episodeId);
      }
    },
    forget,
    derive() {
      retell();
      refresh();
      const sops = [...derived.values()].flatMap(({ sop }) => sop ?? []);
      return { sops: sops.sort((a, b) => b.confidence - a.confidence || (a.sopId < b.sopId ? -1 : 1)) };
    },
    keeper,
    get size() {
      return { episodes: cases.size, clusters: grouping.clusters.size };
    },
  };
}

/** Equal content is the same cases: a case is made once for each version of its episode. */
function isSame(before: readonly Case[] | undefined, now: readonly Case[]): boolean {
  return before?.length === now.length && now.every((one, at) => one === before[at]);
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
