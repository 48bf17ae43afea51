/**
 * The HTTP side of the five revisions before 2026-07-28: sessions by header, POST for messages, GET for the stream of
 * unasked messages, DELETE for the end.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import type { Principal } from '../needs.ts';
import { echoId } from './exchange.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import { openAnswer, readAccept, sendJson, streamHeaders } from './http-answer.ts';
import { answerCallOverHttp } from './http-call.ts';
import { seekElsewhere } from './legacy-elsewhere.ts';
import { answerPassOverHttp } from './http-pass.ts';
import { initializeSession } from './legacy-handshake.ts';
import { openLegacySessions } from './legacy-sessions.ts';
import type { LegacySessions, Seat } from './legacy-sessions.ts';
import type { ChangingList } from './sdk-server.ts';
import { isRecord, toJsonRpc } from './parse-message.ts';
import { isPass } from './passes.ts';
import { isToolCall } from './raw-call.ts';
import { errorFrame, rpc, toRpcError } from './rpc-errors.ts';

export interface LegacyEra {
  readonly size: number;
  /** `reason` is why the message counts as one of this era. */
  post(exchange: Exchange, reason: string): Promise<void>;
  listen(req: IncomingMessage, res: ServerResponse, principal: Principal): Promise<void>;
  end(req: IncomingMessage, res: ServerResponse, principal: Principal): Promise<void>;
  listChanged(list: ChangingList): void;
  close(): Promise<void>;
}

/** Opens the older era. */
export function openLegacyEra(options: EndpointOptions): LegacyEra {
  const sessions = openLegacySessions(options.needs, options.inFlight);
  return {
    get size() {
      return sessions.size;
    },
    post: (exchange, reason) => {
      if (reason === 'initialize') return initializeSession(options, sessions, exchange);
      return reason === 'response'
        ? takeResponse(options, sessions, exchange)
        : answerMessage(options, sessions, exchange);
    },
    listen: async (req, res, principal) => {
      if (!readAccept(req).stream) {
        const error = toRpcError('argument_invalid', 'Accept must include text/event-stream');
        return sendJson(res, 406, errorFrame('null', error));
      }
      const seat = await findSeat(options, sessions, { req, res, principal, text: '' });
      // A stream whose client left while its session was looked for would be kept for ever.
      if (seat === undefined || res.closed || res.destroyed) return;
      const last = req.headers['last-event-id'];
      if (typeof last === 'string') return resumeStream(options, seat, last, res);
      if (!seat.channel.listen(res)) {
        const error = toRpcError('limit_reached', 'this session has an event stream already');
        return sendJson(res, 409, errorFrame('null', error));
      }
      res.writeHead(200, streamHeaders).flushHeaders();
      // Whoever keeps a stream open is still there.
      options.keepAlive.add(res, () => seat.session.touch());
      seat.channel.tellOwed();
    },
    end: async (req, res, principal) => {
      const seat = await findSeat(options, sessions, { req, res, principal, text: '' });
      if (seat === undefined) return;
      await sessions.drop(seat, 'the client ended it');
      res.writeHead(200).end();
    },
    listChanged: (list) => sessions.listChanged(list),
    close: () => sessions.close(),
  };
}

/** The session a request names; answers and returns undefined when there is none that this principal may use. */
async function findSeat(
  options: EndpointOptions,
  sessions: LegacySessions,
  { req, res, principal, text }: Pick<Exchange, 'req' | 'res' | 'principal' | 'text'>,
): Promise<Seat | undefined> {
  const version = req.headers['mcp-protocol-version'];
  if (typeof version === 'string' && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) {
    const data = {
      requested: version.slice(0, 100),
      supported: ['2026-07-28', ...SUPPORTED_PROTOCOL_VERSIONS],
    };
    const error = { code: rpc.unsupportedVersion, message: 'Unsupported protocol version', data };
    sendJson(res, 400, errorFrame('null', error));
    return undefined;
  }
  const id = req.headers['mcp-session-id'];
  if (typeof id !== 'string') {
    const message = 'the Mcp-Session-Id header is required; begin with initialize';
    sendJson(res, 400, errorFrame('null', { code: rpc.invalidRequest, message }));
    return undefined;
  }
  const view = options.views.forRequest(req);
  const seat = await sessions.find(id, principal, view);
  if (seat !== undefined) return seat;
  const stray = { req, res, principal, sessionId: id, text };
  const isTaken = await seekElsewhere(options, stray);
  return isTaken ? sessions.find(id, principal, view) : undefined;
}

/** What a client answers when it was asked; anything else is no response to anything. */
async function takeResponse(
  options: EndpointOptions,
  sessions: LegacySessions,
  exchange: Exchange,
): Promise<void> {
  const { req, res, body } = exchange;
  const seat =
    req.headers['mcp-session-id'] === undefined ? undefined : await findSeat(options, sessions, exchange);
  if (res.headersSent) return;
  if (seat?.peer.answered(body) === true) return void res.writeHead(202).end();
  const message = 'Invalid request: no response was asked for';
  sendJson(res, 400, errorFrame('null', { code: rpc.invalidRequest, message }));
}

/** Goes on with a call's stream where the client lost it. */
function resumeStream(
  { keepAlive }: EndpointOptions,
  { session, streams }: Seat,
  lastEventId: string,
  res: ServerResponse,
): void {
  const stream = streams.find(lastEventId);
  if (stream === undefined) {
    const message = 'there is no such event (any more); what followed it cannot be sent again';
    return sendJson(res, 400, errorFrame('null', { code: rpc.invalidRequest, message }));
  }
  res.writeHead(200, streamHeaders).flushHeaders();
  keepAlive.add(res, () => session.touch());
  stream.resume(res);
}

async function answerMessage(
  options: EndpointOptions,
  sessions: LegacySessions,
  exchange: Exchange,
): Promise<void> {
  const { req, res, body } = exchange;
  const seat = await findSeat(options, sessions, exchange);
  if (seat === undefined) return;
  if (isToolCall(body)) {
    const { session, calls, peer, streams, view } = seat;
    // Older clients do not expect an event without data.
    const isPrimed = req.headers['mcp-protocol-version'] === '2025-11-25';
    return answerCallOverHttp({
      exchange,
      body,
      era: 'legacy',
      calls,
      view,
      peer,
      findSession: () => session,
      record: (stream) => streams.open(stream, isPrimed),
      // Last: behind a spread that comes first, V8 makes a new hidden class for each further member, in each call.
      ...options,
    });
  }
  seat.session.touch();
  if (isPass(body))
    return answerPassOverHttp({
      ...options,
      exchange,
      body,
      era: 'legacy',
      calls: seat.calls,
      peer: seat.peer,
    });
  const message = toJsonRpc(body);
  if (message === undefined) {
    const error = {
      code: rpc.invalidRequest,
      message: 'Invalid request: the message is not valid JSON-RPC 2.0',
    };
    return sendJson(res, 400, errorFrame(echoId(body), error));
  }
  cancelCall(seat, body);
  const answer = openAnswer(res, readAccept(req), options.keepAlive);
  const response = await seat.channel.ask(message);
  if (response !== undefined) answer.finish(JSON.stringify(response));
  else if (!res.destroyed) res.writeHead(202).end();
}

/** A cancellation of one of the session's calls aborts it; the SDK gets to see it as well. */
function cancelCall(seat: Seat, body: Readonly<Record<string, unknown>>): void {
  if (body['method'] !== 'notifications/cancelled' || !isRecord(body['params'])) return;
  const id = body['params']['requestId'];
  if (typeof id === 'string' || typeof id === 'number')
    seat.calls.cancel(id, 'the client cancelled the request');
}
