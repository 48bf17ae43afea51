/** Patterns for an injection: asked for with where the agent stands, and few, so that they crowd out no procedure. */
import type { GatewayNeeds, NextStep, RankedSop, Recalled, RecentStep } from '../needs.ts';

export interface PatternQuestion {
  readonly namespace: string;
  readonly task: string;
  readonly recentSteps: readonly RecentStep[] | undefined;
  readonly topK: number;
}

/** A step that is less likely may be a guess after how often tools are called at all: no pattern is built on that. */
const likelyMin = 0.5;
/** One in so many items may be a pattern. */
const oneIn = 3;

/** The patterns that fit, given what is likely to be called next. */
export async function findPatterns(
  needs: Pick<GatewayNeeds, 'matchPatterns'>,
  { namespace, task, recentSteps = [], topK }: PatternQuestion,
  best: RankedSop | undefined,
  steps: readonly NextStep[],
): Promise<readonly Recalled[]> {
  const done = new Set(recentSteps.map(({ tool }) => tool));
  const ahead = (best?.procedure ?? []).map(({ tool }) => tool).filter((tool) => !done.has(tool));
  // Patterns speak of tools, whatever each is likely to be called for.
  const sums = new Map<string, number>();
  for (const { tool, probability } of steps)
    if (tool !== null) sums.set(tool, (sums.get(tool) ?? 0) + probability);
  const expected = [...sums].flatMap(([tool, sum]) => (sum >= likelyMin ? [tool] : []));
  const likely = [...new Set([...expected, ...ahead])];
  const limit = Math.ceil(topK / oneIn);
  const matched = await needs.matchPatterns?.({ namespace, task, recentSteps, likely, limit });
  return (matched ?? []).slice(0, limit);
}
