/** Where the words that calls chose may have come from: what results said, and what the task is about, is not the agent's own choice. */
import type { CleanCall, CleanEpisode } from './clean.ts';
import type { Choice, Origin } from './keys/choices.ts';
import type { TriedCall } from './keys/tried.ts';
import type { Argument } from './sources.ts';

/** The words that calls chose, with where each may have come from. */
export function withOrigins(
  all: CleanEpisode['all'],
  calls: readonly CleanCall[],
  found: readonly (readonly Argument[])[],
): readonly TriedCall[] {
  const places = new Map(calls.map((each, at) => [each, at]));
  return all.map((each): TriedCall => {
    const { plain, led, call } = each;
    const args = found[places.get(each) ?? -1];
    const choices = each.choices.map(([key, word]): Choice => [
      key,
      word,
      toOrigin(args?.find(({ path }) => path === key)),
    ]);
    return { plain, led, error: call.error, choices };
  });
}

function toOrigin(argument: Argument | undefined): Origin {
  if (argument?.tainted === true) return 'result';
  return argument?.sources.some(({ from }) => from === 'task') === true ? 'task' : 'own';
}
