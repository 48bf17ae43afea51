/**
 * `GET /contexts/:id/changes`: the change sets of one context as server-sent events, for whoever may read it. It ends when
 * that is taken away.
 */
import { needContexts } from '../contexts.ts';
import { streamHeaders } from '../mcp/http-answer.ts';
import { toAsked } from './contexts.ts';
import { endFollowing, takePlace, writeTo } from './followers.ts';
import type { Resource } from './resource.ts';

export const contextChanges: Resource = {
  method: 'GET',
  path: '/contexts/:id/changes',
  scope: 'context:read',
  docs: {
    summary: 'Follow the changes of a context',
    description: 'Each is an event with its change set; what looks like a secret is redacted in it.',
    answerType: 'text/event-stream',
  },
  answer: async (request) => {
    const { needs, res, followers, keepAlive } = request;
    const asked = toAsked(request);
    const contexts = needContexts(needs);
    await contexts.get(asked);
    const stopped = takePlace(res, followers);
    if (stopped === undefined) return;
    const { namespace, contextId: id } = asked;
    // A change may come before the bus has answered: the first message of either kind begins the answer.
    const tell = (message: string): void => {
      if (!res.headersSent && !res.destroyed) res.writeHead(200, streamHeaders);
      writeTo(res, message);
    };
    const following = await needs.followEvents({ namespace, kind: 'context', id, from: 'new' }, (event) => {
      if (res.destroyed || res.writableEnded) return;
      const message = `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
      contexts.get(asked).then(
        () => tell(message),
        () => endFollowing(res, 'you may not read this context any more'),
      );
    });
    try {
      tell(': following\n\n');
      if (!res.destroyed) keepAlive.add(res);
      await stopped;
    } finally {
      following.stop();
    }
  },
};
