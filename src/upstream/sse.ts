/**
 * Server-sent events, read as the bytes come. Only what MCP uses: data, id, retry; an event beyond the maximum is
 * skipped and reported.
 */
import { LineReader } from './lines.ts';

export interface SseEvents {
  readonly onData: (data: string) => void;
  readonly onOversize: () => void;
}

/** Reads one stream of events. */
export class SseReader {
  /** Where to resume, if the server says so. */
  lastEventId: string | undefined;
  retryMs: number | undefined;
  #lines: LineReader;
  #events: SseEvents;
  #bytesMax: number;
  #data: string[] = [];
  #dataLength = 0;
  #type = '';

  constructor(bytesMax: number, events: SseEvents) {
    this.#events = events;
    this.#bytesMax = bytesMax;
    this.#lines = new LineReader(bytesMax, {
      onLine: (line) => this.#read(line.endsWith('\r') ? line.slice(0, -1) : line),
      onOversize: () => events.onOversize(),
    });
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  #read(line: string): void {
    if (line === '') return this.#dispatch();
    const end = line.indexOf(':');
    const field = end === -1 ? line : line.slice(0, end);
    const value = end === -1 ? '' : line.slice(line.charAt(end + 1) === ' ' ? end + 2 : end + 1);
    if (field === 'data') this.#keep(value);
    else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) this.lastEventId = value;
    else if (field === 'retry' && /^[0-9]{1,9}$/.test(value)) this.retryMs = Number(value);
  }

  #keep(value: string): void {
    this.#dataLength += value.length;
    if (this.#dataLength <= this.#bytesMax) this.#data.push(value);
    else this.#data = [];
  }

  #dispatch(): void {
    const isMessage = this.#type === '' || this.#type === 'message';
    if (this.#dataLength > this.#bytesMax) this.#events.onOversize();
    else if (isMessage && this.#dataLength > 0) this.#events.onData(this.#data.join('\n'));
    this.#data = [];
    this.#dataLength = 0;
    this.#type = '';
  }
}
