/**
 * One session of the revisions before 2026-07-28 over HTTP: a transport between single POSTs and the SDK's server. It
 * holds no history, so a session can be resumed on any node that finds it; unasked messages go to the GET stream. That
 * something changed while there was none is told, once, to the next one.
 */
import type { ServerResponse } from 'node:http';
import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import { sendListChanged } from './sdk-server.ts';
import type { ChangingList } from './sdk-server.ts';
import { toStreamEvent, notificationBytesMax } from './http-answer.ts';

/** Changes that are told to the next stream; what is more than that is not told. */
const owedMax = 256;
/** Characters of all that waits for it. */
const owedCharactersMax = 64 * 1024;

/** Requests one session may have waiting inside the SDK. */
export const channelRequestsMax = 64;

type Deliver = NonNullable<Transport['onmessage']>;
type Waiting = (message: JSONRPCMessage | undefined) => void;

export interface LegacyChannel {
  /** Hands one message to the server; resolves with its response, or undefined where there is none. */
  ask(message: JSONRPCMessage): Promise<JSONRPCMessage | undefined>;
  /** Makes `res` the session's stream for unasked messages; false when there is one already. */
  listen(res: ServerResponse): boolean;
  /** Writes what waited for a stream; once its head is sent. */
  tellOwed(): void;
  /** Tells the client that a list changed. */
  listChanged(list: ChangingList): Promise<void>;
  /** Writes a message that nobody asked for to the session's stream, if there is one. */
  tell(frame: string): boolean;
  /** The same for what its client must not miss: `short` waits for the next stream where there is none. */
  owe(frame: string, short?: string): void;
  close(): Promise<void>;
}

/** Connects the server to a new channel. */
export async function openLegacyChannel(server: Server): Promise<LegacyChannel> {
  const waiting = new Map<string | number, Waiting>();
  let stream: ServerResponse | undefined;
  const tell = (frame: string): boolean => {
    if (stream === undefined || stream.destroyed || stream.writableLength > notificationBytesMax)
      return false;
    stream.write(toStreamEvent(frame));
    return true;
  };
  const owed = new Set<string>();
  let owedCharacters = 0;
  const owe = (frame: string, short = frame): void => {
    if (tell(frame) || owed.has(short) || owed.size >= owedMax) return;
    if (owedCharacters + short.length > owedCharactersMax) return;
    owed.add(short);
    owedCharacters += short.length;
  };
  const send = (message: JSONRPCMessage): Promise<void> => {
    const id = 'method' in message ? undefined : message.id;
    const waiter = id === undefined ? undefined : waiting.get(id);
    if (id !== undefined) waiting.delete(id);
    if (waiter !== undefined) waiter(message);
    else owe(JSON.stringify(message));
    return Promise.resolve();
  };
  const transport: Transport = { start: () => Promise.resolve(), send, close: () => Promise.resolve() };
  await server.connect(transport);
  const deliver: Deliver = (message) => transport.onmessage?.(message);
  return {
    ask: (message) => {
      if (!('method' in message) || !('id' in message)) {
        deliver(message);
        settleCancelled(message, waiting);
        return Promise.resolve(undefined);
      }
      const { id } = message;
      if (waiting.has(id) || waiting.size >= channelRequestsMax) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        deliver(message);
      });
    },
    listen: (res) => {
      if (stream !== undefined && !stream.destroyed) return false;
      stream = res;
      return true;
    },
    tellOwed: () => {
      const frames = [...owed];
      owed.clear();
      owedCharacters = 0;
      for (const frame of frames) owe(frame);
    },
    listChanged: (list) => sendListChanged(server, list),
    tell,
    owe,
    close: async () => {
      stream?.end();
      for (const waiter of waiting.values()) waiter(undefined);
      waiting.clear();
      await server.close();
    },
  };
}

/** The SDK answers a cancelled request with silence; its POST must still end. */
function settleCancelled(message: JSONRPCMessage, waiting: Map<string | number, Waiting>): void {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return;
  const id = message.params?.['requestId'];
  if (typeof id !== 'string' && typeof id !== 'number') return;
  waiting.get(id)?.(undefined);
  waiting.delete(id);
}
