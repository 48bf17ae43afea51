/**
 * The step that every JSONL format shares: lines in, JSON objects out, anything else reported with its number. The
 * parser's own messages are not passed on, since they quote the line.
 */
import type { NumberedLine, OnBad } from './importer.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface NumberedObject {
  readonly line: number;
  readonly value: JsonObject;
}

/** Streams the lines that are JSON objects; reports the others. */
export async function* toObjects(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
): AsyncGenerator<NumberedObject, void, undefined> {
  for await (const item of lines) {
    if ('bad' in item) {
      onBad({ line: item.line, reason: item.bad });
      continue;
    }
    const parsed = parseObject(item.text);
    if (typeof parsed === 'string') onBad({ line: item.line, reason: parsed });
    else yield { line: item.line, value: parsed };
  }
}

/** The objects among a sample's lines; a line cut short or of another kind is passed over. */
export function toSampleObjects(sample: readonly string[]): JsonObject[] {
  return sample.map(parseObject).filter((parsed) => typeof parsed !== 'string');
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object a line holds, or the reason why it holds none. */
function parseObject(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : 'the line is JSON but no object';
  } catch {
    return 'the line is not JSON';
  }
}
