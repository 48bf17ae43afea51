/**
 * A message for a session that this node does not hold: it is taken over here, or its own node answers through us. What
 * that node says is passed on as it is; notifications of a call arrive together with its answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ForwardedAnswer, GatewayNeeds, Principal, SoughtSession } from '../needs.ts';
import { toThrownSentence } from '../thrown.ts';
import { toolsetsHeader } from '../tool-view.ts';
import { errorFrame, rpc, toRpcError } from './rpc-errors.ts';
import { sendJson } from './http-answer.ts';

export interface Stray {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly principal: Principal;
  readonly sessionId: string;
  /** The message; '' where there is none. */
  readonly text: string;
}

/** True when the session is here now; otherwise the request has been answered. */
export async function seekElsewhere(needs: GatewayNeeds, stray: Stray): Promise<boolean> {
  const { req, res, principal, sessionId, text } = stray;
  try {
    const sought: SoughtSession = (await needs.sessions.seek?.(sessionId, principal)) ?? { where: 'nowhere' };
    if (sought.where === 'here') return true;
    if (sought.where === 'nowhere') {
      sendJson(res, 404, errorFrame('null', { code: rpc.sessionNotFound, message: 'Session not found' }));
      return false;
    }
    const { method } = req;
    if (method !== 'POST' && method !== 'DELETE') {
      const sentence = 'this session lives on another node, which alone can keep a stream open for it';
      sendJson(res, 405, errorFrame('null', toRpcError('method_unknown', sentence)), {
        allow: 'POST, DELETE',
      });
      return false;
    }
    const answer = await sought.forward({
      method,
      sessionId,
      principal,
      path: req.url ?? '/mcp',
      headers: toForwarded(req),
      body: text,
    });
    send(res, answer);
  } catch (error) {
    const { status, rpcError } = toThrownSentence(error, needs.log);
    sendJson(res, status, errorFrame('null', rpcError));
  }
  return false;
}

/** What matters to the owner; who the caller is has been judged here. */
const forwardedNames = ['accept', 'mcp-protocol-version', toolsetsHeader, 'traceparent'];

function toForwarded({ headers }: IncomingMessage): Record<string, string> {
  const named = forwardedNames.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(named.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

function send(res: ServerResponse, { status, contentType, body }: ForwardedAnswer): void {
  if (res.headersSent || res.destroyed) return;
  const headers = contentType === undefined ? {} : { 'content-type': contentType };
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}
