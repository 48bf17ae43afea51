/**
 * The lines of the write-ahead log and the files that hold them: `<crc32> <path> <id> <json>`, one event a line. The
 * checksum finds what a crash tore and what a disk spoiled; such a line is reported and skipped, never sent.
 */
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { Parcel } from './parcel.ts';

/** A place between two lines. */
export const Position = z.object({
  segment: z.number().int().nonnegative(),
  offset: z.number().int().nonnegative(),
});
export type Position = z.infer<typeof Position>;

/** A file of the log and how much of it is written. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  size: number;
}

/** What the reader found in some bytes. */
export interface Lines {
  readonly parcels: readonly Parcel[];
  /** Whole lines consumed, spoiled ones included. */
  readonly lines: number;
  readonly spoiled: number;
  readonly bytes: number;
}

const newline = 0x0a;
const space = 0x20;
const checksumBytes = 8;

/** A parcel as one line of the log. */
export function toLine(parcel: Parcel): Buffer {
  const head = Buffer.from(`${parcel.path} ${parcel.id} `, 'latin1');
  const line = Buffer.allocUnsafe(checksumBytes + 1 + head.length + parcel.payload.length + 1);
  head.copy(line, checksumBytes + 1);
  line.set(parcel.payload, checksumBytes + 1 + head.length);
  line[line.length - 1] = newline;
  const sum = crc32(line.subarray(checksumBytes + 1, -1));
  line.write(`${sum.toString(16).padStart(checksumBytes, '0')} `, 0, 'latin1');
  return line;
}

/** Reads up to `linesMax` whole lines from the beginning of some bytes. */
export function parseLines(bytes: Buffer, linesMax: number): Lines {
  const parcels: Parcel[] = [];
  let [start, lines, spoiled] = [0, 0, 0];
  while (lines < linesMax) {
    const end = bytes.indexOf(newline, start);
    if (end === -1) break;
    const parcel = parseLine(bytes.subarray(start, end));
    if (parcel === undefined) spoiled += 1;
    else parcels.push(parcel);
    lines += 1;
    start = end + 1;
  }
  return { parcels, lines, spoiled, bytes: start };
}

function parseLine(line: Buffer): Parcel | undefined {
  if (line.length <= checksumBytes + 1 || line[checksumBytes] !== space) return undefined;
  const body = line.subarray(checksumBytes + 1);
  if (line.toString('latin1', 0, checksumBytes) !== crc32(body).toString(16).padStart(checksumBytes, '0')) {
    return undefined;
  }
  const first = body.indexOf(space);
  const second = body.indexOf(space, first + 1);
  if (first <= 0 || second <= first + 1) return undefined;
  return {
    path: body.toString('latin1', 0, first),
    id: body.toString('latin1', first + 1, second),
    payload: body.subarray(second + 1),
  };
}

export function toSegmentPath(folder: string, number: number): string {
  return join(folder, `events-${String(number).padStart(10, '0')}.log`);
}

/** The segments of a folder, oldest first. */
export function listSegments(folder: string): Segment[] {
  const found: Segment[] = [];
  for (const name of readdirSync(folder)) {
    const number = /^events-(\d{10})\.log$/.exec(name)?.[1];
    if (number === undefined) continue;
    const path = join(folder, name);
    found.push({ number: Number(number), path, size: statSync(path).size });
  }
  return found.sort((a, b) => a.number - b.number);
}

/** The recorded position; the very beginning when none can be read, which sends more than needed and loses nothing. */
export function readPosition(folder: string): Position {
  try {
    return Position.parse(JSON.parse(readFileSync(join(folder, 'position.json'), 'utf8')));
  } catch {
    return { segment: 0, offset: 0 };
  }
}

/** Replaces the recorded position in one step. */
export function writePosition(folder: string, position: Position): void {
  const path = join(folder, 'position.json');
  writeFileSync(`${path}.new`, JSON.stringify(position), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
