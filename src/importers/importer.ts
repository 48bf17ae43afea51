/**
 * What an importer is: a reader that turns the lines of somebody else's transcript into episodes. It is handed lines
 * and gives back values; it never opens a file, never looks at a clock, and never fails on what it reads.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';

/** One non-blank line of a file with its 1-based number, or the reason why it could not be read as text. */
export type NumberedLine =
  | { readonly line: number; readonly text: string }
  | { readonly line: number; readonly bad: string };

/** A line that was skipped. The reason names what was wrong and never quotes the line: it may hold secrets. */
export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

export type OnBad = (bad: BadLine) => void;

/** One format. Reading the same lines again gives the same sources and keys, wherever the file lies. */
export interface Importer {
  /** What `--format` calls it. */
  readonly name: string;
  readonly title: string;
  /** Whether the first lines of a file look like this format. */
  readonly recognises: (sample: readonly string[]) => boolean;
  /** Streams episodes; `source` names the input where the format itself does not. */
  readonly read: (
    lines: AsyncIterable<NumberedLine>,
    onBad: OnBad,
    source: string,
  ) => AsyncIterable<ImportedEpisode>;
}
