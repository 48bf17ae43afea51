/**
 * Message contents and tool results of the model APIs as text and values: strings, lists of parts, MCP results. It
 * reads one level of parts and never recurses: depth is foreign.
 */
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toResult } from './values.ts';

/** Parts of one message that are looked at. */
const partsMax = 1_000;

/** The text of a message's content, its parts joined; other media stand as their type. */
export function toContentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return isObject(content) ? toPartText(content) : '';
  return content
    .slice(0, partsMax)
    .map((part: unknown) => (typeof part === 'string' ? part : isObject(part) ? toPartText(part) : ''))
    .filter((text) => text !== '')
    .join('\n');
}

function toPartText(part: JsonObject): string {
  for (const key of ['text', 'content', 'refusal']) {
    const text = part[key];
    if (typeof text === 'string') return text;
  }
  return typeof part['type'] === 'string' ? `[${part['type'].slice(0, 40)}]` : '';
}

/** The words of a message's content, without other media. */
export function toSpokenText(content: unknown): string {
  if (!Array.isArray(content)) return toContentText(content);
  const spoken = content.filter((part: unknown) => !isObject(part) || isText(part['type']));
  return toContentText(spoken);
}

function isText(type: unknown): boolean {
  return type === undefined || type === 'text' || type === 'input_text';
}

/** Arguments as the model wrote them: an object, JSON in a text, or a text alone, which is then its own `input`. */
export function toArguments(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return {};
  const given = typeof value === 'string' ? toResult(value) : value;
  return isObject(given) || Array.isArray(given) ? given : { input: given };
}

export interface Answered {
  readonly result: unknown;
  readonly error: boolean;
}

/** A tool's output as a value: parsed where it is JSON, and taken out of an MCP result. */
export function toAnswered(output: unknown): Answered {
  const value =
    typeof output === 'string'
      ? toResult(output)
      : isParts(output)
        ? toResult(toContentText(output))
        : output;
  return isObject(value) && isParts(value['content'])
    ? fromToolResult(value)
    : { result: value, error: false };
}

/** What an MCP `tools/call` result says. */
export function fromToolResult(value: JsonObject): Answered {
  const error = value['isError'] === true || value['is_error'] === true;
  const structured = value['structuredContent'] ?? value['structured_content'];
  if (structured !== undefined && structured !== null) return { result: structured, error };
  return { result: toResult(toContentText(value['content'])), error };
}

/** A list of content parts, every one of them with a type. */
function isParts(value: unknown): value is readonly JsonObject[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.slice(0, partsMax).every((part) => isObject(part) && typeof part['type'] === 'string')
  );
}
