/**
 * Sessions between nodes: this node answers others for the sessions it holds, and finds the home of those it does not.
 * What is forwarded goes over the bus as a question, and to our own front door as any client's request would.
 */
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';
import { Namespace } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import { findSessionHome, toNodeAddress } from '../actors/actors.ts';
import type { Clock, Log, SessionHome, Sessions } from '../actors/actors.ts';
import type { ForwardedAnswer, GatewayNeeds, Principal } from '../gateway/gateway.ts';
import type { Store } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';

export interface ForwardingOptions {
  readonly wire: Pick<Wire, 'ask' | 'answer' | 'readEvents'>;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly sessions: Sessions;
  readonly nodeId: string;
  /** What lets somebody in at this node's own door whom another node has admitted; undefined while there is none. */
  readonly vouch: (principal: Principal) => string | undefined;
  /** Where this node listens; undefined while it does not. */
  readonly url: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Above the time a call may take by default: the owner's own bounds are the ones that count. */
const forwardMs = 150_000;

const Forwarded = z.object({
  method: z.enum(['POST', 'DELETE']),
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
});

const Answered = z.object({
  status: z.number().int(),
  contentType: z.string().optional(),
  body: z.string(),
});

/** What the gateway asks when it does not know a session. */
export function createSeek(options: ForwardingOptions): NonNullable<GatewayNeeds['sessions']['seek']> {
  const { wire, nodeId } = options;
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
    const owner = toNodeAddress(home.node);
    return {
      where: 'there',
      forward: async (request) => {
        const answer = Answered.parse(await wire.ask(owner, 'mcp', request, { timeoutMs: forwardMs }));
        return { contentType: undefined, ...answer };
      },
    };
  };
}

/** Answers other nodes until stopped. */
export async function answerForwarded(options: ForwardingOptions): Promise<{ stop(): void }> {
  return options.wire.answer(toNodeAddress(options.nodeId), async ({ verb, data }) => {
    if (verb === 'alive') return { alive: true };
    if (verb !== 'mcp') throw new DreyError('method_unknown', `a node does not answer "${verb}"`);
    return answerOne(options, Forwarded.parse(data));
  });
}

async function answerOne(
  { sessions, vouch, url }: ForwardingOptions,
  { method, sessionId, principal, path, headers, body }: z.infer<typeof Forwarded>,
): Promise<ForwardedAnswer> {
  const base = url();
  const isOurs = sessions.find(sessionId, principal) !== undefined;
  const authorization = isOurs ? vouch(principal) : undefined;
  if (base === undefined || authorization === undefined)
    throw new DreyError('session_unknown', 'this session lives on this node no longer; ask again');
  const address = new URL(path, base);
  address.searchParams.set('namespace', principal.namespace);
  const response = await fetch(address, {
    method,
    headers: {
      ...headers,
      authorization,
      'mcp-session-id': sessionId,
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    },
    ...(method === 'POST' ? { body } : {}),
  });
  const text = await response.text();
  if (Buffer.byteLength(text) > limits.envelopeBytesMax - 4_096) {
    const max = limits.envelopeBytesMax - 4_096;
    const sentence = `the answer is larger than ${max} bytes, which is what one node may pass on for another`;
    throw new DreyError('body_too_large', sentence);
  }
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? undefined,
    body: text,
  };
}
