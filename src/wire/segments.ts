/**
 * The files of the write-ahead log as one long row of lines: written at the end, read from anywhere, removed from the
 * beginning. A file of an earlier process is never written to again, so a torn line stays the last of its file.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { limits } from '../../machines/words/limits.ts';
import {
  type Lines,
  listSegments,
  parseLines,
  type Position,
  type Segment,
  toSegmentPath,
} from './segment.ts';

/** Some lines in the order they were appended, and the place after them. */
export interface Page extends Lines {
  readonly end: Position;
}

const readBytes = 256 * 1024;
const lineBytesMax = limits.envelopeBytesMax + 2_048;
const newline = 0x0a;
const toDisk = promisify(fdatasync);

export class Segments {
  readonly #folder: string;
  readonly #segmentBytesMax: number;
  readonly #isSynced: boolean;
  readonly #segments: Segment[];
  #fd: number;
  #reader: { readonly number: number; readonly fd: number } | undefined;
  #nextSync: Promise<void> | undefined;
  #currentSync: Promise<void> = Promise.resolve();

  constructor(folder: string, segmentBytesMax: number, isSynced: boolean, after: number) {
    this.#folder = folder;
    this.#segmentBytesMax = segmentBytesMax;
    this.#isSynced = isSynced;
    this.#segments = listSegments(folder);
    this.#fd = this.#openNew(Math.max(after, this.#segments.at(-1)?.number ?? 0) + 1);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  /** Writes a whole line at the end; a line that did not fit leaves no trace. */
  write(line: Buffer): void {
    let active = this.#active;
    if (active.size > 0 && active.size + line.length > this.#segmentBytesMax) {
      this.#retire(this.#fd);
      this.#fd = this.#openNew(active.number + 1);
      active = this.#active;
    }
    let written = 0;
    try {
      while (written < line.length) {
        written += writeSync(this.#fd, line, written, line.length - written, active.size + written);
      }
    } catch (error) {
      ftruncateSync(this.#fd, active.size);
      throw error;
    }
    active.size += line.length;
  }

  /** The lines after a position, at most `linesMax`; undefined when there are none. */
  read(from: Position, linesMax: number): Page | undefined {
    for (const segment of this.#segments) {
      if (segment.number < from.segment) continue;
      const offset = segment.number === from.segment ? from.offset : 0;
      const page = offset < segment.size ? this.#readSegment(segment, offset, linesMax) : undefined;
      if (page !== undefined) return page;
    }
    return undefined;
  }

  /** Counts the whole lines after a position, and the files whose last line was torn. */
  count(from: Position): { readonly lines: number; readonly torn: number } {
    let [lines, torn] = [0, 0];
    const chunk = Buffer.allocUnsafe(1024 * 1024);
    for (const segment of this.#segments) {
      if (segment.number < from.segment) continue;
      let offset = segment.number === from.segment ? from.offset : 0;
      let last = newline;
      const fd = openSync(segment.path, 'r');
      while (offset < segment.size) {
        const many = readSync(fd, chunk, 0, chunk.length, offset);
        if (many === 0) break;
        for (let at = chunk.indexOf(newline); at !== -1 && at < many; at = chunk.indexOf(newline, at + 1))
          lines += 1;
        last = chunk[many - 1] ?? newline;
        offset += many;
      }
      closeSync(fd);
      if (last !== newline) torn += 1;
    }
    return { lines, torn };
  }

  /** Removes the files before a segment. */
  dropBefore(number: number): void {
    for (
      let oldest = this.#segments[0];
      oldest !== undefined && oldest.number < number;
      oldest = this.#segments[0]
    ) {
      if (oldest === this.#active) return;
      if (this.#reader?.number === oldest.number) this.#closeReader();
      unlinkSync(oldest.path);
      this.#segments.shift();
    }
  }

  hasBefore(number: number): boolean {
    const [oldest] = this.#segments;
    return oldest !== undefined && oldest !== this.#active && oldest.number < number;
  }

  /** Resolves when all that is written now is on the disk; those who wait together share one sync. */
  async settled(): Promise<void> {
    this.#nextSync ??= this.#syncAfter(this.#currentSync);
    return this.#nextSync;
  }

  async #syncAfter(previous: Promise<void>): Promise<void> {
    await previous.catch(() => undefined); // Those who waited for that one have heard of its failure.
    if (this.#nextSync !== undefined) this.#currentSync = this.#nextSync;
    this.#nextSync = undefined;
    await toDisk(this.#fd);
  }

  close(): void {
    this.#retire(this.#fd);
    this.#closeReader();
  }

  get #active(): Segment {
    const active = this.#segments.at(-1);
    if (active === undefined) throw new Error('the event log has no file to write to');
    return active;
  }

  #openNew(number: number): number {
    const path = toSegmentPath(this.#folder, number);
    const fd = openSync(path, 'wx+', 0o600);
    this.#segments.push({ number, path, size: 0 });
    if (this.#isSynced) this.#syncFolder();
    return fd;
  }

  /** The name of a new file is on the disk only when its folder is. */
  #syncFolder(): void {
    const fd = openSync(this.#folder, 'r');
    try {
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** A sync may still run on the file: it is closed only afterwards. */
  #retire(fd: number): void {
    if (this.#isSynced) fdatasyncSync(fd);
    this.#currentSync
      .catch(() => undefined)
      .finally(() => closeSync(fd))
      .catch(() => undefined);
  }

  #readSegment(segment: Segment, offset: number, linesMax: number): Page | undefined {
    const fd = this.#openReader(segment);
    const left = segment.size - offset;
    for (let size = Math.min(readBytes, left); ; size = Math.min(size * 4, left)) {
      const chunk = Buffer.allocUnsafe(size);
      const many = readSync(fd, chunk, 0, size, offset);
      const found = parseLines(chunk.subarray(0, many), linesMax);
      if (found.lines > 0)
        return { ...found, end: { segment: segment.number, offset: offset + found.bytes } };
      if (size === left || size > lineBytesMax * 4) return undefined;
    }
  }

  #openReader(segment: Segment): number {
    if (this.#reader?.number !== segment.number) {
      this.#closeReader();
      this.#reader = { number: segment.number, fd: openSync(segment.path, 'r') };
    }
    return this.#reader.fd;
  }

  #closeReader(): void {
    if (this.#reader !== undefined) closeSync(this.#reader.fd);
    this.#reader = undefined;
  }
}
