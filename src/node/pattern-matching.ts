/** Patterns for agents: what the shelf finds for where they stand, in the gateway's words. It decides nothing itself. */
import type { PatternShelf } from '../actors/actors.ts';
import type { GatewayNeeds } from '../gateway/gateway.ts';

type MatchPatterns = NonNullable<GatewayNeeds['matchPatterns']>;

/** The gateway's `matchPatterns`. */
export function createPatternMatching({
  patternShelf,
}: {
  readonly patternShelf: PatternShelf;
}): MatchPatterns {
  return async ({ namespace, task, recentSteps, likely, limit }) => {
    const calls = recentSteps.map(({ tool, error }) => ({ tool, failed: isTold(error) }));
    const matched = await patternShelf.match(namespace, { task, calls, likely, limit });
    return matched.map(({ patternId, sentence, relevance }) => ({
      type: 'pattern',
      content: sentence,
      relevance,
      patternId,
    }));
  };
}

const isTold = (error: unknown) => error !== undefined && error !== null && error !== false && error !== '';
