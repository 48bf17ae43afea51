/**
 * Tool calls over a byte stream: the same raw path as over HTTP, with the connection's own session. Who has cancelled a
 * request gets no answer to it.
 */
import { classifyInboundRequest } from '@modelcontextprotocol/server';
import type { Principal, Session } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';
import { toThrownSentence } from '../thrown.ts';
import type { Era } from './call-frames.ts';
import type { EndpointOptions } from './exchange.ts';
import { toHeard } from './heard.ts';
import type { CallScope } from './in-flight.ts';
import { isRecord } from './parse-message.ts';
import type { Peer } from './peer.ts';
import { runCall, sliceCall } from './raw-call.ts';
import type { RawCall } from './raw-call.ts';
import { errorFrame, rpc, toDrainingError } from './rpc-errors.ts';
import { toServerInfo } from './sdk-server.ts';
import type { StreamSeat } from './stream-session.ts';
import type { FrameStream } from './stream-transport.ts';

export interface StreamCalls {
  /** Answers one call; a failure of the gateway itself is logged, never thrown. */
  take(text: string, body: { id: string | number; params?: unknown }): void;
}

/** Makes the caller of one connection. */
export function createStreamCalls(
  options: EndpointOptions,
  connection: {
    readonly principal: Principal;
    readonly seat: StreamSeat;
    readonly peer: Peer;
    readonly calls: CallScope;
    readonly view: ToolView;
    frames(): FrameStream;
  },
): StreamCalls {
  const { needs } = options;
  const serverInfo = JSON.stringify(toServerInfo(needs.version));
  const answer = async (text: string, body: { id: string | number; params?: unknown }) => {
    const frames = connection.frames();
    const ready = prepare(options, connection.seat, text, body);
    if (!ready.ok) return frames.write(ready.frame);
    const { call, era, session } = ready;
    await connection.calls.run(call.requestId, async ({ signal }) => {
      const write = (notification: string) => void frames.writeIfRoom(notification);
      const notify = toHeard(write, { era, peer: connection.peer, meta: call.meta });
      const asker = era === 'legacy' ? connection.peer.askOn(write) : undefined;
      const how = { asker, serverInfo, signal, notify, transport: 'stdio', carried: undefined } as const;
      const { principal, view } = connection;
      const frame = await runCall({ call, era, session, principal, needs, view, ...how });
      if (!signal.aborted) frames.write(frame);
    });
  };
  return {
    take: (text, body) => {
      answer(text, body).catch((error: unknown) => {
        needs.log.error({ err: error }, 'a tool call broke inside the gateway');
      });
    },
  };
}

type Prepared =
  | { readonly ok: true; readonly call: RawCall; readonly era: Era; readonly session: Session }
  | { readonly ok: false; readonly frame: string };

function prepare(
  options: EndpointOptions,
  seat: StreamSeat,
  text: string,
  body: { id: string | number; params?: unknown },
): Prepared {
  const sliced = sliceCall(text, body);
  const id = sliced.ok ? sliced.call.id : sliced.id;
  const refuse = (code: number, message: string): Prepared => ({
    ok: false,
    frame: errorFrame(id, { code, message }),
  });
  if (!sliced.ok) return refuse(sliced.code, sliced.sentence);
  const route = classifyInboundRequest({ httpMethod: 'POST', body });
  if (route.kind === 'reject') return refuse(route.code, route.message);
  if (route.kind === 'modern' && route.classification.revision !== '2026-07-28') {
    return refuse(rpc.unsupportedVersion, 'Unsupported protocol version; 2026-07-28 is supported');
  }
  if (options.isDraining()) return { ok: false, frame: errorFrame(id, toDrainingError()) };
  try {
    if (isRecord(body.params)) seat.learnMeta(body.params['_meta']);
    return { ok: true, call: sliced.call, era: route.kind, session: seat.find(route.kind) };
  } catch (error) {
    return { ok: false, frame: errorFrame(id, toThrownSentence(error, options.needs.log).rpcError) };
  }
}
