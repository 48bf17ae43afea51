/**
 * Silent predictions: what a procedure would have told to do for tasks that ended since it was proven, against what was
 * done. Only calls that were really made are looked at; what is served is not touched here.
 */
import { standingRules, toStandings } from '../../machines/sop-standing.ts';
import type { ProcedureStep, SopCheck, SopReliability } from '../../machines/words/sops.ts';
import { type Alignment, followedFrom, toFollowed } from './align.ts';
import { type Case, teachesSteps } from './case.ts';
import { mark } from './scorecard/marks.ts';

/** A prediction is a hit from this F1 on, by the measure of the backtests. */
export const hitFrom = 0.5;
interface Asked {
  readonly procedure: readonly ProcedureStep[];
  readonly alignment: Alignment;
  /** True where several principals share the namespace: then what one alone misses is no drift. */
  readonly shared: boolean;
}

/** The record of a procedure, or nothing where it was never asked. */
export function toReliability(
  asked: readonly Case[],
  { procedure, alignment, shared }: Asked,
): SopReliability | undefined {
  const newestFirst: SopCheck[] = [];
  /** Wordings that were settled by what came later. */
  const settled = new Set<number>();
  const isHit = createPrediction(procedure);
  for (const one of asked.toReversed()) {
    const hit = toHit(one, isHit, alignment);
    if (hit === undefined) continue;
    const isFailure = !teachesSteps(one);
    if (isFailure && settled.has(one.wordingKey)) continue;
    settled.add(one.wordingKey);
    newestFirst.push({ episodeId: one.episodeId, principal: one.principal, at: one.endedAt, hit });
  }
  if (newestFirst.length === 0) return undefined;
  // In order of time, as approvals are: episodes may have overlapped.
  const checks = newestFirst.toReversed().sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));
  const principalsMin = shared ? standingRules.sharedMin : 1;
  return {
    checked: checks.length,
    hits: checks.filter(({ hit }) => hit).length,
    recent: checks.slice(-standingRules.kept),
    ...toStandings(checks, principalsMin),
    principalsMin,
  };
}

/**
 * Undefined where the episode says nothing about the procedure: it failed doing something else, or nobody said that it failed.
 * What a later success of the same wording settles is left out before: it was the execution that failed.
 */
function toHit(
  one: Case,
  isHit: (done: readonly string[]) => boolean,
  alignment: Alignment,
): boolean | undefined {
  if (teachesSteps(one)) return isHit(one.line.tools);
  return one.verdict === 'failed' && toFollowed(alignment, one) >= followedFrom ? false : undefined;
}

/** Whether what was done is what would have been told; each line of calls is looked at once. */
function createPrediction(procedure: readonly ProcedureStep[]): (done: readonly string[]) => boolean {
  const known = new Map<readonly string[], boolean>();
  const predict = (done: readonly string[]): boolean => {
    const made = new Set(done);
    // Optional steps that a task does not need are left out when it is served, and an alternative takes a step's place.
    const told = procedure.flatMap(({ tool, optional, alternatives }) => {
      if (made.has(tool)) return [tool];
      const other = alternatives.find((each) => made.has(each));
      if (other !== undefined) return [other];
      return optional ? [] : [tool];
    });
    return mark(told, done).f1 >= hitFrom;
  };
  return (done) => {
    const found = known.get(done) ?? predict(done);
    known.set(done, found);
    return found;
  };
}
