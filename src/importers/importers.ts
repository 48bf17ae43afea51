/**
 * The door of the importers: transcripts in, episodes out. A new format is one file and one line in the list below.
 * Nothing in this room does I/O; whoever imports opens the file and hands in its bytes.
 */
import { claudeCode } from './claude-code.ts';
import { episodes } from './episodes.ts';
import type { Importer } from './importer.ts';

export { toSaid } from './claude-code-prompt.ts';
export type { BadLine, Importer, NumberedLine } from './importer.ts';
export { peekLines, toLines } from './lines.ts';

/** Every format there is, in the order in which they are tried. */
export const importers: readonly Importer[] = [episodes, claudeCode];

/** The importer that recognises the first lines of a file; undefined when none does. */
export function detect(sample: readonly string[]): Importer | undefined {
  return importers.find((importer) => importer.recognises(sample));
}
