/**
 * The node's write-ahead log: an event is appended before the reply leaves, in microseconds, and whatever happens to
 * the bus or to this process it is sent from here. Nothing waits for the bus and nothing is dropped; a full disk is
 * an error for the caller to see, never a silent loss.
 */
import { appendFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Log } from './log.ts';
import { type Parcel, toParcel } from './parcel.ts';
import { createHistogram, type Quantiles } from './quantiles.ts';
import { type Position, readPosition, toLine, writePosition } from './segment.ts';
import { type Page, Segments } from './segments.ts';

export interface EventLogOptions {
  readonly folder: string;
  /** A segment is closed at this size. Default 16 MiB. */
  readonly segmentBytesMax?: number;
  /** All segments together; appending beyond it throws `event_log_full`. Default 1 GiB. */
  readonly diskBytesMax?: number;
  /** `group`: `settled()` waits for a disk sync shared by all who wait. `none`: it resolves at once. */
  readonly sync?: 'none' | 'group';
  /** Waiting events above which lag is an alarm. */
  readonly lagAlarmEvents?: number;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back, with fractions. */
  readonly now: () => number;
}

export interface EventLogFigures {
  readonly waiting: number;
  readonly appended: number;
  readonly diskBytes: number;
  /** How long the oldest of those waiting has been in the log; of an earlier run's, since this one began. */
  readonly oldestMs: number;
  /** True while more wait than the alarm allows. */
  readonly lagging: boolean;
  /** Lines that a crash or a disk spoiled. */
  readonly spoiled: number;
  /** Events the bus will never take, kept aside in this run. */
  readonly setAside: number;
  /** Emission: the time an append takes. */
  readonly appendUs: Quantiles;
  /** From the append until the bus acknowledged. */
  readonly ackMs: Quantiles;
}

export interface Lag {
  readonly lagging: boolean;
  readonly waiting: number;
}

/** Times of appends kept for the acknowledgement figure; older ones are not measured. */
const timesMax = 16_384;
const refusedBytesMax = 16 * 1024 * 1024;
const saveMs = 500;
/** What `appendAll` writes at a time, a single longer line excepted. */
const writeBytesMax = 256 * 1024;

/** Opens the log of a folder; what an earlier process left is sent first. Throws `data_folder_unusable`. */
export function openEventLog(options: EventLogOptions): EventLog {
  const segmentBytesMax = options.segmentBytesMax ?? 16 * 1024 * 1024;
  const diskBytesMax = options.diskBytesMax ?? 1024 * 1024 * 1024;
  if (segmentBytesMax * 2 > diskBytesMax) {
    throw new DreyError('argument_invalid', 'segmentBytesMax may be at most half of diskBytesMax');
  }
  try {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    return new EventLog({ ...options, segmentBytesMax, diskBytesMax });
  } catch (error) {
    throw toLogError(options.folder, error);
  }
}

export class EventLog {
  readonly #options: EventLogOptions & { readonly segmentBytesMax: number; readonly diskBytesMax: number };
  readonly #segments: Segments;
  readonly #lagAlarm: number;
  #position: Position;
  #diskBytes: number;
  #appended: number;
  #acknowledged = 0;
  #spoiled = 0;
  #setAside = 0;
  readonly #openedAt: number;
  #lagging = false;
  #closed = false;
  #saving: NodeJS.Timeout | undefined;
  readonly #times = new Float64Array(timesMax).fill(Number.NaN);
  readonly #appendUs = createHistogram();
  readonly #ackMs = createHistogram();
  readonly #heardLag = new Set<(lag: Lag) => void>();
  readonly #heardAppend = new Set<() => void>();

  constructor(
    options: EventLogOptions & { readonly segmentBytesMax: number; readonly diskBytesMax: number },
  ) {
    const { folder, log } = options;
    this.#options = options;
    this.#openedAt = options.now();
    this.#lagAlarm = options.lagAlarmEvents ?? limits.lagAlarmEvents;
    this.#position = readPosition(folder);
    const { segment } = this.#position;
    this.#segments = new Segments(folder, options.segmentBytesMax, options.sync === 'group', segment);
    this.#segments.dropBefore(segment);
    const { lines, torn } = this.#segments.count(this.#position);
    this.#appended = lines;
    this.#diskBytes = this.#segments.bytes;
    if (torn > 0)
      log.warn({ folder, torn }, 'the last line of an event log file was torn by a crash and is skipped');
    if (lines > 0)
      log.info({ folder, waiting: lines }, 'the event log holds events of an earlier run; they go first');
  }

  /** Events appended and not acknowledged by the bus yet. */
  get waiting(): number {
    return this.#appended - this.#acknowledged;
  }

  /** Appends one event and returns its number; throws `envelope_invalid`, `event_log_full`, `data_folder_unusable`. */
  append(event: DreyEvent): number {
    const begun = this.#options.now();
    const number = this.#appended;
    this.#write(toLine(toParcel(event)), 1);
    this.#appendUs.record((this.#options.now() - begun) * 1_000);
    return number;
  }

  /** Appends many with few writes, in order; throws as `append` does, and those before it in its write are not kept. */
  appendAll(events: readonly DreyEvent[]): void {
    const bytesMax = Math.min(writeBytesMax, this.#options.segmentBytesMax);
    let lines: Buffer[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (lines.length > 0) this.#write(Buffer.concat(lines, bytes), lines.length);
      [lines, bytes] = [[], 0];
    };
    for (const event of events) {
      const line = toLine(toParcel(event));
      if (bytes + line.length > bytesMax) flush();
      lines.push(line);
      bytes += line.length;
    }
    flush();
  }

  #write(bytes: Buffer, lines: number): void {
    if (this.#closed)
      throw new DreyError('node_draining', 'the event log is closed; nothing can be appended any more');
    if (this.#diskBytes + bytes.length > this.#options.diskBytesMax) {
      throw toFull(
        `it may have ${this.#options.diskBytesMax} bytes and ${this.waiting} events wait for the bus`,
      );
    }
    try {
      this.#segments.write(bytes);
    } catch (error) {
      throw toLogError(this.#options.folder, error);
    }
    this.#diskBytes += bytes.length;
    const at = this.#options.now();
    for (let line = 0; line < lines; line += 1) this.#times[(this.#appended + line) % timesMax] = at;
    this.#appended += lines;
    if (!this.#lagging && this.waiting > this.#lagAlarm) this.#tellLag(true);
    for (const heard of this.#heardAppend) heard();
  }

  /** Resolves when everything appended so far is on the disk (`group`), or at once (`none`). */
  async settled(): Promise<void> {
    if (this.#options.sync === 'group' && !this.#closed) await this.#segments.settled();
  }

  /** Hears when lag becomes an alarm, and when it is over (at half of the threshold). */
  onLag(heard: (lag: Lag) => void): () => void {
    this.#heardLag.add(heard);
    return () => this.#heardLag.delete(heard);
  }

  /** Hears every append; for the pump. It must be quick and never throw. */
  onAppend(heard: () => void): () => void {
    this.#heardAppend.add(heard);
    return () => this.#heardAppend.delete(heard);
  }

  /** The oldest events not acknowledged; undefined when there are none. Reading changes nothing. */
  read(linesMax: number): Page | undefined {
    return this.#closed ? undefined : this.#segments.read(this.#position, linesMax);
  }

  /** Everything up to the end of a page is stored by the bus: whole files before it are deleted. */
  acknowledge(page: Page): void {
    if (this.#closed) return; // It is sent again by the next run, which is harmless.
    const now = this.#options.now();
    const measured = this.waiting <= timesMax ? page.lines : 0;
    for (let line = 0; line < measured; line += 1) {
      const begun = this.#times[(this.#acknowledged + line) % timesMax] ?? Number.NaN;
      if (!Number.isNaN(begun)) this.#ackMs.record(now - begun);
    }
    this.#acknowledged += page.lines;
    this.#position = page.end;
    if (page.spoiled > 0) {
      this.#spoiled += page.spoiled;
      this.#options.log.error(
        { spoiled: page.spoiled, at: page.end },
        'lines of the event log were spoiled and are skipped',
      );
    }
    if (this.#segments.hasBefore(page.end.segment)) {
      this.#savePosition();
      this.#segments.dropBefore(page.end.segment);
      this.#diskBytes = this.#segments.bytes;
    }
    this.#saving ??= setTimeout(() => this.#savePosition(), saveMs).unref();
    if (this.#lagging && this.waiting <= this.#lagAlarm / 2) this.#tellLag(false);
  }

  /** Keeps an event that the bus will never take in `refused.jsonl` beside the log; throws `event_log_full`. */
  setAside(parcel: Parcel, reason: string): void {
    const path = join(this.#options.folder, 'refused.jsonl');
    const kept = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (kept + parcel.payload.length > refusedBytesMax)
      throw toFull(`${path} holds too much; look at it and move it away`);
    const body = Buffer.from(parcel.payload).toString('utf8');
    appendFileSync(path, `${JSON.stringify({ reason, path: parcel.path, id: parcel.id, body })}\n`, {
      mode: 0o600,
    });
    this.#setAside += 1;
  }

  figures(): EventLogFigures {
    return {
      waiting: this.waiting,
      appended: this.#appended,
      oldestMs: this.#oldestMs(),
      lagging: this.#lagging,
      diskBytes: this.#diskBytes,
      spoiled: this.#spoiled,
      setAside: this.#setAside,
      appendUs: this.#appendUs.figures(),
      ackMs: this.#ackMs.figures(),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#savePosition();
    this.#closed = true;
    this.#segments.close();
  }

  #oldestMs(): number {
    if (this.waiting === 0) return 0;
    // The slot of one that is too old for the ring holds a younger one's time.
    const begun = this.waiting > timesMax ? Number.NaN : this.#times[this.#acknowledged % timesMax];
    const since = begun === undefined || Number.isNaN(begun) ? this.#openedAt : begun;
    return this.#options.now() - since;
  }

  /** A position that could not be saved costs sending some events again, nothing else. */
  #savePosition(): void {
    if (this.#saving !== undefined) clearTimeout(this.#saving);
    this.#saving = undefined;
    if (this.#closed) return;
    try {
      writePosition(this.#options.folder, this.#position);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the position of the event log could not be saved');
    }
  }

  #tellLag(lagging: boolean): void {
    this.#lagging = lagging;
    for (const heard of this.#heardLag) {
      try {
        heard({ lagging, waiting: this.waiting });
      } catch (error) {
        this.#options.log.error({ err: error }, 'a listener to the lag of the event log failed');
      }
    }
  }
}

function toFull(why: string): DreyError {
  return new DreyError('event_log_full', `the event log is full: ${why}`);
}

function toLogError(folder: string, error: unknown): DreyError {
  if (isDreyError(error)) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return toFull(`the disk of ${folder} has no room left`);
  return new DreyError(
    'data_folder_unusable',
    `the event log in ${folder} cannot be used; check its permissions`,
    {
      cause: error,
    },
  );
}
