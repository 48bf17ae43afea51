/**
 * `GET /events`: follows the events of one namespace as server-sent events, from now, from a moment or from the beginning; with
 * `until=now` it ends with what is stored now. A follower that falls too far behind is cut off and may come again;
 * nobody buffers for it.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { eventTypes, isEventType, topics } from '../../../machines/words/events.ts';
import type { AnyEvent, Topic } from '../../../machines/words/events.ts';
import { ActorKind, Token } from '../../../machines/words/ids.ts';
import { streamHeaders } from '../mcp/http-answer.ts';
import type { GatewayNeeds, Principal } from '../needs.ts';
import type { FollowEvents } from '../watching-needs.ts';
import { takePlace, writeTo } from './followers.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

const topicNames = Object.keys(topics);
const isTopic = (name: string): name is Topic => Object.hasOwn(topics, name);

const query = z.object({
  topic: z
    .string()
    .refine(isTopic, { error: `must be one of ${topicNames.join(', ')}` })
    .optional(),
  kind: z.enum(ActorKind.options, { error: `must be one of ${ActorKind.options.join(', ')}` }).optional(),
  id: z.coerce.string().pipe(Token).optional(),
  type: z
    .string()
    .transform((list) => list.split(','))
    .refine((types) => types.every(isEventType), {
      error: `must be event types such as ${eventTypes.slice(0, 3).join(',')}`,
    })
    .optional(),
  from: z.enum(['new', 'all'], { error: 'must be "new" or "all"' }).optional(),
  since: z.iso.datetime({ error: 'must be a moment such as 2026-11-21T12:00:00Z' }).optional(),
  until: z.enum(['now'], { error: 'must be "now"' }).optional(),
});

export const events: Resource = {
  method: 'GET',
  path: '/events',
  scope: 'events:read',
  docs: {
    summary: 'Follow events as server-sent events',
    description:
      'One event of the stream is one message: `id` and `data`, the event as JSON with its sequence.',
    query,
    answerType: 'text/event-stream',
  },
  answer: async ({ needs, res, url, namespace, principal, keepAlive, followers }) => {
    const asked = parseQuery(query, url, ['topic', 'kind', 'id', 'type', 'from', 'since', 'until']);
    if (asked.until !== undefined && asked.from === 'new')
      throw new DreyError('argument_invalid', 'until=now reads what is stored; leave out from=new');
    if (asked.since !== undefined && asked.from !== undefined)
      throw new DreyError('argument_invalid', 'from and since both say where to begin; leave one out');
    const which = toWhich(asked, namespace, principal);
    const stopped = takePlace(res, followers);
    if (stopped === undefined) return;
    const from = asked.since === undefined ? asked.from : { at: asked.since };
    if (asked.until !== undefined) return readAll(needs, res, { ...which, from: from ?? 'all' });
    const following = await needs.followEvents({ ...which, from: from ?? 'new' }, (event, sequence) => {
      if (!res.headersSent && !res.destroyed) res.writeHead(200, streamHeaders);
      writeTo(res, toMessage(event, sequence));
    });
    if (!res.headersSent && !res.destroyed) res.writeHead(200, streamHeaders);
    writeTo(res, ': following\n\n');
    if (!res.destroyed) keepAlive.add(res);
    await stopped;
    following.stop();
  },
};

/** What the query asks for, in the words of those who follow. */
function toWhich(
  { topic, kind, id, type }: z.output<typeof query>,
  namespace: string,
  principal: Principal,
): Omit<FollowEvents, 'from'> {
  return {
    namespace,
    withSystem: principal.mayNameNamespaces,
    ...(topic === undefined ? {} : { topic }),
    ...(kind === undefined ? {} : { kind }),
    ...(id === undefined ? {} : { id }),
    ...(type === undefined ? {} : { types: type.filter(isEventType) }),
  };
}

/** As fast as the reader takes it, and not a moment longer than there is something. */
async function readAll(needs: GatewayNeeds, res: ServerResponse, which: FollowEvents): Promise<void> {
  await needs.readEvents(which, async (event, sequence) => {
    if (!res.headersSent && !res.destroyed) res.writeHead(200, streamHeaders);
    // Who may not read any more was cut off, and takes nothing.
    if (res.destroyed || res.writableEnded) return false;
    if (!res.write(toMessage(event, sequence))) await whenWritable(res);
    return !res.destroyed && !res.writableEnded;
  });
  if (!res.headersSent && !res.destroyed) res.writeHead(200, streamHeaders);
  if (!res.writableEnded) res.end(': that is all\n\n');
}

/** Resolves when the reader has caught up, or is gone. */
export async function whenWritable(res: ServerResponse): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(res, 'drain', { signal }), once(res, 'close', { signal })]);
  // The other one would wait for good, and with each message one more.
  over.abort();
}

/** The stream's sequence stands beside the event: it says where a replay may begin and end. */
function toMessage(event: AnyEvent, sequence: number | undefined): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(sequence === undefined ? event : { ...event, sequence })}\n\n`;
}
