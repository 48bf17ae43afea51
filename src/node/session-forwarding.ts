/**
 * Sessions between nodes: this node answers others for the sessions it holds, and finds the home of those it does not.
 * What is forwarded goes over the bus as a question, and to our own front door as any client's request would.
 */
import { z } from 'zod';
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { Namespace } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import { findSessionHome, toNodeAddress } from '../actors/actors.ts';
import type { Clock, Log, SessionHome, SessionRows, Sessions } from '../actors/actors.ts';
import type { AnswerSink, ForwardedRequest, GatewayNeeds, Principal } from '../gateway/gateway.ts';
import type { Store } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';
import { sendBody } from './forwarded-bodies.ts';
import type { ForwardedBodies } from './forwarded-bodies.ts';
import { StreamName } from './forwarded-streams.ts';
import type { ForwardedStreams } from './forwarded-streams.ts';

export interface ForwardingOptions {
  readonly wire: Pick<Wire, 'ask' | 'answer' | 'readEvents'>;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly sessions: Sessions;
  readonly sessionRows: Pick<SessionRows, 'isWaiting'>;
  readonly nodeId: string;
  /** What lets somebody in at this node's own door whom another node has admitted; undefined while there is none. */
  readonly vouch: (principal: Principal) => string | undefined;
  /** Where this node listens; undefined while it does not. */
  readonly url: () => string | undefined;
  readonly streams: ForwardedStreams;
  readonly bodies: ForwardedBodies;
  readonly clock: Clock;
  readonly log: Log;
}

/** Above the time a call may take by default: the owner's own bounds are the ones that count. */
const forwardMs = 150_000;
const leaveMs = 1_000;
/** Bytes of an answer that one message of the bus surely holds, as JSON in JSON; longer ones and streams come in pieces. */
const wholeBytesMax = limits.envelopeBytesMax / 8;
/** Bytes of a request that goes as one message; the rest is for its envelope. */
const questionBytesMax = limits.envelopeBytesMax - 4_096;

const Forwarded = z.object({
  method: z.enum(['POST', 'GET', 'DELETE']),
  sessionId: z.string().max(128),
  /** As the asking node admitted it: only nodes speak on this subject of the bus. */
  principal: z.object({
    id: z.string().min(1).max(300),
    namespace: Namespace,
    local: z.boolean(),
    mayNameNamespaces: z.boolean(),
    scopes: z.array(z.string().max(100)).max(100),
    agent: z.string().max(300).optional(),
    credential: z.string().max(300).optional(),
  }),
  path: z.string().regex(/^\/mcp(?:[/?]|$)/),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  /** Left out by nodes of a version that cannot take pieces. */
  stream: StreamName.optional(),
  /** Bytes of a body that went ahead in pieces; `body` is empty then. */
  bodyBytes: z.number().int().positive().optional(),
});
type Forwarded = z.infer<typeof Forwarded>;

const Answered = z.object({
  status: z.number().int(),
  contentType: z.string().optional(),
  /** Left out where it comes in pieces. */
  body: z.string().optional(),
});
type Answered = z.infer<typeof Answered>;

/** What the gateway asks when it does not know a session. */
export function createSeek(options: ForwardingOptions): NonNullable<GatewayNeeds['sessions']['seek']> {
  const { nodeId } = options;
  /** One for each session that is looked for now: between the claim and the taking, a second look would find it nowhere. */
  const seeking = new Map<string, Promise<SessionHome>>();
  const find = (sessionId: string, principal: Principal): Promise<SessionHome> => {
    const key = JSON.stringify([principal.namespace, principal.id, sessionId]);
    const known = seeking.get(key);
    if (known !== undefined) return known;
    const home = findSessionHome({ ...options, node: nodeId }, sessionId, principal);
    seeking.set(key, home);
    return home.finally(() => seeking.delete(key));
  };
  return async (sessionId, principal) => {
    const home = await find(sessionId, principal);
    if (home.where !== 'there') return home;
    return { where: 'there', forward: (request, sink) => forward(options, home.node, request, sink) };
  };
}

/** Has another node answer, and writes on what it says. */
export async function forward(
  { wire, streams }: Pick<ForwardingOptions, 'wire' | 'streams'>,
  node: string,
  request: ForwardedRequest,
  sink: AnswerSink,
): Promise<void> {
  const owner = toNodeAddress(node);
  const isListen = request.method === 'GET';
  const stream = streams.expect(node, sink, isListen);
  let isOver = false;
  const asked = askOwner(wire, node, { ...request, stream: stream.name }, () => !isOver);
  const gone = sink.gone.then(() => undefined);
  let isWhole = false;
  try {
    const answer = await Promise.race([asked, stream.lost, gone]);
    if (answer === undefined) return;
    const { status, contentType, body } = Answered.parse(answer);
    sink.head(status, contentType);
    isWhole = body !== undefined;
    if (body !== undefined) return await sink.write(Buffer.from(body));
    stream.begin();
    isWhole = (await Promise.race([stream.over.then(() => true), stream.lost, gone])) === true;
  } catch (error) {
    // A node of an older version knows no such question.
    if (isListen && isDreyError(error) && error.code === 'unexpected')
      throw new DreyError('method_unknown', 'the node of this session passes no stream on', { cause: error });
    throw error;
  } finally {
    isOver = true;
    stream.close();
    asked.catch(() => undefined);
    // Whoever is at it need not go on.
    if (!isWhole) wire.ask(owner, 'leave', stream.name, { timeoutMs: leaveMs }).catch(() => undefined);
  }
}

/** A request that one message does not hold sends its body ahead; whose client leaves meanwhile is never made. */
async function askOwner(
  wire: ForwardingOptions['wire'],
  node: string,
  request: ForwardedRequest & { readonly stream: StreamName },
  isWanted: () => boolean,
): Promise<unknown> {
  const { body, stream } = request;
  const isLong = body.length > wholeBytesMax && Buffer.byteLength(JSON.stringify(request)) > questionBytesMax;
  const question = isLong
    ? { ...request, body: '', bodyBytes: await sendBody(wire, node, stream, body, isWanted) }
    : request;
  return wire.ask(toNodeAddress(node), 'mcp', question, { timeoutMs: forwardMs });
}

/** Answers other nodes until stopped. */
export async function answerForwarded(options: ForwardingOptions): Promise<{ stop(): void }> {
  return options.wire.answer(toNodeAddress(options.nodeId), async ({ verb, data }) => {
    if (verb === 'alive') return options.streams.tellAlive(data);
    if (verb === 'piece') return options.streams.take(data);
    if (verb === 'body') return options.bodies.take(data);
    if (verb === 'leave') return leave(options, data);
    if (verb !== 'mcp') throw new DreyError('method_unknown', `a node does not answer "${verb}"`);
    return answerOne(options, Forwarded.parse(data));
  });
}

/** It may have sent its body only, or be at its answer. */
function leave({ streams, bodies }: ForwardingOptions, data: unknown): void {
  bodies.leave(data);
  streams.leave(data);
}

async function answerOne(options: ForwardingOptions, request: Forwarded): Promise<Answered> {
  const { streams } = options;
  const { method, sessionId, principal, path, headers, stream } = request;
  const body = readBody(options.bodies, request);
  // A row that names this node, which does not hold it: it is taken here, or nobody finds it.
  if (options.sessions.find(sessionId, principal) === undefined)
    await findSessionHome({ ...options, node: options.nodeId }, sessionId, principal);
  const { base, authorization } = findDoor(options, request, body);
  const address = new URL(path, base);
  address.searchParams.set('namespace', principal.namespace);
  const signal = stream === undefined ? null : streams.begin(stream, method === 'GET').signal;
  let isSent = false;
  try {
    const response = await fetch(address, {
      method,
      headers: {
        ...headers,
        authorization,
        'mcp-session-id': sessionId,
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      ...(method === 'POST' ? { body } : {}),
      signal,
    });
    const { status } = response;
    const contentType = response.headers.get('content-type') ?? undefined;
    isSent = stream !== undefined && comesInPieces(response.headers);
    // The head goes first; what follows waits for it.
    if (stream !== undefined && isSent) void streams.send(stream, response.body ?? new ReadableStream());
    if (isSent) return { status, contentType };
    return { status, contentType, body: await readWhole(response, stream === undefined) };
  } finally {
    if (stream !== undefined && !isSent) streams.end(stream);
  }
}

/** Our own front door, for whoever may use this session; whoever asks it for something new while it leaves is told to wait. */
function findDoor(
  { sessions, url, vouch }: ForwardingOptions,
  { sessionId, principal, method }: Forwarded,
  body: string,
): { readonly base: string; readonly authorization: string } {
  const session = sessions.find(sessionId, principal);
  if (session?.state === 'draining' && method === 'POST' && isRequest(body))
    throw new DreyError('node_draining', 'the node of this session is being stopped; ask again in a moment');
  const base = url();
  const authorization = session === undefined ? undefined : vouch(principal);
  if (base === undefined || authorization === undefined)
    throw new DreyError('session_unknown', 'this session lives on this node no longer; ask again');
  return { base, authorization };
}

function readBody(bodies: ForwardedBodies, { body, bodyBytes, stream }: Forwarded): string {
  return bodyBytes === undefined || stream === undefined ? body : bodies.claim(stream, bodyBytes);
}

/** Answers and cancellations belong to calls that are still under way. */
function isRequest(body: string): boolean {
  const message = JSON.parse(body) as unknown;
  return typeof message === 'object' && message !== null && 'method' in message && 'id' in message;
}

/** Where no pieces are taken it must fit one message; whoever asked would wait for it in vain. */
async function readWhole(response: Response, isBounded: boolean): Promise<string> {
  const text = await response.text();
  if (isBounded && JSON.stringify(text).length > limits.envelopeBytesMax)
    throw new DreyError('body_too_large', 'an answer from another node may have at most one message');
  return text;
}

function comesInPieces(headers: Headers): boolean {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream || Number(headers.get('content-length')) > wholeBytesMax;
}
