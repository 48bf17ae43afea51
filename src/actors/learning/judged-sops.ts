/**
 * Procedures for a task as backtests judge them: the probability that each is right for this very task. What is not
 * active is only for those who ask below the bar; nothing is judged before a namespace has enough tasks.
 */
import type { Learned } from '../../learning/learning.ts';
import { arrange, isStrange, judge, narrow, servingBar } from '../../learning/learning.ts';
import type { KeptStep } from '../../learning/learning.ts';
import type { StoredSop } from '../../store/store.ts';
import { limits } from '../../../machines/words/limits.ts';

/** A procedure with the probability that it is right for the task. */
export interface JudgedSop {
  /** With the steps that the task needs; an edited procedure is served as it was written. */
  readonly sop: StoredSop;
  /** The tools of optional steps that the task hardly needs. */
  readonly leftOut: readonly string[];
  readonly confidence: number;
  /** Known runs of tasks that resemble this one and used a tool of it. */
  readonly alike: number;
  /** Whether backtests alone would have promised more than any known run can stand for. */
  readonly isCapped: boolean;
}

interface Question {
  readonly task: string;
  readonly minConfidence: number;
  readonly limit: number;
}

/**
 * Candidates are for those alone who ask below the bar; what is in the shadow or was taken out of use is for nobody. A part
 * of procedures is no answer to a task: whoever is given one of these is referred to it.
 */
export function mayServe(
  { status, partOf }: Pick<StoredSop, 'status' | 'partOf'>,
  minConfidence: number,
): boolean {
  if (partOf !== undefined) return false;
  return status === 'active' || (status === 'candidate' && minConfidence < servingBar.confidence);
}

/** The best procedures, best first; undefined where too little is known to judge. */
export function searchJudged(
  learned: Learned,
  sops: Iterable<StoredSop>,
  { task, minConfidence, limit }: Question,
): JudgedSop[] | undefined {
  const served = [...sops].filter((sop) => mayServe(sop, minConfidence));
  const procedures = served.map(toProcedure);
  const text = task.slice(0, limits.taskTextMax);
  const judged = judge(learned, text, procedures, { limit: limits.sopsAnsweredMax, sure: minConfidence });
  return judged
    ?.filter(({ confidence }) => confidence >= minConfidence)
    .slice(0, Math.max(0, limit))
    .map(({ procedure: { sop }, kept, confidence, alike, isCapped }) => ({
      ...cutTo(sop, kept),
      confidence,
      alike,
      isCapped,
    }));
}

/** A procedure as words found it, or cut to the task. */
export interface ArrangedSop<Sop extends StoredSop> {
  readonly sop: Sop;
  /** The tools of optional steps that the task hardly needs. */
  readonly leftOut: readonly string[];
}

/**
 * What words found, in the order in which it fits the task and cut to it, while too few tasks are known to judge; each keeps
 * the confidence it has of itself. `more` is found less clearly: it has a place where it fits better. What people and other
 * programs wrote keeps the place that words give it, since nothing was learned of it.
 */
export function arrangeFound<Sop extends StoredSop>(
  learned: Learned,
  task: string,
  { found, more }: { readonly found: readonly Sop[]; readonly more: readonly Sop[] },
): readonly ArrangedSop<Sop>[] {
  const ofLearning = more.filter(({ edited }) => !edited).map(toProcedure);
  const arranged = arrange(learned, task.slice(0, limits.taskTextMax), ofLearning);
  if (arranged === undefined) return found.map((sop) => ({ sop, leftOut: [] }));
  const next = arranged.values();
  const clearly = new Set(found.map(({ sopId }) => sopId));
  return more.flatMap((sop) => {
    if (sop.edited) return clearly.has(sop.sopId) ? [{ sop, leftOut: [] }] : [];
    const { value } = next.next();
    return value === undefined ? [] : [cutTo(value.procedure.sop, value.kept)];
  });
}

function toProcedure<Sop extends StoredSop>(sop: Sop) {
  return { sop, tools: toTools(sop), ...(sop.edited ? {} : { steps: sop.procedure }) };
}

function cutTo<Sop extends StoredSop>(sop: Sop, kept: readonly KeptStep[] | undefined): ArrangedSop<Sop> {
  if (kept === undefined) return { sop, leftOut: [] };
  const { leftOut, ...narrowed } = narrow(sop, kept);
  return { sop: { ...sop, ...narrowed }, leftOut };
}

/**
 * Which procedures words alone may find; undefined where what was judged stands. Where nothing that was learned resembles the
 * task, those alone that learning has not seen either: what it knows and did not choose stays unserved.
 */
export function toUnjudged(
  learned: Learned | undefined,
  judged: readonly JudgedSop[] | undefined,
  { task, minConfidence }: Question,
): ((sop: Pick<StoredSop, 'trigger'>) => boolean) | undefined {
  if (learned === undefined || judged === undefined) return () => true;
  const isNew = (text: string) => isStrange(learned, text.slice(0, limits.taskTextMax), minConfidence);
  return judged.length === 0 && isNew(task) ? ({ trigger }) => isNew(trigger) : undefined;
}

/** The line that a procedure tells to follow; what is repeated stands there twice. */
function toTools({ procedure }: StoredSop): string[] {
  return procedure.flatMap(({ tool, repeated }) => (repeated ? [tool, tool] : [tool]));
}
