/**
 * What the event streams of sessions have carried, so that a client whose connection broke can fetch the rest with
 * `Last-Event-ID`. All sessions of a node share one bounded shelf, from which the oldest events fall; a stream that has
 * lost one of them cannot be resumed any more. It lives in memory: a session that moves to another node begins anew.
 */
import type { ServerResponse } from 'node:http';
import { notificationBytesMax, toStreamEvent } from './http-answer.ts';
import type { RecordedStream } from './http-answer.ts';

/** Characters of all events kept, by all sessions together. */
export const shelfCharactersMax = 32 * 1024 * 1024;
/** Streams kept of one session; the oldest is forgotten first. */
export const streamsMax = 64;
/** Events that have fallen off before the list of them is cut. */
const sweepMin = 1_024;
/** A client whose stream broke is asked to come back after so long. */
export const retryMs = 1_000;

/** The streams of one session. */
export interface StreamHistory {
  /** Begins a stream on a connection; `primed` tells the client at once what to ask for, which 2025-11-25 knows first. */
  open(res: ServerResponse, primed: boolean): RecordedStream;
  /** What may be asked for again: finds a stream by the last event that arrived. */
  find(lastEventId: string): { resume(res: ServerResponse): void } | undefined;
  close(): void;
}

/** Room for the events of all sessions. */
export interface StreamShelf {
  openHistory(): StreamHistory;
}

interface Stream {
  readonly name: number;
  /** Number of the first event that is still there. */
  first: number;
  events: string[];
  sink: ServerResponse;
  isOver: boolean;
}

type Keep = (stream: Stream, event: string) => void;

/** Opens the shelf. */
export function openStreamShelf(charactersMax: number = shelfCharactersMax): StreamShelf {
  // In the order in which they were written, whichever stream they are of.
  const written: { stream: Stream; characters: number }[] = [];
  let oldest = 0;
  let characters = 0;
  const keep: Keep = (stream, event) => {
    stream.events.push(event);
    written.push({ stream, characters: event.length });
    characters += event.length;
    while (characters > charactersMax) {
      const gone = written[oldest];
      if (gone === undefined) break;
      oldest += 1;
      characters -= gone.characters;
      if (gone.stream.events.shift() !== undefined) gone.stream.first += 1;
    }
    // What has fallen off leaves the list in one go.
    if (oldest > sweepMin && oldest * 2 > written.length) {
      written.splice(0, oldest);
      oldest = 0;
    }
  };
  return { openHistory: () => openHistory(keep) };
}

function openHistory(keep: Keep): StreamHistory {
  const streams = new Map<number, Stream>();
  let count = 0;
  const forget = (stream: Stream) => {
    streams.delete(stream.name);
    // Its room on the shelf comes free with time; what it held is free at once.
    stream.first += stream.events.length;
    stream.events = [];
  };
  return {
    open: (res, primed) => {
      count += 1;
      const stream: Stream = { name: count, first: 0, events: [], sink: res, isOver: false };
      streams.set(count, stream);
      const [eldest] = streams.values();
      if (streams.size > streamsMax && eldest !== undefined) forget(eldest);
      return record(stream, keep, primed);
    },
    find: (lastEventId) => {
      const [, name, number] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId) ?? [];
      const stream = streams.get(Number(name));
      const next = Number(number) + 1;
      const isThere =
        stream !== undefined && next >= stream.first && next <= stream.first + stream.events.length;
      return isThere ? { resume: (res) => goOn(stream, next, res) } : undefined;
    },
    // What still runs goes on over the connection that it has.
    close: () => {
      for (const stream of streams.values()) forget(stream);
    },
  };
}

function record(stream: Stream, keep: Keep, primed: boolean): RecordedStream {
  const send = (fields: string) => {
    const event = `id: ${stream.name}-${stream.first + stream.events.length}\n${fields}`;
    keep(stream, event);
    const { sink } = stream;
    // Who does not read can come back for what is kept here; more of it need not be kept for the connection.
    if (sink.writableLength > notificationBytesMax) sink.destroy();
    if (!sink.destroyed) sink.write(event);
  };
  if (primed) send(`retry: ${retryMs}\ndata: \n\n`);
  return {
    write: (frame) => send(toStreamEvent(frame)),
    end: (frame) => {
      send(toStreamEvent(frame));
      stream.isOver = true;
      if (!stream.sink.destroyed) stream.sink.end();
    },
  };
}

function goOn(stream: Stream, next: number, res: ServerResponse): void {
  // The connection it had before is taken for lost.
  stream.sink.destroy();
  stream.sink = res;
  for (const event of stream.events.slice(next - stream.first)) res.write(event);
  if (stream.isOver) res.end();
}
