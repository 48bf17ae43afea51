/** What stands of a derived procedure where people have had a word in it. Pure: the row and the derivation decide. */
import { toHeldStatus } from '../../machines/sop-standing.ts';
import type { LearnedSop, Procedure } from '../../machines/words/sops.ts';
import type { StoredSop } from './tables/sop-lists.ts';

/** The facts of a row that outweigh a derivation. */
export type SopHold = Pick<
  StoredSop,
  'held' | 'edited' | 'approval' | 'status' | 'trigger' | 'triggerFrom' | 'steps' | 'procedure'
>;

/**
 * The procedure as it is kept: what a person wrote stays with its status, and so does what was approved while nobody but
 * one principal stands behind it. What a person holds keeps its status, an approval as long as silent predictions bear it
 * out; they judge the derived line, and where another one is kept they say nothing.
 */
export function toStandingSop(derived: LearnedSop, row: SopHold): LearnedSop {
  const { held, edited, approval, status, trigger, triggerFrom, steps, procedure } = row;
  const { quorum, alone, reliability } = derived;
  // Not "proven but for a second principal": a confidence that dips must not thaw what was approved.
  const isAgreed = approval !== undefined && alone === true;
  const kept = toReferring(procedure, derived.procedure);
  const sop = edited || isAgreed ? { ...derived, trigger, triggerFrom, steps, procedure: kept } : derived;
  if (!held) return edited ? { ...sop, status } : sop;
  const isJudged = !(edited || isAgreed) || isSameLine(procedure, derived.procedure);
  return {
    ...sop,
    status: isJudged ? toHeldStatus(status, approval, reliability) : status,
    ...(isAgreed && quorum !== undefined ? { confidence: quorum.confidence } : {}),
  };
}

/** References to parts are nobody's word: they are as they are derived now, where the step is still the same. */
function toReferring(kept: Procedure, derived: Procedure): Procedure {
  return kept.map(({ part: _part, ...step }, at) => {
    const { tool, part } = derived[at] ?? {};
    return tool === step.tool && part !== undefined ? { ...step, part } : step;
  });
}

/** Whether two lines are one for a silent prediction, which looks at tools alone. */
function isSameLine(one: Procedure, other: Procedure): boolean {
  const toTools = (line: Procedure) =>
    JSON.stringify(line.map(({ tool, optional, alternatives }) => [tool, optional, alternatives]));
  return toTools(one) === toTools(other);
}
