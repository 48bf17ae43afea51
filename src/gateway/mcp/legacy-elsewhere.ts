/**
 * A message for a session that this node does not hold: it is taken over here, or its own node answers through us. What
 * that node says is passed on as it is and as it comes, be it an answer or a stream.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { isDreyError } from '../../../machines/words/errors.ts';
import type { AnswerSink, ForwardedRequest, Principal, SoughtSession } from '../needs.ts';
import { toThrownSentence } from '../thrown.ts';
import { toolsetsHeader } from '../tool-view.ts';
import type { EndpointOptions } from './exchange.ts';
import { errorFrame, rpc } from './rpc-errors.ts';
import { sendJson, streamHeaders } from './http-answer.ts';

export interface Stray {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly principal: Principal;
  readonly sessionId: string;
  /** The message; '' where there is none. */
  readonly text: string;
}

/** A node that stops lets a session go within this time, once its calls are over; whoever asks waits for that. */
const movingMs = 10_000;
const lookMs = 200;

/** True when the session is here now; otherwise the request has been answered. */
export async function seekElsewhere(
  { needs, inFlight, isDraining }: Pick<EndpointOptions, 'needs' | 'inFlight' | 'isDraining'>,
  stray: Stray,
): Promise<boolean> {
  const { res, principal, sessionId } = stray;
  const until = needs.now() + movingMs;
  const seek = async (isSecond = false): Promise<boolean> => {
    const sought = await seekHome(needs, principal, sessionId);
    if (sought.where === 'here') return true;
    // Whoever left meanwhile closes nothing any more.
    if (res.closed || res.destroyed) return false;
    if (sought.where === 'nowhere') {
      sendJson(res, 404, errorFrame('null', { code: rpc.sessionNotFound, message: 'Session not found' }));
      return false;
    }
    try {
      await passOn(stray, sought, inFlight);
      return false;
    } catch (error) {
      if (res.headersSent || isDraining() || !isDreyError(error)) throw error;
      // It was let go of since it was found there: its row said so before.
      if (error.code === 'session_unknown' && !isSecond) return seek(true);
      if (error.code !== 'node_draining' || needs.now() > until) throw error;
    }
    await pause(lookMs);
    return seek();
  };
  try {
    return await seek();
  } catch (error) {
    const { status, rpcError } = toThrownSentence(error, needs.log);
    // An answer that has begun breaks off; the client of a stream comes back for the rest.
    if (res.headersSent) res.destroy();
    else sendJson(res, status, errorFrame('null', rpcError));
    return false;
  }
}

async function seekHome(
  { sessions }: EndpointOptions['needs'],
  principal: Principal,
  sessionId: string,
): Promise<SoughtSession> {
  return (await sessions.seek?.(sessionId, principal)) ?? { where: 'nowhere' };
}

async function passOn(
  { req, res, principal, sessionId, text }: Stray,
  there: Extract<SoughtSession, { where: 'there' }>,
  inFlight: EndpointOptions['inFlight'],
): Promise<void> {
  const { method } = req;
  if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') return; // no other comes here
  const request: ForwardedRequest = {
    method,
    sessionId,
    principal,
    path: req.url ?? '/mcp',
    headers: toForwarded(req),
    body: text,
  };
  const pass = (): Promise<void> => there.forward(request, toSink(res));
  // A node that stops waits for answers; whoever only listens comes back elsewhere.
  await (method === 'POST' ? inFlight.openScope().run('forwarded', pass) : pass());
  res.end();
}

/** What matters to the owner; who the caller is has been judged here. */
const forwardedNames = ['accept', 'mcp-protocol-version', 'last-event-id', toolsetsHeader, 'traceparent'];

function toForwarded({ headers }: IncomingMessage): Record<string, string> {
  const named = forwardedNames.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(named.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

function toSink(res: ServerResponse): AnswerSink {
  return {
    head: (status, contentType) => {
      if (res.headersSent || res.destroyed) return;
      const isStream = contentType?.startsWith('text/event-stream') === true;
      const type = contentType === undefined ? {} : { 'content-type': contentType };
      res.writeHead(status, isStream ? streamHeaders : type).flushHeaders();
    },
    write: async (bytes) => {
      if (res.destroyed || res.write(bytes)) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          res.off('drain', done).off('close', done);
          resolve();
        };
        res.once('drain', done).once('close', done);
      });
    },
    gone: new Promise((resolve) => {
      if (res.closed) resolve();
      else res.once('close', resolve);
    }),
  };
}
