/** Procedures as the shelf answers them: the stored one, how well it fits, and why. */
import { judge } from '../../../machines/sop-standing.ts';
import { limits } from '../../../machines/words/limits.ts';
import { ranking, toWholeWord } from '../../learning/learning.ts';
import type { RankQuery } from '../../learning/learning.ts';
import type { StoredSop } from '../../store/store.ts';
import type { JudgedSop } from './judged-sops.ts';

export interface ShelvedSop extends StoredSop {
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface RankedShelvedSop extends ShelvedSop {
  readonly relevance: number;
  readonly why: string;
}

/** More is ranked than anybody is answered: some of it may not be served. */
export function toRankQuery(
  task: string,
  minConfidence: number,
  nearBest: number = ranking.nearBest,
): RankQuery {
  return { task: task.slice(0, limits.taskTextMax), minConfidence, nearBest, limit: limits.sopsAnsweredMax };
}

/** A stored SOP with its place in the ranking, and the words of the task that it was found by. */
export function toRanked(
  stored: StoredSop,
  { relevance, matched }: { readonly relevance: number; readonly matched: readonly string[] },
  task: string,
): RankedShelvedSop {
  return { ...toShelved(stored), relevance, why: toWhy(matched, task) };
}

/** One that was cut to the task says so. */
export function toArranged(sop: RankedShelvedSop, leftOut: readonly string[]): RankedShelvedSop {
  return leftOut.length === 0 ? sop : { ...sop, metadata: { ...sop.metadata, leftOut } };
}

/** The procedure's own confidence stays to be seen beside the one for this task. */
export function toJudgedShelved({ sop, leftOut, confidence, alike, isCapped }: JudgedSop): RankedShelvedSop {
  const shelved = toShelved(sop);
  return {
    ...shelved,
    confidence,
    relevance: confidence,
    why: toEvidence(alike, isCapped),
    metadata: {
      ...shelved.metadata,
      ownConfidence: sop.confidence,
      ...(leftOut.length === 0 ? {} : { leftOut }),
    },
  };
}

/** Names only evidence that is there: runs that used its tools, and backtests where the number is theirs. */
function toEvidence(alike: number, isCapped: boolean): string {
  if (alike === 0) return 'no known run of a task like this used a tool of it';
  const [runs, say] =
    alike === 1 ? ['1 run of a task like this', 'says'] : [`${alike} runs of tasks like this`, 'say'];
  if (isCapped) return `${runs} used a tool of it, and no run is known that did all of it and no more`;
  return `${runs} ${say} so, and it was right as often in backtests`;
}

function toWhy(matched: readonly string[], task: string): string {
  if (matched.length === 0) return 'its tools fit the task';
  return `it shares ${matched.map((term) => `"${toWholeWord(term, [task])}"`).join(', ')} with the task`;
}

/** A stored SOP with the facts that answers carry in `metadata`. */
export function toShelved(sop: StoredSop): ShelvedSop {
  // Whoever writes a procedure back may name facts of his own, but not this one.
  const { part_of: _claimed, ...given } = { ...sop.given };
  return {
    ...sop,
    metadata: {
      ...given,
      status: sop.status,
      version: sop.version,
      triggerFrom: sop.triggerFrom,
      wordings: sop.wordings,
      pitfalls: sop.pitfalls,
      firstSeenAt: sop.firstSeenAt,
      lastSeenAt: sop.lastSeenAt,
      ...toRecord(sop),
    },
  };
}

/** What silent predictions were worth, and what it waits for, as answers and pages show it. */
function toRecord({ reliability, quorum, approval, partOf }: StoredSop): Readonly<Record<string, unknown>> {
  const { checked = 0, hits = 0, recent = [] } = reliability ?? {};
  const { standing, reason } = judge(reliability, approval);
  return {
    reliability: {
      share: checked === 0 ? null : Number((hits / checked).toFixed(4)),
      checked,
      recent: recent.map(({ hit }) => hit),
      last_checked_at: recent.at(-1)?.at ?? null,
      // What was said of it while it had drifted is over once it is trusted again.
      reason: standing === 'trusted' ? null : reason,
    },
    ...(quorum === undefined || approval !== undefined
      ? {}
      : { waits_for: 'a second principal, or an approval' }),
    ...(approval === undefined ? {} : { approved: approval }),
    ...(partOf === undefined ? {} : { part_of: partOf }),
  };
}
