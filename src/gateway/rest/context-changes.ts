/**
 * `GET /contexts/:id/changes`: the change sets of one context as server-sent events, for whoever may read it. It ends when
 * that is taken away.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import { needContexts } from '../contexts.ts';
import { streamHeaders } from '../mcp/http-answer.ts';
import { toAsked } from './contexts.ts';
import { followerLagBytesMax, followersMax } from './events.ts';
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
    if (followers.size >= followersMax)
      throw new DreyError(
        'limit_reached',
        `${followersMax} followers are connected already; try again later`,
      );
    followers.add(res);
    const stopped = new Promise<void>((resolve) => {
      res.once('close', () => {
        followers.delete(res);
        resolve();
      });
    });
    const { namespace, contextId: id } = asked;
    const following = await needs.followEvents({ namespace, kind: 'context', id, from: 'new' }, (event) => {
      if (res.destroyed || res.writableEnded) return;
      const message = `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
      contexts.get(asked).then(
        () => (res.writableLength > followerLagBytesMax ? res.end() : res.write(message)),
        () => res.end(': you may not read this context any more\n\n'),
      );
    });
    if (!res.destroyed) res.writeHead(200, streamHeaders).write(': following\n\n');
    keepAlive.add(res);
    await stopped;
    following.stop();
  },
};
