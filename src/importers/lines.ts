/**
 * Bytes in, numbered lines out. One line at most is held at a time; a line that is too long or not UTF-8 is reported
 * in its place and the next one is read as if nothing had happened.
 */
import type { NumberedLine } from './importer.ts';

/** The longest line that is read; a longer one is skipped without being kept. */
export const lineBytesMax = 32 * 1024 * 1024;

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Splits a stream of bytes into its non-blank lines. `\n` and `\r\n` end a line; a byte order mark is dropped. */
export async function* toLines(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly lineBytesMax?: number } = {},
): AsyncGenerator<NumberedLine, void, undefined> {
  const collector = createCollector(options.lineBytesMax ?? lineBytesMax);
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      const line = collector.end(chunk.subarray(from, to));
      if (line !== undefined) yield line;
      from = to + 1;
    }
    collector.add(chunk.subarray(from));
  }
  const last = collector.end(new Uint8Array());
  if (last !== undefined) yield last;
}

/** Takes the first lines for `detect` and gives them back in front of the rest. */
export async function peekLines(
  lines: AsyncIterable<NumberedLine>,
  count = 50,
): Promise<{ readonly sample: readonly string[]; readonly lines: AsyncIterable<NumberedLine> }> {
  const rest = lines[Symbol.asyncIterator]();
  const taken: NumberedLine[] = [];
  while (taken.length < count) {
    const next = await rest.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  const sample = taken.flatMap((line) => ('text' in line ? [line.text] : []));
  return { sample, lines: join(taken, rest) };
}

async function* join(
  taken: NumberedLine[],
  rest: AsyncIterator<NumberedLine>,
): AsyncGenerator<NumberedLine, void, undefined> {
  try {
    // Shifted, not iterated: a sample of long lines must not outlive its reading.
    for (let line = taken.shift(); line !== undefined; line = taken.shift()) yield line;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

interface Collector {
  /** Keeps the beginning of a line whose end has not come yet. */
  readonly add: (part: Uint8Array) => void;
  /** Ends the line with its last part; undefined for a blank one. */
  readonly end: (part: Uint8Array) => NumberedLine | undefined;
}

function createCollector(bytesMax: number): Collector {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let sizeBytes = 0;
  let parts: Uint8Array[] = [];

  const add = (part: Uint8Array): void => {
    if (part.length === 0) return;
    sizeBytes += part.length;
    if (sizeBytes > bytesMax) parts = [];
    // Copied: a reader may fill the same buffer again before the line ends.
    else parts.push(part.slice());
  };

  const end = (part: Uint8Array): NumberedLine | undefined => {
    const tooLong = sizeBytes + part.length > bytesMax;
    const bytes = tooLong ? part : concat(parts, part, sizeBytes);
    number += 1;
    sizeBytes = 0;
    parts = [];
    if (tooLong) return { line: number, bad: `the line is longer than ${bytesMax} bytes` };
    try {
      const text = decoder.decode(bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes);
      return text.trim() === '' ? undefined : { line: number, text };
    } catch {
      return { line: number, bad: 'the line is not UTF-8 text' };
    }
  };

  return { add, end };
}

function concat(parts: readonly Uint8Array[], last: Uint8Array, sizeBytes: number): Uint8Array {
  if (parts.length === 0) return last;
  const whole = new Uint8Array(sizeBytes + last.length);
  let at = 0;
  for (const part of [...parts, last]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
