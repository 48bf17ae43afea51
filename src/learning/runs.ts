/**
 * Where nobody stated a task, one episode may hold the same procedure several times over. This file cuts such an episode
 * into its runs: each repetition is one, and so is what came before and what follows, so that nothing learned vanishes when
 * the session goes on. Calls keep their order and none is in two runs. An episode whose task or outcome was stated is one
 * run, whatever is in it.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import { bounds } from './bounds.ts';
import { toLeaves } from './leaves.ts';
import { toChoices } from './keys/choices.ts';
import { findRepetition, type Repetition } from './repetition.ts';
import { toSymbol } from './symbol.ts';
import { toTerms } from './terms.ts';

/**
 * How calls are looked at: each by its symbol; repeats of one as a single step; or with the words that they chose, since
 * one tool may do everything (see keys/) and no key is known before something is learned.
 */
const looks = ['plain', 'squeezed', 'chosen'] as const;
type Look = (typeof looks)[number];

/** A repetition, and how calls were looked at to find it. */
type Found = Repetition & { readonly look: Look };

/** Calls that succeeded, as symbols: what is compared. */
interface Line {
  readonly symbols: readonly string[];
  /** For each symbol, the place behind its last call. */
  readonly ends: readonly number[];
}

/** Calls from one place to before another. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The runs of an episode, in order; the episode itself where it is one. The first run keeps the episode's id. */
export function toRuns(episode: Episode): readonly Episode[] {
  if (episode.outcome !== 'unknown' || toTerms(episode.task).length > 0) return [episode];
  const calls = episode.calls.slice(0, bounds.callsMax);
  const stretches = toStretches(calls);
  if (stretches.length === 0) return [episode];
  return stretches.map(({ from, to }, run) => {
    const own = calls.slice(from, to);
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

/** None when there is no repetition. */
function toStretches(calls: readonly EpisodeCall[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let done: Pick<Found, 'steps' | 'look'> = { steps: [], look: 'plain' };
  const addRest = (from: number, to: number) => {
    const { symbols } = toLine(calls, from, to, done.look === 'chosen' ? 'chosen' : 'plain');
    // A lone call is no procedure, and the beginning of one more run teaches nothing before it is whole.
    const isBegun = symbols.every((symbol, at) => symbol === done.steps[at]);
    if (symbols.length > 1 && !isBegun) stretches.push({ from, to });
  };
  for (let from = 0; ;) {
    const found = findRuns(calls, from);
    if (found === undefined) {
      if (stretches.length > 0) addRest(from, calls.length);
      return stretches;
    }
    addRest(from, found.starts[0] ?? from);
    found.starts.forEach((start, run) => {
      stretches.push({ from: start, to: found.starts[run + 1] ?? found.end });
    });
    done = found;
    from = found.end;
  }
}

/** The first repetition from there on, in places of calls. A step may take more than one call where that shows it sooner. */
function findRuns(calls: readonly EpisodeCall[], from: number): Found | undefined {
  const { symbols: plain } = toLine(calls, from, calls.length, 'plain');
  const all = looks.map((look): Found | undefined => {
    const line = toLine(calls, from, calls.length, look);
    if (look === 'chosen' && line.symbols.every((symbol, at) => symbol === plain[at])) return undefined;
    const toPlace = (at: number) => line.ends[at - 1] ?? from;
    const found = findRepetition(line.symbols, {
      isSqueezed: look === 'squeezed',
      differ(starts, steps) {
        const runs = starts.map((start) => calls.slice(toPlace(start), toPlace(start + steps)));
        return (
          new Set(runs.map((run) => JSON.stringify(run.map(({ args }) => toValues(args))))).size ===
          runs.length
        );
      },
      shared(at) {
        const [before, after] = [
          calls[toPlace(at) - 1],
          calls.slice(toPlace(at)).find(({ error }) => !error),
        ];
        const known = new Set([...toValues(before?.args), ...toValues(before?.result)]);
        return toValues(after?.args).filter((value) => known.has(value) && value.length >= tellingMin);
      },
    });
    if (found === undefined) return undefined;
    const { starts, end, proved, steps } = found;
    return { starts: starts.map(toPlace), end: toPlace(end), proved: toPlace(proved), steps, look };
  });
  return all.reduce((best, one) =>
    best === undefined || (one !== undefined && one.proved < best.proved) ? one : best,
  );
}

/** Characters of a value that two calls hardly share by chance. */
const tellingMin = 3;

/** The values in arguments or in a result, as text. */
function toValues(json: unknown): string[] {
  return toLeaves(json, bounds.argumentLeavesMax).map(({ value }) => String(value));
}

/** What failed is left out, and so belongs to the run in which something succeeded next. */
function toLine(calls: readonly EpisodeCall[], from: number, to: number, look: Look): Line {
  const symbols: string[] = [];
  const ends: number[] = [];
  for (let at = from; at < to; at += 1) {
    const call = calls[at];
    if (call === undefined || call.error) continue;
    const symbol = toSymbol(call);
    const words =
      look === 'chosen' ? toChoices(call.args, symbol).map(([key, word]) => `${key} ${word}`) : [];
    const id = [symbol.id, ...words].join('\n');
    if (look === 'squeezed' && symbols.at(-1) === id) ends.pop();
    else symbols.push(id);
    ends.push(at + 1);
  }
  return { symbols, ends };
}
