/**
 * What an event keeps of a call's arguments or result: the redacted value while it is small enough, else the redacted
 * beginning; always hash, size and outline of the original. Nothing that was not redacted leaves here.
 */
import { toDigest } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Recorded, Shape } from '../../machines/words/record.ts';
import type { Redactor } from './redaction.ts';

/** Larger texts are not parsed, only their beginning is looked at: nobody waits for what would be cut anyway. */
const parsedBytesMax = 512 * 1024;
/** Written anew, JSON may grow (1e9 becomes 1000000000), but never from this to the most that is kept. */
const surelySmallBytes = limits.recordedBytesMax / 8;
/** So much longer a token can be than what it stands for, a single digit with its comma. */
const redactedGrowthMax = 64;
/** Read beyond the cut, so that a secret that lies across it is recognised whole. */
const marginCharacters = 16 * 1024;

/** Records JSON text; what is no JSON is taken as text. */
export function record(rawJson: string, redactor: Redactor): Recorded {
  const bytes = Buffer.from(rawJson);
  const sizeBytes = bytes.length;
  if (sizeBytes > parsedBytesMax) {
    const head = redactor.redactText(rawJson.slice(0, limits.recordedBytesMax + marginCharacters));
    const text = cutBytes(head, limits.recordedBytesMax);
    return note({ hash: redactor.digest(bytes), sizeBytes, shape: guessShape(rawJson), cut: true, text });
  }
  return recordParsed(parse(rawJson), rawJson, bytes, redactor);
}

/** Records a value that is plain JSON already: the same as `record` of its text, without reading that again. */
export function recordValue(value: unknown, redactor: Redactor): Recorded {
  const json = JSON.stringify(value) ?? 'null';
  const bytes = Buffer.from(json);
  if (bytes.length > parsedBytesMax) return record(json, redactor);
  return recordParsed(value ?? null, json, bytes, redactor);
}

function recordParsed(value: unknown, rawJson: string, bytes: Buffer, redactor: Redactor): Recorded {
  const shape = toShape(value);
  const isHarmless = redactor.isHarmless(rawJson);
  const { shown: redacted, found } = isHarmless ? { shown: value, found: false } : redactor.inspect(value);
  // The plain hash of something that holds a secret could be tried with every secret there is.
  const hash = found ? redactor.digest(bytes) : toDigest(bytes);
  const sizeBytes = bytes.length;
  if (sizeBytes <= (isHarmless ? surelySmallBytes : limits.recordedBytesMax / redactedGrowthMax))
    return note({ hash, sizeBytes, shape, cut: false, value: redacted });
  const json = JSON.stringify(redacted) ?? 'null';
  if (Buffer.byteLength(json) <= limits.recordedBytesMax)
    return note({ hash, sizeBytes, shape, cut: false, value: redacted });
  return note({ hash, sizeBytes, shape, cut: true, text: cutBytes(json, limits.recordedBytesMax) });
}

/** What was made here, and is redacted therefore. */
const made = new WeakSet<object>();

function note(recorded: Recorded): Recorded {
  made.add(recorded);
  return recorded;
}

/** True for a recorded value of this process, which need not be looked at once more. */
export function isRecorded(value: unknown): boolean {
  return typeof value === 'object' && value !== null && made.has(value);
}

/**
 * What learning sees of an MCP tool result: its structured content, or its only text (as JSON where it is JSON), or
 * the list of its content. Anything that is no such result is given back as it is.
 */
export function toLearnedResult(result: unknown): unknown {
  if (!isToolResult(result)) return result;
  if (result.structuredContent !== undefined && result.structuredContent !== null)
    return result.structuredContent;
  const [only, ...others] = result.content;
  if (only === undefined || others.length > 0 || only.type !== 'text' || typeof only.text !== 'string') {
    return result.content;
  }
  return parse(only.text);
}

/** The same of a result as an agent tells it: a tool result, or its text alone, which is JSON now and then. */
export function toToldResult(result: unknown): unknown {
  return typeof result === 'string' ? parse(result) : toLearnedResult(result);
}

/** The outline of a value; of a tool result, the outline of what learning sees. */
export function toShape(value: unknown): Shape {
  if (isToolResult(value)) return value.isError === true ? 'error' : toShape(toLearnedResult(value));
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return 'number';
  if (typeof value === 'string') return value === '' ? 'empty' : 'text';
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : 'list';
  return Object.keys(value).length === 0 ? 'empty' : 'object';
}

interface ToolResult {
  readonly content: readonly { readonly type: string; readonly text?: unknown }[];
  readonly structuredContent?: unknown;
  readonly isError?: unknown;
}

function isToolResult(value: unknown): value is ToolResult {
  if (typeof value !== 'object' || value === null || !('content' in value) || !Array.isArray(value.content))
    return false;
  const content: readonly unknown[] = value.content;
  return content.every(
    (block) =>
      typeof block === 'object' && block !== null && 'type' in block && typeof block.type === 'string',
  );
}

/** How JSON can begin. Most texts are none, and an error with its stack would cost more than all the rest. */
const jsonStart = /^\s*(?:[[{"\d-]|true|false|null)/;

function parse(text: string): unknown {
  if (!jsonStart.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function guessShape(rawJson: string): Shape {
  if (/"isError"\s{0,4}:\s{0,4}true\s{0,4}[,}]/.test(rawJson.slice(-200))) return 'error';
  const first = rawJson.trimStart().charAt(0);
  if (first === '{') return 'object';
  return first === '[' ? 'list' : 'text';
}

/** The beginning of a text in at most so many bytes, never through a character. */
function cutBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
