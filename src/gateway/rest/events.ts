/**
 * `GET /events`: follows the events of one namespace as server-sent events, from now on or from the beginning. A reader
 * that falls too far behind is cut off and may come again; nobody buffers for it.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { eventTypes, isEventType, topics } from '../../../machines/words/events.ts';
import type { Topic } from '../../../machines/words/events.ts';
import { ActorKind, Token } from '../../../machines/words/ids.ts';
import { streamHeaders } from '../mcp/http-answer.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Followers one node serves at a time. */
export const followersMax = 100;
/** Bytes a follower may leave unread. */
export const followerLagBytesMax = 4 * 1024 * 1024;

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
  from: z.enum(['new', 'all'], { error: 'must be "new" or "all"' }).default('new'),
});

export const events: Resource = {
  method: 'GET',
  path: '/events',
  answer: async ({ needs, res, url, namespace, keepAlive, followers }) => {
    const asked = parseQuery(query, url, ['topic', 'kind', 'id', 'type', 'from']);
    if (followers.size >= followersMax) {
      throw new DreyError(
        'limit_reached',
        `${followersMax} followers are connected already; close one or try again later`,
      );
    }
    followers.add(res);
    const stopped = new Promise<void>((resolve) => {
      res.once('close', () => {
        followers.delete(res);
        resolve();
      });
    });
    const following = await needs.followEvents(
      {
        namespace,
        from: asked.from,
        ...(asked.topic === undefined ? {} : { topic: asked.topic }),
        ...(asked.kind === undefined ? {} : { kind: asked.kind }),
        ...(asked.id === undefined ? {} : { id: asked.id }),
        ...(asked.type === undefined ? {} : { types: asked.type.filter(isEventType) }),
      },
      (event) => {
        if (res.destroyed || res.writableEnded) return;
        if (res.writableLength > followerLagBytesMax) {
          res.end(': you fell too far behind; connect again\n\n');
          return;
        }
        if (!res.headersSent) res.writeHead(200, streamHeaders);
        res.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
      },
    );
    if (!res.headersSent && !res.destroyed) res.writeHead(200, streamHeaders);
    if (!res.destroyed) res.write(': following\n\n');
    keepAlive.add(res);
    await stopped;
    following.stop();
  },
};
