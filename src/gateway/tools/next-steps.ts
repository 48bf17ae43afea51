/**
 * Reads the next step off a procedure: the steps already taken are matched in order, and the first unmatched ones
 * follow. Arguments are filled in only where the procedure says exactly where they come from.
 */
import type { Binding, ProcedureStep } from '../../../machines/words/sops.ts';
import type { NextStep, RankedSop, RecentStep } from '../needs.ts';

/** Next-step suggestions in one answer. */
export const nextStepsMax = 3;

/** What the best SOP has after the steps already taken; empty when those do not fit it at all. */
export function readNextSteps(sop: RankedSop, taken: readonly RecentStep[]): readonly NextStep[] {
  const { matched, at } = matchSteps(sop.procedure, taken);
  if (taken.length > 0 && matched.size === 0) return [];
  const fit = taken.length === 0 ? 1 : matched.size / Math.max(taken.length, 1);
  const suggestions: NextStep[] = [];
  let reach = sop.confidence * Math.min(fit, 1);
  for (const [index, step] of sop.procedure.entries()) {
    if (index < at) continue;
    const chance = step.optional ? reach * step.support : reach;
    suggestions.push(toNextStep(sop, step, matched, chance));
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
  matched: ReadonlyMap<number, RecentStep>,
  probability: number,
): NextStep {
  const args = new Map<string, unknown>();
  for (const [name, binding] of Object.entries(step.args)) {
    const value = resolve(binding, matched);
    if (value !== undefined) args.set(name, value);
  }
  return { tool: step.tool, args: Object.fromEntries(args), probability, sopId: sop.sopId };
}

function resolve(binding: Binding, matched: ReadonlyMap<number, RecentStep>): unknown {
  if (binding.from === 'constant') return binding.value;
  if (binding.step === undefined || binding.selector !== undefined) return undefined;
  const source = matched.get(binding.step);
  if (source === undefined) return undefined;
  if (binding.from === 'result') return follow(source.result, binding.path ?? '');
  return binding.from === 'argument' ? follow(source.args, binding.path ?? '') : undefined;
}

/** Follows an RFC 6901 pointer through own members only. */
function follow(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
