/**
 * Second step: what an episode proves. Calls that failed are taken out and remembered as pitfalls with what recovered
 * them; the verdict says whether the rest may teach steps. A failed episode never teaches a step.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import type { Pitfall } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { type Keys, noKeys, toChoices } from './keys/choices.ts';
import { findLed } from './led.ts';
import { findPitfalls } from './pitfalls.ts';
import { type CallSymbol, toSymbol } from './symbol.ts';

/**
 * `told` and `implied` successes teach steps; a `failed` episode (told) and a `stuck` one (its last call failed and
 * nobody said how it ended) teach pitfalls only.
 */
export type Verdict = 'told' | 'implied' | 'failed' | 'stuck';

/** A call with its symbol. */
export interface CleanCall {
  readonly call: EpisodeCall;
  readonly symbol: CallSymbol;
  /** Its symbol by name alone, and the words that it chose. */
  readonly plain: CallSymbol;
  readonly choices: readonly (readonly [key: string, word: string])[];
}

export interface CleanEpisode {
  readonly verdict: Verdict;
  /** All of them. */
  readonly all: readonly (CleanCall & { readonly led: boolean })[];
  /** Those that succeeded and that no result asked for. */
  readonly calls: readonly CleanCall[];
  /** True where the last call failed: what would have come after it, nobody knows. */
  readonly broke: boolean;
  readonly pitfalls: readonly Pitfall[];
}

/** Takes retries, errors and what results asked for out of an episode and judges it. */
export function clean(
  episode: Pick<Episode, 'task' | 'outcome' | 'calls'>,
  keys: Keys = noKeys,
): CleanEpisode {
  const led = findLed(episode);
  const all = episode.calls.slice(0, bounds.callsMax).map((call) => {
    const plain = toSymbol(call);
    const choices = toChoices(call.args, plain);
    return { call, plain, choices, symbol: keys.tell(plain, choices), led: led.has(call) };
  });
  const calls = all.filter((each) => !each.call.error && !each.led);
  const broke = all.at(-1)?.call.error === true;
  const verdict = toVerdict(episode.outcome, broke);
  return { verdict, all, calls, broke, pitfalls: findPitfalls(all) };
}

/** The verdict alone: for those who want to know what an episode would teach before it is learned from. */
export function judgeEpisode(episode: {
  readonly outcome: Episode['outcome'];
  readonly calls: readonly { readonly error: boolean }[];
}): Verdict {
  return toVerdict(episode.outcome, episode.calls.slice(0, bounds.callsMax).at(-1)?.error === true);
}

function toVerdict(outcome: Episode['outcome'], endedInError: boolean): Verdict {
  if (outcome === 'success') return 'told';
  if (outcome === 'failure') return 'failed';
  return endedInError ? 'stuck' : 'implied';
}
