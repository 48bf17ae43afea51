/** One file to episodes: opens it, finds its format and reads it. Bad lines go to whoever counts them. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { DreyError } from '../../../machines/words/errors.ts';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { detect, importers, peekLines, toRecords, toSampleObjects } from '../../importers/importers.ts';
import type { BadLine, Importer, NumberedLine } from '../../importers/importers.ts';
import { openFile } from './open-file.ts';

export interface FileEpisodes {
  readonly format: string;
  readonly episodes: AsyncIterable<ImportedEpisode>;
  readonly readBytes: () => number;
  /** Whether the end of the file was reached: episodes that come after it were still open there. */
  readonly hasEnded: () => boolean;
  /** The number of the last line that was read. */
  readonly lastLine: () => number;
  /** Why the file could not be read further; what stands before that was read. */
  readonly brokenOff: () => unknown;
}

/** Opens a file as episodes; throws `format_unknown` or `file_unreadable`. */
export async function readEpisodes(
  path: string,
  stdin: Readable,
  format: string | undefined,
  onBad: (bad: BadLine) => void,
): Promise<FileEpisodes> {
  const named = format === undefined ? undefined : toNamedFormat(format);
  const file = openFile(path, stdin);
  const place: Place = { line: 0, hasEnded: false, failure: undefined };
  const { sample, lines } = await peekLines(untilBroken(toRecords(file.bytes), place));
  if (sample.length === 0 && place.failure !== undefined) throw place.failure;
  const importer = named ?? detect(sample);
  if (importer === undefined) {
    await lines[Symbol.asyncIterator]().return?.();
    throw new DreyError(
      'format_unknown',
      `${toName(path)} ${toFault(sample)}; known formats are ${formatNames()}.`,
    );
  }
  return {
    format: importer.name,
    episodes: importer.read(follow(lines, place), onBad, toSource(sample)),
    readBytes: file.readBytes,
    hasEnded: () => place.hasEnded,
    lastLine: () => place.line,
    brokenOff: () => place.failure,
  };
}

interface Place {
  line: number;
  hasEnded: boolean;
  failure: unknown;
}

/** The lines up to where the file cannot be read any more; what failed is noted, so that these are read as any. */
async function* untilBroken(
  lines: AsyncIterable<NumberedLine>,
  place: Place,
): AsyncGenerator<NumberedLine, void, undefined> {
  try {
    yield* lines;
  } catch (error) {
    place.failure = error;
  }
}

/** Why no format was found, as far as the lines tell. */
function toFault(sample: readonly string[]): string {
  if (sample.length === 0) return 'holds no line of text';
  return toSampleObjects(sample).length === 0 ? 'holds no JSON in its first lines' : 'has no known format';
}

/** The same lines, noting how far they were read. */
async function* follow(
  lines: AsyncIterable<NumberedLine>,
  place: Place,
): AsyncGenerator<NumberedLine, void, undefined> {
  for await (const item of lines) {
    place.line = item.line;
    yield item;
  }
  place.hasEnded = true;
}

/** What a file is called in messages. */
export function toName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** The names that `--format` knows. */
export function formatNames(): string {
  return importers.map((importer) => importer.name).join(', ');
}

/** The importer of that name; throws `format_unknown`. */
export function toNamedFormat(format: string): Importer {
  const found = importers.find((importer) => importer.name === format);
  if (found !== undefined) return found;
  throw new DreyError(
    'format_unknown',
    `There is no format "${format}"; known formats are ${formatNames()}.`,
  );
}

/**
 * The name of a file for good, where the format itself gives none: the same when the file is moved, copied under another
 * name, packed or has grown, and different for two files that happen to be called the same. So it is made of what the
 * file begins with: a copy that counted once more would make two successes four.
 */
function toSource(sample: readonly string[]): string {
  const mark = createHash('sha256')
    .update(sample[0] ?? '')
    .digest('hex')
    .slice(0, 24);
  return `file-${mark}`;
}
