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
import { initializeSession } from './legacy-handshake.ts';
import { openLegacySessions } from './legacy-sessions.ts';
import type { LegacySessions, Seat } from './legacy-sessions.ts';
import { isRecord, toJsonRpc } from './parse-message.ts';
import { isToolCall } from './raw-call.ts';
import { errorFrame, rpc, toRpcError } from './rpc-errors.ts';

export interface LegacyEra {
  readonly size: number;
  /** `reason` is why the message counts as one of this era. */
  post(exchange: Exchange, reason: string): Promise<void>;
  listen(req: IncomingMessage, res: ServerResponse, principal: Principal): Promise<void>;
  end(req: IncomingMessage, res: ServerResponse, principal: Principal): Promise<void>;
  toolsChanged(): void;
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
      if (reason !== 'response') return answerMessage(options, sessions, exchange);
      const sentence = 'Invalid request: no response was asked for';
      sendJson(exchange.res, 400, errorFrame('null', { code: rpc.invalidRequest, message: sentence }));
      return Promise.resolve();
    },
    listen: async (req, res, principal) => {
      if (!readAccept(req).stream) {
        const error = toRpcError('argument_invalid', 'Accept must include text/event-stream');
        return sendJson(res, 406, errorFrame('null', error));
      }
      const seat = await findSeat(sessions, { req, res, principal });
      if (seat === undefined) return;
      const last = req.headers['last-event-id'];
      if (typeof last === 'string') return resumeStream(options, seat, last, res);
      if (!seat.channel.listen(res)) {
        const error = toRpcError('limit_reached', 'this session has an event stream already');
        return sendJson(res, 409, errorFrame('null', error));
      }
      res.writeHead(200, streamHeaders).flushHeaders();
      // Whoever keeps a stream open is still there.
      options.keepAlive.add(res, () => seat.session.touch());
    },
    end: async (req, res, principal) => {
      const seat = await findSeat(sessions, { req, res, principal });
      if (seat === undefined) return;
      await sessions.drop(seat, 'the client ended it');
      res.writeHead(200).end();
    },
    toolsChanged: () => sessions.toolsChanged(),
    close: () => sessions.close(),
  };
}

/** The session a request names; answers and returns undefined when there is none that this principal may use. */
async function findSeat(
  sessions: LegacySessions,
  { req, res, principal }: Pick<Exchange, 'req' | 'res' | 'principal'>,
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
  const seat = await sessions.find(id, principal);
  if (seat === undefined) {
    sendJson(res, 404, errorFrame('null', { code: rpc.sessionNotFound, message: 'Session not found' }));
  }
  return seat;
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
  const seat = await findSeat(sessions, exchange);
  if (seat === undefined) return;
  if (isToolCall(body)) {
    const { session, calls, streams } = seat;
    // Older clients do not expect an event without data.
    const isPrimed = req.headers['mcp-protocol-version'] === '2025-11-25';
    return answerCallOverHttp({
      ...options,
      exchange,
      body,
      era: 'legacy',
      calls,
      findSession: () => session,
      record: (stream) => streams.open(stream, isPrimed),
    });
  }
  seat.session.touch();
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
