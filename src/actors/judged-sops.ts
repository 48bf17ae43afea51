/**
 * Procedures for a task as backtests judge them: the probability that each is right for this very task. What is not
 * active is only for those who ask below the bar; nothing is judged before a namespace has enough tasks.
 */
import type { Learned } from '../learning/learning.ts';
import { judge, narrow, servingBar } from '../learning/learning.ts';
import type { StoredSop } from '../store/store.ts';
import { limits } from '../../machines/words/limits.ts';

/** A procedure with the probability that it is right for the task. */
export interface JudgedSop {
  /** With the steps that the task needs; an edited procedure is served as it was written. */
  readonly sop: StoredSop;
  /** The tools of optional steps that the task hardly needs. */
  readonly leftOut: readonly string[];
  readonly confidence: number;
  /** Known runs of tasks that resemble this one. */
  readonly alike: number;
}

interface Question {
  readonly task: string;
  readonly minConfidence: number;
  readonly limit: number;
}

/** The best procedures, best first; undefined where too little is known to judge. */
export function searchJudged(
  learned: Learned,
  sops: Iterable<StoredSop>,
  { task, minConfidence, limit }: Question,
): JudgedSop[] | undefined {
  const served = [...sops].filter(
    ({ status }) => status === 'active' || minConfidence < servingBar.confidence,
  );
  const procedures = served.map((sop) => ({
    sop,
    tools: toTools(sop),
    ...(sop.edited ? {} : { steps: sop.procedure }),
  }));
  const text = task.slice(0, limits.taskTextMax);
  const judged = judge(learned, text, procedures, { limit: limits.sopsAnsweredMax, sure: minConfidence });
  return judged
    ?.filter(({ confidence }) => confidence >= minConfidence)
    .slice(0, Math.max(0, limit))
    .map(({ procedure: { sop }, kept, confidence, alike }) => {
      if (kept === undefined) return { sop, leftOut: [], confidence, alike };
      const { leftOut, ...narrowed } = narrow(sop, kept);
      return { sop: { ...sop, ...narrowed }, leftOut, confidence, alike };
    });
}

/** The line that a procedure tells to follow; what is repeated stands there twice. */
function toTools({ procedure }: StoredSop): string[] {
  return procedure.flatMap(({ tool, repeated }) => (repeated ? [tool, tool] : [tool]));
}
