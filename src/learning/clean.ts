/**
 * Second step: what an episode proves. Calls that failed are taken out and remembered as pitfalls with what recovered
 * them; the verdict says whether the rest may teach steps. A failed episode never teaches a step.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import type { Pitfall } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { findLed } from './led.ts';
import { findPitfalls } from './pitfalls.ts';
import { type CallSymbol, toSymbol } from './symbol.ts';

/**
 * `told` and `implied` successes teach steps; a `failed` episode (told) and a `stuck` one (its last call failed and
 * nobody said how it ended) teach pitfalls only.
 */
export type Verdict = 'told' | 'implied' | 'failed' | 'stuck';

/** A call that succeeded, with its symbol. */
export interface CleanCall {
  readonly call: EpisodeCall;
  readonly symbol: CallSymbol;
}

export interface CleanEpisode {
  readonly verdict: Verdict;
  readonly calls: readonly CleanCall[];
  /** Symbols of all calls, failed ones included: what was tried. */
  readonly tried: readonly string[];
  /** True where the last call failed: what would have come after it, nobody knows. */
  readonly broke: boolean;
  readonly pitfalls: readonly Pitfall[];
}

/** Takes retries, errors and what results asked for out of an episode and judges it. */
export function clean(episode: Pick<Episode, 'task' | 'outcome' | 'calls'>): CleanEpisode {
  const all = episode.calls.slice(0, bounds.callsMax).map((call) => ({ call, symbol: toSymbol(call) }));
  const led = findLed(episode);
  const calls = all.filter((each) => !each.call.error && !led.has(each.call));
  const broke = all.at(-1)?.call.error === true;
  const verdict = toVerdict(episode.outcome, broke);
  return { verdict, calls, tried: all.map((each) => each.symbol.id), broke, pitfalls: findPitfalls(all) };
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
