/**
 * MCP over one byte stream, as `drey stdio` pipes it: one connection is one logical session, in either era. Tool calls
 * take the raw path; everything else goes through the SDK, which decides the era of the connection.
 */
import type { Readable, Writable } from 'node:stream';
import { limits } from '../../../machines/words/limits.ts';
import type { Principal } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';
import type { EndpointOptions } from './exchange.ts';
import type { CallScope } from './in-flight.ts';
import { parseMessage, toJsonRpc } from './parse-message.ts';
import { isPass } from './passes.ts';
import { createPeer, learnCapabilities } from './peer.ts';
import { isToolCall } from './raw-call.ts';
import { errorFrame, rpc, toRpcError } from './rpc-errors.ts';
import type { ChangingList } from './sdk-server.ts';
import { createStreamCalls } from './stream-calls.ts';
import { isCancellation, openStreamListens } from './stream-listens.ts';
import { createStreamPasses } from './stream-passes.ts';
import { openSdkSide } from './stream-sdk.ts';
import { createSeat } from './stream-session.ts';
import { openFrameStream } from './stream-transport.ts';

/** How long calls may still run after the client has sent its last line. */
export const lingerMs = 10_000;

export interface StreamOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly principal: Principal;
  /** What the client chose to see; the node's default without it. */
  readonly view?: ToolView;
}

export interface StreamConnection {
  /** Resolves when the connection is over; never rejects. */
  readonly closed: Promise<void>;
  listChanged(list: ChangingList): void;
  close(reason: string): Promise<void>;
}

/** Serves one connection until either side ends it. */
export function openStreamConnection(options: EndpointOptions, stream: StreamOptions): StreamConnection {
  const { needs } = options;
  const seat = createSeat(needs, stream.principal);
  const calls = options.inFlight.openScope();
  const view = stream.view ?? options.views.choose(undefined);
  const sdk = openSdkSide(needs, view, (message) => frames.write(JSON.stringify(message)));
  const { principal } = stream;
  const peer = createPeer({
    principal,
    tell: (frame) => frames.writeIfRoom(frame),
    // The SDK knows whether the client listens in the newer era's way.
    updated: (params) => sdk.resourceUpdated(params),
  });
  const toolCalls = createStreamCalls(options, { principal, seat, peer, calls, view, frames: () => frames });
  const passes = createStreamPasses(options, { principal, peer, calls, frames: () => frames });
  const listens = openStreamListens(needs, principal, (uri) => peer.updated({ uri }));
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
    listens.close();
    needs.hearing.leave(peer);
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
    if (peer.answered(body)) return;
    learnCapabilities(peer, body);
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
    listens.see(body);
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
  return { closed, close, listChanged: (list) => sdk.listChanged(list) };
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
