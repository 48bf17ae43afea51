/**
 * Where nobody stated a task, one episode may hold the same procedure several times over. This file cuts such an episode
 * into its runs: from its first call on, three times or more the same three or more steps, back to back. What follows is
 * a run of its own, so that nothing learned vanishes when the session goes on. A loop inside an episode that began with
 * something else is no run, and an episode whose task or outcome was stated is one run, whatever is in it.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import { bounds } from './bounds.ts';
import { toSymbol } from './symbol.ts';
import { toTerms } from './terms.ts';

/** What counts as repetition: less is a mere loop, or chance. */
export const repetition = { stepsMin: 3, timesMin: 3 } as const;

/** Calls that succeeded, as symbols: what is compared. */
interface Line {
  readonly symbols: readonly string[];
  /** For each symbol, the place behind its last call. */
  readonly ends: readonly number[];
}

/** The runs of an episode, in order; the episode itself where it is one. The first run keeps the episode's id. */
export function toRuns(episode: Episode): readonly Episode[] {
  if (episode.outcome !== 'unknown' || toTerms(episode.task).length > 0) return [episode];
  const calls = episode.calls.slice(0, bounds.callsMax);
  const plain = findCuts(calls, toLine(calls, false));
  const cuts = plain.length > 0 ? plain : findCuts(calls, toLine(calls, true));
  if (cuts.length === 0) return [episode];
  return cuts.map((to, run) => {
    const own = calls.slice(cuts[run - 1] ?? 0, to);
    return {
      ...episode,
      episodeId: run === 0 ? episode.episodeId : `${episode.episodeId}.${String(run).padStart(4, '0')}`,
      startedAt: own[0]?.at ?? episode.startedAt,
      endedAt: own.at(-1)?.at ?? episode.endedAt,
      calls: own,
    };
  });
}

/** The episode of a run. */
export function toWholeId(runId: string): string {
  return runId.split('.', 1)[0] ?? runId;
}

/** What failed is left out, and so belongs to the run in which something succeeded next. */
function toLine(calls: readonly EpisodeCall[], squeezed: boolean): Line {
  const symbols: string[] = [];
  const ends: number[] = [];
  calls.forEach((call, at) => {
    if (call.error) return;
    const { id } = toSymbol(call);
    if (squeezed && symbols.at(-1) === id) ends.pop();
    else symbols.push(id);
    ends.push(at + 1);
  });
  return { symbols, ends };
}

/** Behind which call each run ends; none when there is no repetition. */
function findCuts(calls: readonly EpisodeCall[], { symbols, ends }: Line): readonly number[] {
  const cuts: number[] = [];
  for (let from = 0; from < symbols.length;) {
    const steps = findSteps(symbols, from);
    if (steps === undefined) {
      if (cuts.length > 0) cuts.push(calls.length);
      break;
    }
    const once = symbols.slice(from, from + steps);
    for (; standsAt(symbols, from, once); from += steps) cuts.push(ends[from + steps - 1] ?? 0);
    // What is left may be the beginning of one more run, which teaches nothing before it is whole.
    if (standsAt(symbols, from, once.slice(0, symbols.length - from))) break;
  }
  return cuts;
}

/** The fewest steps that are repeated often enough from there on, and are not themselves repetition. */
function findSteps(symbols: readonly string[], from: number): number | undefined {
  const { stepsMin, timesMin } = repetition;
  for (let steps = stepsMin; from + steps * timesMin <= symbols.length; steps += 1) {
    const often = symbols.slice(from, from + steps * timesMin);
    if (isPeriodic(often, steps) && !isLoop(often.slice(0, steps))) return steps;
  }
  return undefined;
}

/** Whether steps are fewer steps, several times. */
function isLoop(once: readonly string[]): boolean {
  for (let steps = 1; steps * 2 <= once.length; steps += 1)
    if (once.length % steps === 0 && isPeriodic(once, steps)) return true;
  return false;
}

function isPeriodic(symbols: readonly string[], steps: number): boolean {
  return symbols.every((symbol, at) => at < steps || symbol === symbols[at - steps]);
}

function standsAt(symbols: readonly string[], from: number, once: readonly string[]): boolean {
  return once.every((symbol, at) => symbols[from + at] === symbol);
}
