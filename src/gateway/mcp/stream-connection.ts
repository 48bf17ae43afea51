/**
 * MCP over one byte stream, as `drey stdio` pipes it: one connection is one logical session, in either era. Tool calls
 * take the raw path; everything else goes through the SDK, which decides the era of the connection.
 */
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { limits } from '../../../machines/words/limits.ts';
import type { GatewayNeeds, Principal } from '../needs.ts';
import type { EndpointOptions } from './exchange.ts';
import type { CallScope } from './in-flight.ts';
import { isRecord, parseMessage, toJsonRpc } from './parse-message.ts';
import { isPass } from './passes.ts';
import { isToolCall } from './raw-call.ts';
import { errorFrame, rpc, toRpcError } from './rpc-errors.ts';
import { createSdkServer } from './sdk-server.ts';
import { createStreamCalls } from './stream-calls.ts';
import { createStreamPasses } from './stream-passes.ts';
import { createSeat } from './stream-session.ts';
import { openFrameStream } from './stream-transport.ts';

/** How long calls may still run after the client has sent its last line. */
export const lingerMs = 10_000;

export interface StreamOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly principal: Principal;
}

export interface StreamConnection {
  /** Resolves when the connection is over; never rejects. */
  readonly closed: Promise<void>;
  toolsChanged(): void;
  close(reason: string): Promise<void>;
}

/** Serves one connection until either side ends it. */
export function openStreamConnection(options: EndpointOptions, stream: StreamOptions): StreamConnection {
  const { needs } = options;
  const seat = createSeat(needs, stream.principal);
  const calls = options.inFlight.openScope();
  const sdk = openSdkSide(needs, (message) => frames.write(JSON.stringify(message)));
  const toolCalls = createStreamCalls(options, { seat, calls, frames: () => frames });
  const { principal } = stream;
  const passes = createStreamPasses(options, { principal, calls, frames: () => frames });
  let markClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve;
  });
  let closing: Promise<void> | undefined;
  const close = (reason: string): Promise<void> => {
    closing ??= sdk.close().finally(() => {
      frames.end();
      markClosed();
    });
    calls.cancelAll(reason);
    seat.close(reason);
    return closing;
  };
  const finish = (reason: string) => {
    close(reason).catch((error: unknown) =>
      needs.log.error({ err: error }, 'a connection did not close cleanly'),
    );
  };
  const take = (line: Buffer) => {
    const parsed = parseMessage(line);
    if (!parsed.ok) return frames.write(errorFrame('null', { code: parsed.code, message: parsed.sentence }));
    const { body, text } = parsed;
    if (isToolCall(body)) return toolCalls.take(text, body);
    if (isPass(body)) return passes.take(text, body);
    if (isCancellation(body) && calls.cancel(body.params.requestId, 'the client cancelled the request'))
      return;
    const message = toJsonRpc(body);
    if (message === undefined) {
      const error = {
        code: rpc.invalidRequest,
        message: 'Invalid request: the message is not valid JSON-RPC 2.0',
      };
      return frames.write(errorFrame('null', error));
    }
    seat.learnClient(message);
    sdk.take(message);
  };
  const frames = openFrameStream(stream.input, stream.output, {
    onLine: take,
    onEnd: () => linger(calls, () => finish('the client ended the stream')),
    onGone: () => finish('the connection broke'),
    onTooLong: () => {
      const sentence = `the message is larger than ${limits.messageBytesMax} bytes; the connection ends`;
      frames.write(errorFrame('null', toRpcError('body_too_large', sentence)));
      finish('a message was too large');
    },
  });
  return { closed, close, toolsChanged: () => sdk.toolsChanged() };
}

/** After the client's last line: calls under way may end, for a bounded time, and get their answers out. */
function linger(calls: CallScope, finish: () => void): void {
  const late = setTimeout(finish, lingerMs);
  late.unref();
  const done = () => {
    clearTimeout(late);
    finish();
  };
  // A turn before and a turn after: the SDK answers what it was given in microtasks.
  setImmediate(() => {
    calls.whenIdle().then(() => setImmediate(done), done);
  });
}

interface SdkSide {
  take(message: JSONRPCMessage): void;
  toolsChanged(): void;
  close(): Promise<void>;
}

/** The SDK's half of the connection: it reads and writes whole messages. */
function openSdkSide(needs: GatewayNeeds, write: (message: JSONRPCMessage) => void): SdkSide {
  const servers = new Set<Server>();
  const transport: Transport = {
    start: () => Promise.resolve(),
    send: (message) => Promise.resolve(write(message)),
    close: () => Promise.resolve(),
  };
  const served = serveStdio(
    ({ era }) => {
      const server = createSdkServer(needs, era);
      servers.add(server);
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's server has no events
      server.onclose = () => servers.delete(server);
      return server;
    },
    { transport, onerror: (error) => needs.log.debug({ err: error }, 'a message on a stream was refused') },
  );
  return {
    take: (message) => transport.onmessage?.(message),
    toolsChanged: () => {
      for (const server of servers) {
        server.sendToolListChanged().catch((error: unknown) => {
          needs.log.debug({ err: error }, 'a client could not be told that the tools changed');
        });
      }
    },
    close: () => served.close(),
  };
}

function isCancellation(body: unknown): body is { params: { requestId: string | number } } {
  if (!isRecord(body) || body['method'] !== 'notifications/cancelled' || !isRecord(body['params']))
    return false;
  const id = body['params']['requestId'];
  return typeof id === 'string' || typeof id === 'number';
}
