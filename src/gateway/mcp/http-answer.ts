/**
 * Answers one JSON-RPC request over HTTP: one JSON body, or an event stream as soon as a notification has to go out
 * before the answer. It writes frames exactly as it is given them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RawJson } from '../../../machines/words/calls.ts';

/** Bytes waiting for a slow reader beyond which notifications are dropped; answers never are. */
export const notificationBytesMax = 1024 * 1024;

export interface Accepted {
  readonly json: boolean;
  readonly stream: boolean;
}

/** What a client takes. A client that says nothing takes JSON. */
export function readAccept(req: IncomingMessage): Accepted {
  const accept = req.headers.accept;
  if (accept === undefined) return { json: true, stream: false };
  const stream = accept.includes('text/event-stream');
  const json =
    accept.includes('application/json') || accept.includes('*/*') || accept.includes('application/*');
  return { json, stream };
}

/** Headers of every event stream. */
export const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** One frame as a server-sent event. Line breaks inside JSON are white space, and survive as lines of data. */
export function toStreamEvent(frame: RawJson): string {
  const data =
    frame.includes('\n') || frame.includes('\r') ? frame.split(/\r\n|\r|\n/).join('\ndata: ') : frame;
  return `event: message\ndata: ${data}\n\n`;
}

/** A stream that remembers what it carried, so that it can go on over another connection. */
export interface RecordedStream {
  write(frame: RawJson): void;
  /** Writes the last frame, and ends the connection. */
  end(frame: RawJson): void;
}

/** The open answer to one request. */
export interface Answer {
  /** True once a client that loses its connection can come back for the rest. */
  readonly isResumable: boolean;
  /** Undefined where the client takes no stream: then nobody need produce notifications. */
  readonly notify: ((notification: RawJson) => void) | undefined;
  /** A status of its own is refused with, which no stream can say. */
  finish(frame: RawJson, status?: number, more?: Readonly<Record<string, string>>): void;
}

/**
 * Opens the answer; `keepAlive` is told of streams that need a sign of life from time to time, `record` makes the stream
 * one that can be resumed.
 */
export function openAnswer(
  res: ServerResponse,
  accepted: Accepted,
  keepAlive: KeepsAlive,
  headers: Readonly<Record<string, string>> = {},
  record?: (res: ServerResponse) => RecordedStream,
): Answer {
  return new OpenAnswer({ res, accepted, keepAlive, headers, record });
}

interface KeepsAlive {
  add(res: ServerResponse): void;
}

interface AnswerOptions {
  readonly res: ServerResponse;
  readonly accepted: Accepted;
  readonly keepAlive: KeepsAlive;
  readonly headers: Readonly<Record<string, string>>;
  readonly record: ((res: ServerResponse) => RecordedStream) | undefined;
}

/** A class, for one is made with each call: an object literal that has a getter keeps all it can reach until a full collection. */
class OpenAnswer implements Answer {
  readonly notify: Answer['notify'];
  readonly #options: AnswerOptions;
  #recorded: RecordedStream | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.notify = options.accepted.stream ? (notification) => this.#tell(notification) : undefined;
  }

  get isResumable(): boolean {
    return this.#recorded !== undefined;
  }

  finish(frame: RawJson, status = 200, more: Readonly<Record<string, string>> = {}): void {
    const { res, accepted, headers } = this.#options;
    if (this.#recorded !== undefined) return this.#recorded.end(frame);
    if (res.destroyed) return;
    if (!res.headersSent && (accepted.json || status === 403)) {
      sendJson(res, status, frame, { ...headers, ...more });
      return;
    }
    const recorded = this.#startStream();
    if (recorded === undefined) res.end(toStreamEvent(frame));
    else recorded.end(frame);
  }

  #tell(notification: RawJson): void {
    const { res } = this.#options;
    if (res.writableLength > notificationBytesMax) return;
    if (this.#recorded === undefined && res.destroyed) return;
    const recorded = this.#startStream();
    if (recorded === undefined) res.write(toStreamEvent(notification));
    else recorded.write(notification);
  }

  #startStream(): RecordedStream | undefined {
    const { res, keepAlive, headers, record } = this.#options;
    if (res.headersSent) return this.#recorded;
    res.writeHead(200, { ...streamHeaders, ...headers });
    keepAlive.add(res);
    this.#recorded = record?.(res);
    return this.#recorded;
  }
}

/** Sends JSON text with its length. */
export function sendJson(
  res: ServerResponse,
  status: number,
  json: RawJson,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  const length = Buffer.byteLength(json);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  res.end(json);
}
