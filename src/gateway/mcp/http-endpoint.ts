/**
 * `/mcp` over HTTP: reads and checks one message, tells the two eras of the protocol apart, and sends tool calls down
 * their own path and everything else to the SDK.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
  classifyInboundRequest,
  createMcpHandler,
  isJsonContentType,
} from '@modelcontextprotocol/server';
import { limits } from '../../../machines/words/limits.ts';
import type { Principal } from '../needs.ts';
import { echoId } from './exchange.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import { findRepeatedHeader, readStandardHeaders } from './header-checks.ts';
import { sendJson } from './http-answer.ts';
import { openLegacyEra } from './legacy-era.ts';
import type { LegacyEra } from './legacy-era.ts';
import { openModernEra } from './modern-era.ts';
import { isRecord, parseMessage } from './parse-message.ts';
import type { ToolView } from '../tool-view.ts';
import { toolsetsHeader } from '../tool-view.ts';
import { isToolCall } from './raw-call.ts';
import { readBody } from './read-body.ts';
import { comeBackMs, errorFrame, rpc, toRpcError, toThrownRpcError } from './rpc-errors.ts';
import type { RpcError } from './rpc-errors.ts';
import { createSdkServer } from './sdk-server.ts';
import type { Place } from './shedding.ts';
import type { ChangingList } from './sdk-server.ts';

export interface HttpEndpoint {
  handle(req: IncomingMessage, res: ServerResponse, principal: Principal): Promise<void>;
  listChanged(list: ChangingList): void;
  sessionsOpen(): number;
  close(): Promise<void>;
}

/** Opens the endpoint. */
export function openHttpEndpoint(options: EndpointOptions): HttpEndpoint {
  const { needs, views } = options;
  // Whatever is chosen wrongly was refused before the SDK came to it.
  const toView = (request: Request | undefined): ToolView =>
    request === undefined ? views.choose(undefined) : views.forRequest(toChoice(request));
  const sdk = createMcpHandler(({ requestInfo }) => createSdkServer(needs, 'modern', toView(requestInfo)), {
    legacy: 'reject',
    maxRequestBodySize: limits.messageBytesMax,
    onerror: (error) => needs.log.debug({ err: error }, 'a request of revision 2026-07-28 was refused'),
  });
  const legacy = openLegacyEra(options);
  const serve = toNodeHandler(sdk);
  // The SDK's own type of a Node request does not allow for optional properties that may be undefined.
  const modern = openModernEra(
    options,
    (req, res, body) => serve(req as Parameters<typeof serve>[0], res, body),
    (uri) => sdk.notify.resourceUpdated(uri),
  );

  const post = async (req: IncomingMessage, res: ServerResponse, principal: Principal, place: Place) => {
    // What is large and new would cost as much to read as to answer.
    if (place.isTooMuch && !isSmall(req)) return sendAway(res, place);
    const received = await receive(req, res, place);
    if (received === undefined) return;
    if (place.isTooMuch && isRequest(received.body)) return sendAway(res, place, echoId(received.body));
    const exchange: Exchange = { req, res, principal, ...received };
    const headers = readStandardHeaders(req);
    if (isPlainLegacyCall(received.body, headers.version)) return legacy.post(exchange, 'no-claim');
    const route = classifyInboundRequest({
      httpMethod: 'POST',
      body: received.body,
      ...(headers.version === undefined ? {} : { protocolVersionHeader: headers.version }),
      ...(headers.method === undefined ? {} : { mcpMethodHeader: headers.method }),
      ...(headers.name === undefined ? {} : { mcpNameHeader: headers.name }),
    });
    if (route.kind === 'legacy') return legacy.post(exchange, route.reason);
    if (route.kind === 'modern') return modern.post(exchange, headers, route.classification.revision);
    const { code, message, data } = route;
    const error = isRecord(data) ? { code, message, data } : { code, message };
    sendJson(res, route.httpStatus, errorFrame(echoId(received.body), error));
  };
  return {
    handle: async (req, res, principal) => {
      try {
        const wrong = refuseChoice(options, req) ?? refuseRepeated(req);
        if (wrong !== undefined) {
          refuse(res, 400, wrong);
        } else if (req.method === 'POST') {
          await withPlace(options, req, res, (place) => post(req, res, principal, place));
        } else {
          await serveOther(req, res, principal, legacy);
        }
      } catch (error) {
        needs.log.error({ err: error }, 'an MCP request broke inside the gateway');
        if (res.headersSent) res.end();
        else refuse(res, 500, toThrownRpcError(error));
      }
    },
    listChanged: (list) => {
      if (list === 'tools') sdk.notify.toolsChanged();
      else if (list === 'prompts') sdk.notify.promptsChanged();
      else sdk.notify.resourcesChanged();
      legacy.listChanged(list);
    },
    sessionsOpen: () => legacy.size + modern.size,
    close: async () => {
      modern.close();
      await Promise.all([sdk.close(), legacy.close()]);
    },
  };
}

function refuseRepeated(req: IncomingMessage): RpcError | undefined {
  const repeated = findRepeatedHeader(req);
  if (repeated === undefined) return undefined;
  return { code: rpc.headerMismatch, message: `the ${repeated} header came more than once` };
}

/** The common case, told apart without the SDK's schemas: a tool call that claims nothing of the newer era. */
function isPlainLegacyCall(body: Readonly<Record<string, unknown>>, version: string | undefined): boolean {
  if (!isToolCall(body) || (version !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)))
    return false;
  const meta = isRecord(body.params) ? body.params['_meta'] : undefined;
  return !isRecord(meta) || !Object.hasOwn(meta, PROTOCOL_VERSION_META_KEY);
}

/** Reads and checks the body; answers and returns undefined when it cannot be used. */
async function receive(
  req: IncomingMessage,
  res: ServerResponse,
  place: Place,
): Promise<{ text: string; body: Record<string, unknown> } | undefined> {
  if (!isJsonContentType(req.headers['content-type'] ?? null)) {
    return refuse(res, 415, toRpcError('argument_invalid', 'Content-Type must be application/json'), true);
  }
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') {
    return refuse(
      res,
      415,
      toRpcError('argument_invalid', 'Content-Encoding is not supported; send the body as it is'),
      true,
    );
  }
  const body = await readBody(req, limits.messageBytesMax, (bytes) => place.take(bytes));
  if (!body.ok) {
    if (body.why === 'broken_off') return undefined;
    if (body.why === 'no_room') return shed(res);
    const sentence = `the message is larger than ${limits.messageBytesMax} bytes`;
    return refuse(res, 413, toRpcError('body_too_large', sentence), true);
  }
  const parsed = parseMessage(body.bytes);
  if (!parsed.ok) return refuse(res, 400, { code: parsed.code, message: parsed.sentence });
  if (!isRecord(parsed.body))
    return refuse(res, 400, { code: rpc.invalidRequest, message: 'Invalid request' });
  return { text: parsed.text, body: parsed.body };
}

function sendAway(res: ServerResponse, place: Place, id?: string): undefined {
  place.sendAway();
  return shed(res, id !== undefined, id);
}

/** What asks for something new; all else belongs to what was taken on before. */
function isRequest(body: Readonly<Record<string, unknown>>): boolean {
  return body['method'] !== undefined && body['id'] !== undefined;
}

/** Runs when there is a place, or sends away. */
async function withPlace(
  { shedding }: EndpointOptions,
  req: IncomingMessage,
  res: ServerResponse,
  run: (place: Place) => Promise<void>,
): Promise<void> {
  const entered = shedding.enter();
  const place = entered instanceof Promise ? await entered : entered;
  if (place === undefined) return shed(res, isSmall(req));
  try {
    // Who went away while waiting is not served any more.
    if (res.closed || req.destroyed) return;
    await run(place);
  } finally {
    place.leave();
  }
}

/** A body that costs less to read past than a new connection costs both sides. */
const smallBytesMax = 64 * 1024;

function isSmall({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return length !== undefined && Number(length) <= smallBytesMax;
}

/** Whoever is sent away need not finish speaking; one who nearly has keeps the connection. */
function shed(res: ServerResponse, keepsConnection = false, id = 'null'): undefined {
  const sentence = 'this node has all it can take on at a time; try again in a moment';
  const frame = errorFrame(id, toRpcError('limit_reached', sentence));
  const headers = { 'retry-after': String(comeBackMs / 1_000) };
  sendJson(res, 503, frame, keepsConnection ? headers : { ...headers, connection: 'close' });
  return undefined;
}

function refuse(res: ServerResponse, status: number, error: RpcError, closing = false): undefined {
  sendJson(res, status, errorFrame('null', error), closing ? { connection: 'close' } : {});
  return undefined;
}

async function serveOther(
  req: IncomingMessage,
  res: ServerResponse,
  principal: Principal,
  legacy: LegacyEra,
): Promise<void> {
  const modern = readStandardHeaders(req).version === '2026-07-28';
  if (req.method === 'GET' && !modern) return legacy.listen(req, res, principal);
  if (req.method === 'DELETE' && !modern) return legacy.end(req, res, principal);
  const error = toRpcError('method_unknown', 'Method not allowed: send MCP messages with POST');
  sendJson(res, 405, errorFrame('null', error), { allow: modern ? 'POST' : 'GET, POST, DELETE' });
}

/** What is wrong with a client's choice of toolsets. */
function refuseChoice({ views }: EndpointOptions, req: IncomingMessage): RpcError | undefined {
  try {
    views.forRequest(req);
    return undefined;
  } catch (error) {
    return toThrownRpcError(error);
  }
}

function toChoice({ url, headers }: Request): Pick<IncomingMessage, 'url' | 'headers'> {
  const { pathname, search } = new URL(url);
  const header = headers.get(toolsetsHeader);
  return { url: pathname + search, headers: header === null ? {} : { [toolsetsHeader]: header } };
}
