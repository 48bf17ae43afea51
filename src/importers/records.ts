/**
 * Bytes in, records out, whatever the file looks like: one JSON value a line, one long list, or one document printed
 * over many lines. Exports of both kinds exist of every format, so importers see records only. One record at most is
 * held at a time.
 */
import type { NumberedLine } from './importer.ts';
import { lineBytesMax, toLines } from './lines.ts';

/** Bytes looked at to tell a document from lines: its first brackets stand at the very beginning. */
const headBytes = 4_096;

const [quote, backslash, comma, bracketOpen, bracketClose, braceOpen, braceClose] = [
  0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
];
const newline = 0x0a;

/** Splits a stream of bytes into records. A record is numbered by the line it begins on, and no two alike. */
export async function* toRecords(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly recordBytesMax?: number } = {},
): AsyncGenerator<NumberedLine, void, undefined> {
  const source = chunks[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let head = '';
  try {
    while (!isTelling(head)) {
      const next = await source.next();
      if (next.done === true) break;
      // Copied: a reader may fill the same buffer again.
      taken.push(next.value.slice());
      // Latin-1: only brackets and blanks are looked for.
      head += String.fromCharCode(...next.value.subarray(0, headBytes));
    }
    const all = join(taken, source);
    const bytesMax = options.recordBytesMax ?? lineBytesMax;
    if (isDocument(head)) yield* toElements(all, bytesMax);
    else yield* toLines(all, { lineBytesMax: bytesMax });
  } finally {
    await source.return?.();
  }
}

/** Whether a file's beginning says what it is: its first bracket and what follows it, or something else. */
function isTelling(head: string): boolean {
  return (
    head.length > headBytes || /^(?:\u00EF\u00BB\u00BF)?\s*(?:[^\s[{\u00EF\u00BB\u00BF]|[[{]\s*\S)/.test(head)
  );
}

/** A list of objects, or an object whose first line holds nothing but its bracket. */
function isDocument(head: string): boolean {
  return /^(?:\u00EF\u00BB\u00BF)?\s*(?:\[\s*\{|\{[^\S\n]*\n)/.test(head);
}

async function* join(
  taken: Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let chunk = taken.shift(); chunk !== undefined; chunk = taken.shift()) yield chunk;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* toElements(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<NumberedLine, void, undefined> {
  const scanner = new Scanner(bytesMax);
  for await (const chunk of chunks) yield* scanner.push(chunk);
  yield* scanner.end();
}

/** Follows brackets and strings: an object that stands in no other object is a record. */
class Scanner {
  readonly #keeper: Keeper;
  #line = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Something that is no object was told already. */
  #told = false;

  constructor(bytesMax: number) {
    this.#keeper = new Keeper(bytesMax);
  }

  push(chunk: Uint8Array): NumberedLine[] {
    const done: NumberedLine[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#depth === 0) {
        if (this.#takeOutside(byte, done)) from = at;
      } else if (this.#inString && byte === newline) {
        // No string goes over the end of a line: what follows is not lost with it.
        done.push(this.#finish('the JSON is broken: a text has no end'));
      } else if (this.#takeInside(byte)) {
        this.#keeper.keep(chunk.subarray(from, at + 1));
        done.push(this.#finish());
      }
      if (byte === newline) this.#line += 1;
    }
    if (this.#depth > 0) this.#keeper.keep(chunk.subarray(from));
    return done;
  }

  end(): NumberedLine[] {
    return this.#depth > 0 ? [this.#finish('the JSON breaks off')] : [];
  }

  #finish(bad?: string): NumberedLine {
    this.#depth = 0;
    this.#inString = false;
    return this.#keeper.finish(bad);
  }

  /** Takes one byte outside of any object; true where an object begins. */
  #takeOutside(byte: number, done: NumberedLine[]): boolean {
    if (byte === braceOpen) {
      this.#depth = 1;
      this.#told = false;
      this.#keeper.begin(this.#line);
      return true;
    }
    if (byte === comma || byte === bracketOpen || byte === bracketClose) this.#told = false;
    else if (byte > 0x20 && byte < 0x80 && !this.#told) {
      this.#told = true;
      this.#keeper.begin(this.#line);
      done.push(this.#keeper.finish('there is something between the objects of the list'));
    }
    return false;
  }

  /** Takes one byte of an object; true where the object ends. */
  #takeInside(byte: number): boolean {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString) {
      if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inString = false;
    } else if (byte === quote) this.#inString = true;
    else if (byte === braceOpen) this.#depth += 1;
    else if (byte === braceClose) this.#depth -= 1;
    return this.#depth === 0;
  }
}

/** The bytes of the object being read, and its number. */
class Keeper {
  readonly #bytesMax: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;
  #number = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  begin(line: number): void {
    this.#number = Math.max(line, this.#number + 1);
  }

  keep(part: Uint8Array): void {
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > this.#bytesMax) this.#parts = [];
    // Copied: a reader may fill the same buffer again.
    else this.#parts.push(part.slice());
  }

  finish(bad?: string): NumberedLine {
    const line = this.#number;
    const tooLong = this.#sizeBytes > this.#bytesMax;
    const parts = this.#parts;
    this.#parts = [];
    this.#sizeBytes = 0;
    if (bad !== undefined) return { line, bad };
    if (tooLong) return { line, bad: `the object is longer than ${this.#bytesMax} bytes` };
    try {
      return { line, text: decodeAll(this.#decoder, parts) };
    } catch {
      return { line, bad: 'the object is not UTF-8 text' };
    }
  }
}

function decodeAll(decoder: InstanceType<typeof TextDecoder>, parts: readonly Uint8Array[]): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return decoder.decode(only);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return decoder.decode(whole);
}
