/**
 * `initialize` over HTTP: opens a session of the older era. A handshake that fails leaves no session behind.
 */
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import { toThrownSentence } from '../thrown.ts';
import { echoId } from './exchange.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import { openAnswer, readAccept, sendJson } from './http-answer.ts';
import type { LegacySessions, Seat } from './legacy-sessions.ts';
import { toClientName } from './modern-sessions.ts';
import { isRecord, toJsonRpc } from './parse-message.ts';
import { comeBackMs, errorFrame, rpc, toDrainingError, toRpcError } from './rpc-errors.ts';

/** Opens a session and answers the handshake with its id. */
export async function initializeSession(
  options: EndpointOptions,
  sessions: LegacySessions,
  { req, res, principal, body }: Exchange,
): Promise<void> {
  const id = echoId(body);
  if (options.isDraining())
    return sendJson(res, 503, errorFrame(id, toDrainingError()), { 'retry-after': '1' });
  const message = toJsonRpc(body);
  if (message === undefined) {
    const error = {
      code: rpc.invalidRequest,
      message: 'Invalid request: the message is not valid JSON-RPC 2.0',
    };
    return sendJson(res, 400, errorFrame(id, error));
  }
  const params = isRecord(body['params']) ? body['params'] : {};
  const problem = checkHandshake(params);
  if (problem !== undefined) {
    return sendJson(res, 400, errorFrame(id, { code: rpc.invalidParams, message: problem }));
  }
  let seat: Seat;
  try {
    seat = await sessions.open(
      principal,
      {
        revision: negotiate(params['protocolVersion']),
        client: toClientName(params['clientInfo']),
        capabilities: isRecord(params['capabilities']) ? params['capabilities'] : undefined,
      },
      options.views.forRequest(req),
    );
  } catch (error) {
    const { status, rpcError } = toThrownSentence(error, options.needs.log);
    const isBusy = status === 429 || status === 503;
    const hint = isBusy ? { 'retry-after': String(comeBackMs / 1_000) } : {};
    return sendJson(res, status, errorFrame(id, rpcError), hint);
  }
  const answer = openAnswer(res, readAccept(req), options.keepAlive, { 'mcp-session-id': seat.session.id });
  const response = await seat.channel.ask(message);
  if (response === undefined || 'error' in response) await sessions.drop(seat, 'the handshake failed');
  answer.finish(
    response === undefined ? errorFrame(id, toRpcError('unexpected', 'no answer')) : JSON.stringify(response),
  );
}

/** What a handshake lacks; the SDK would only say that something inside it broke. */
function checkHandshake(params: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof params['protocolVersion'] !== 'string')
    return 'params.protocolVersion must be a protocol revision';
  if (!isRecord(params['capabilities'])) return 'params.capabilities must be an object';
  const info = params['clientInfo'];
  const named = isRecord(info) && typeof info['name'] === 'string' && typeof info['version'] === 'string';
  return named ? undefined : 'params.clientInfo must have a name and a version';
}

/** The revision the SDK's server will agree on: the one asked for, or its newest. */
function negotiate(requested: unknown): string {
  const known = SUPPORTED_PROTOCOL_VERSIONS.find((revision) => revision === requested);
  return known ?? SUPPORTED_PROTOCOL_VERSIONS[0] ?? '';
}
