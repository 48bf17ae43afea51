/**
 * One look at a watched file: what is new in it goes to the node. Episodes the file has gone past are sent at once;
 * those still open at its end wait until it is quiet, so that no half of a call is ever learned. The file is read from
 * its beginning each time: only then do episodes and their names come out the same.
 */
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import type { BadLine } from '../../importers/importers.ts';
import type { World } from '../world.ts';
import type { FoundFile } from './find-transcripts.ts';
import { readEpisodes } from './read-episodes.ts';
import type { FileEpisodes } from './read-episodes.ts';
import type { SendHooks, SentCounts } from './send-episodes.ts';
import { readHead } from './watch-state.ts';
import type { Watched } from './watch-state.ts';

/** An open episode whose calls have all been answered is sent after so much quiet, and again when it goes on. */
const quietMs = 5_000;
/** One with calls that were never answered is taken as it stands after this much silence, as a session's would be. */
const silenceMs = 10 * 60_000;
/** Open episodes whose marks are kept. */
const tailMax = 1_000;

export interface WatchedRead {
  readonly format: string;
  readonly watched: Watched;
  readonly counts: SentCounts;
  readonly bad: readonly BadLine[];
}

export interface WatchOptions {
  readonly world: Pick<World, 'now' | 'spentMs' | 'stdin'>;
  readonly format: string | undefined;
  readonly send: (episodes: AsyncIterable<ImportedEpisode>, hooks: SendHooks) => Promise<void>;
}

/** Reads a file and sends what is new; `before` is what was remembered of it. */
export async function watchFile(
  file: FoundFile,
  before: Watched | undefined,
  { world, format, send }: WatchOptions,
): Promise<WatchedRead> {
  // Before the rest is read: if it becomes another file meanwhile, the next look sees that.
  const head = await readHead(file.path);
  const known = before !== undefined && (await isSame(file, before)) ? before : undefined;
  const quiet = world.now() - file.changedMs;
  const bad: BadLine[] = [];
  const episodes = await readEpisodes(file.path, world.stdin, format, (line) => bad.push(line));
  const sifted = sift(episodes, known, quiet);
  const counts = { episodes: 0, calls: 0, duplicates: 0 };
  await send(sifted.fresh(), {
    onSent: () => undefined,
    onTooLarge: () => bad.push({ line: episodes.lastLine(), reason: 'an episode is too large' }),
    onCounted: (more) => {
      counts.episodes += more.episodes;
      counts.calls += more.calls;
      counts.duplicates += more.duplicates;
    },
  });
  const failure = episodes.brokenOff();
  if (failure !== undefined) throw failure;
  const told = known?.told ?? 0;
  // A last line that is bad may only be half written.
  const isTold = (line: BadLine): boolean =>
    line.line > told && (line.line < episodes.lastLine() || quiet >= silenceMs);
  const news = bad.filter(isTold);
  const { sent, tail, isWaiting } = sifted.result();
  return {
    format: episodes.format,
    counts,
    bad: news,
    watched: {
      sizeBytes: file.sizeBytes,
      changedMs: file.changedMs,
      ...(known === undefined ? head : { headBytes: known.headBytes, head: known.head }),
      sent,
      tail,
      dueMs: isWaiting ? file.changedMs + (quiet < quietMs ? quietMs : silenceMs) : null,
      told: Math.max(told, ...news.map((line) => line.line)),
    },
  };
}

/** False where it was cut off or another file has its name: everything in it is new, and what is not is a duplicate. */
async function isSame(file: FoundFile, before: Watched): Promise<boolean> {
  if (before.headBytes === 0 || file.sizeBytes < before.sizeBytes) return false;
  return (await readHead(file.path, before.headBytes)).head === before.head;
}

interface Sifted {
  /** The episodes that were not sent before and may be sent now. */
  readonly fresh: () => AsyncGenerator<ImportedEpisode, void, undefined>;
  readonly result: () => {
    readonly sent: number;
    readonly tail: Record<string, string>;
    readonly isWaiting: boolean;
  };
}

function sift(file: FileEpisodes, known: Watched | undefined, quiet: number): Sifted {
  const before = known?.tail ?? {};
  const tail: Record<string, string> = {};
  let whole = 0;
  let isWaiting = false;
  const isNew = (episode: ImportedEpisode): boolean => before[toName(episode)] !== toMark(episode);
  async function* fresh(): AsyncGenerator<ImportedEpisode, void, undefined> {
    for await (const episode of file.episodes) {
      if (!file.hasEnded()) {
        whole += 1;
        if (whole > (known?.sent ?? 0) && isNew(episode)) yield episode;
      } else if (quiet >= silenceMs || (quiet >= quietMs && isSettled(episode))) {
        if (Object.keys(tail).length < tailMax) tail[toName(episode)] = toMark(episode);
        if (isNew(episode)) yield episode;
      } else isWaiting = true;
    }
  }
  return { fresh, result: () => ({ sent: whole, tail, isWaiting }) };
}

/** Every call has been answered, as far as one can see. */
function isSettled(episode: ImportedEpisode): boolean {
  return !episode.calls.some((call) => call.error && call.result === undefined);
}

function toName(episode: ImportedEpisode): string {
  return `${episode.source} ${episode.key}`;
}

function toMark(episode: ImportedEpisode): string {
  return `${episode.calls.length} ${episode.outcome}`;
}
