/**
 * Reads the next step off a procedure: the steps already taken are matched in order, and the first unmatched ones
 * follow. Arguments are filled in only where the procedure says exactly where they come from.
 */
import type { ProcedureStep } from '../../../machines/words/sops.ts';
import { fillArguments, type TakenStep, toArguments } from '../../learning/learning.ts';
import type { NextStep, RankedSop, RecentStep } from '../needs.ts';

/** Next-step suggestions in one answer. */
export const nextStepsMax = 3;

/** What the best SOP has after the steps already taken; empty when those do not fit it at all. */
export function readNextSteps(
  sop: RankedSop,
  task: string,
  taken: readonly RecentStep[],
): readonly NextStep[] {
  const { matched, at } = matchSteps(sop.procedure, taken);
  if (taken.length > 0 && matched.size === 0) return [];
  const fit = taken.length === 0 ? 1 : matched.size / Math.max(taken.length, 1);
  const suggestions: NextStep[] = [];
  let reach = sop.confidence * Math.min(fit, 1);
  for (const [index, step] of sop.procedure.entries()) {
    if (index < at) continue;
    const chance = step.optional ? reach * step.support : reach;
    suggestions.push(toNextStep(sop, step, { matched, task }, chance));
    if (!step.optional || suggestions.length === nextStepsMax) return suggestions.sort(byProbability);
    reach *= 1 - step.support;
  }
  suggestions.push({
    tool: null,
    probability: reach,
    sopId: sop.sopId,
    content: 'The procedure ends here: the task is done.',
  });
  return suggestions.sort(byProbability);
}

function byProbability(one: NextStep, other: NextStep): number {
  return other.probability - one.probability;
}

interface Match {
  /** Which taken step stands for which step of the procedure. */
  readonly matched: ReadonlyMap<number, RecentStep>;
  /** The first step that has not been reached. */
  readonly at: number;
}

function matchSteps(procedure: readonly ProcedureStep[], taken: readonly RecentStep[]): Match {
  const matched = new Map<number, RecentStep>();
  let at = 0;
  for (const step of taken) {
    const found = procedure.findIndex((candidate, index) => index >= at && isSame(candidate, step.tool));
    if (found === -1) continue;
    matched.set(found, step);
    at = found + 1;
  }
  return { matched, at };
}

function isSame(step: ProcedureStep, tool: string): boolean {
  return step.tool === tool || step.alternatives.includes(tool);
}

function toNextStep(
  sop: RankedSop,
  step: ProcedureStep,
  { matched, task }: { readonly matched: Match['matched']; readonly task: string },
  probability: number,
): NextStep {
  const taken = [...matched].map(([at, { args, result }]): TakenStep => ({ step: at, args, result }));
  const { values } = fillArguments(step, task, taken);
  // What a person wrote down may be more than a leaf.
  const constants = Object.entries(step.args).flatMap(([path, { from, value }]) =>
    from === 'constant' && value !== undefined ? [[path, value] as const] : [],
  );
  return {
    tool: step.tool,
    args: toArguments([...constants, ...values]),
    probability,
    sopId: sop.sopId,
  };
}
