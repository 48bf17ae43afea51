/**
 * The door of the importers: transcripts in, episodes out. A new format is one file and one line in the list below.
 * Nothing in this room does I/O; whoever imports opens the file and hands in its bytes.
 */
import { anthropic } from './anthropic.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { episodes } from './episodes.ts';
import type { Importer } from './importer.ts';
import { langfuse } from './langfuse.ts';
import { langsmith } from './langsmith.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { otel } from './otel.ts';

export { toSaid } from './claude-code-prompt.ts';
export type { BadLine, Importer, NumberedLine } from './importer.ts';
export { toSampleObjects } from './json-lines.ts';
export { peekLines, toLines } from './lines.ts';
export { otelSource } from './otel.ts';
export { readSpan } from './otel-span.ts';
export { isTraces, toSpans } from './otlp.ts';
export type { TraceBatch } from './otlp.ts';
export { decodeTraces } from './otlp-protobuf.ts';
export { toRecords } from './records.ts';
export { createTraces } from './traces.ts';
export type { Traces } from './traces.ts';

/** Every format there is, in the order in which they are tried. */
export const importers: readonly Importer[] = [
  episodes,
  claudeCode,
  codex,
  otel,
  langsmith,
  langfuse,
  anthropic,
  openaiResponses,
  openaiChat,
];

/** The importer that recognises the first lines of a file; undefined when none does. */
export function detect(sample: readonly string[]): Importer | undefined {
  return importers.find((importer) => importer.recognises(sample));
}
