/**
 * Answers that come in pieces, between two nodes: the one that holds a session sends them, the one that its client
 * reached writes them on. Each piece is a question, so they stay in order and a slow client slows the sender; whoever is
 * gone ends both sides. It reads nothing of what it carries.
 */
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';
import { toNodeAddress } from '../actors/actors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import type { AnswerSink } from '../gateway/gateway.ts';
import type { Wire } from '../wire/wire.ts';
import { createPromise, createStreamWatch, StreamsAsked } from './stream-watch.ts';
import type { StreamWatch } from './stream-watch.ts';

/** Answers that one node expects from others, or sends them, at a time. */
export const streamsMax = 1_000;
/** Of them, streams on which a client only listens: they stay for as long as it does, and must leave room for calls. */
export const listensMax = streamsMax / 2;
/** Bytes of one piece: as text it is a third longer, and still one message. */
const pieceBytesMax = 256 * 1024;
/** A client may read slowly; the node before it answers meanwhile. */
const pieceMs = 30_000;

/** Whom to send an answer to that comes in pieces. */
export const StreamName = z.object({ node: z.string().min(1).max(128), id: z.string().min(1).max(128) });
export type StreamName = z.infer<typeof StreamName>;

const Piece = z.object({ id: z.string().max(128), bytes: z.base64().optional(), isOver: z.boolean() });

/** One answer that is expected. */
export interface Expected {
  readonly name: StreamName;
  /** The head was written: pieces may follow. */
  begin(): void;
  /** Resolves after the last piece. */
  readonly over: Promise<void>;
  /** Rejects once the sender is gone, or sends this no more. */
  readonly lost: Promise<never>;
  close(): void;
}

export interface ForwardedStreams {
  /** `isListen` where the client only listens, for as long as it likes. */
  expect(sender: string, sink: AnswerSink, isListen: boolean): Expected;
  /** A piece came; false where nobody wants it any more. */
  take(data: unknown): Promise<boolean>;
  /** What ends when the node that asked says so. */
  begin(name: StreamName, isListen: boolean): AbortController;
  /** Sends it to its end, or until nobody wants it; never rejects. */
  send(name: StreamName, body: ReadableStream<Uint8Array>): Promise<void>;
  end(name: StreamName): void;
  leave(data: unknown): void;
  /** Says that this node is there, and which of the streams that another one names go on here. */
  tellAlive(data: unknown): { readonly alive: true; readonly sends?: string[]; readonly expects?: string[] };
}

interface Entry {
  readonly sink: AnswerSink;
  readonly isListen: boolean;
  readonly begun: Promise<void>;
  readonly finish: () => void;
}

interface Sent {
  readonly abort: AbortController;
  readonly isListen: boolean;
}

/** Opens both sides for one node. */
export function createForwardedStreams(options: {
  readonly wire: Pick<Wire, 'ask'>;
  readonly nodeId: string;
  readonly clock: Pick<Clock, 'schedule'>;
  readonly log: Log;
}): ForwardedStreams {
  const expected = new Map<string, Entry>();
  const sending = new Map<string, Sent>();
  const watch = createStreamWatch(options);
  return {
    ...openExpecting(options.nodeId, watch, expected),
    begin: (name, isListen) => {
      assertRoom(sending, isListen);
      const abort = new AbortController();
      sending.set(toKey(name), { abort, isListen });
      return abort;
    },
    send: async (name, body) => {
      const abort = sending.get(toKey(name))?.abort;
      const receiver = watch.watch(name.node, 'expects', name.id);
      receiver.begin();
      receiver.lost.catch((error: unknown) => abort?.abort(error));
      try {
        await sendPieces(options.wire, name, body);
      } catch (error) {
        options.log.debug(
          { to: name.node, err: String(error) },
          'an answer could not be passed on to its end',
        );
        abort?.abort(error);
      } finally {
        receiver.stop();
        sending.delete(toKey(name));
      }
    },
    end: (name) => void sending.delete(toKey(name)),
    leave: (data) =>
      sending.get(toKey(StreamName.parse(data)))?.abort.abort(new Error('the client went away')),
    tellAlive: (data) => {
      // A node of an older version names none.
      if (data === undefined) return { alive: true };
      const { node, sends, expects } = StreamsAsked.parse(data);
      return {
        alive: true,
        sends: sends.filter((id) => sending.has(toKey({ node, id }))),
        expects: expects.filter((id) => expected.has(id)),
      };
    },
  };
}

/** The side that writes on what another node sends. */
function openExpecting(
  nodeId: string,
  watch: StreamWatch,
  expected: Map<string, Entry>,
): Pick<ForwardedStreams, 'expect' | 'take'> {
  let count = 0;
  return {
    expect: (sender, sink, isListen) => {
      assertRoom(expected, isListen);
      const id = `f-${(count += 1)}`;
      const begun = createPromise<void>();
      const over = createPromise<void>();
      expected.set(id, { sink, isListen, begun: begun.promise, finish: over.resolve });
      const watched = watch.watch(sender, 'sends', id);
      return {
        name: { node: nodeId, id },
        begin: () => {
          watched.begin();
          begun.resolve();
        },
        over: over.promise,
        lost: watched.lost,
        close: () => {
          watched.stop();
          expected.delete(id);
          // A piece that waits for the head is not wanted any more.
          begun.resolve();
        },
      };
    },
    take: async (data) => {
      const { id, bytes, isOver } = Piece.parse(data);
      const entry = expected.get(id);
      if (entry === undefined) return false;
      await entry.begun;
      if (!expected.has(id)) return false;
      if (bytes !== undefined) await entry.sink.write(Buffer.from(bytes, 'base64'));
      if (isOver) entry.finish();
      return expected.has(id);
    },
  };
}

/** A listener who finds no room is told that there is no such stream: it goes on without one, and its calls find room. */
function assertRoom(held: ReadonlyMap<string, { readonly isListen: boolean }>, isListen: boolean): void {
  if (isListen && [...held.values()].filter((one) => one.isListen).length >= listensMax)
    throw new DreyError('method_unknown', `one node passes ${listensMax} streams of listeners on at a time`);
  if (held.size < streamsMax) return;
  throw new DreyError('limit_reached', `one node passes ${streamsMax} answers on at a time; try again later`);
}

function toKey({ node, id }: StreamName): string {
  return `${node} ${id}`;
}

async function sendPieces(
  wire: Pick<Wire, 'ask'>,
  { node, id }: StreamName,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const to = toNodeAddress(node);
  const tell = async (piece: { readonly bytes?: string; readonly isOver: boolean }): Promise<void> => {
    const isWanted = await wire.ask(to, 'piece', { id, ...piece }, { timeoutMs: pieceMs });
    if (isWanted !== true) throw new DreyError('call_cancelled', 'nobody wants the rest of this answer');
  };
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += pieceBytesMax) {
      const bytes = Buffer.from(chunk.subarray(at, at + pieceBytesMax)).toString('base64');
      await tell({ bytes, isOver: false });
    }
  }
  await tell({ isOver: true });
}
