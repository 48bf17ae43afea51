/**
 * `GET /status/changes`: how the node and what it stands on are, now and at each change, as server-sent events. A reader
 * that falls too far behind is cut off and may come again; the next one begins with what stands.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import { streamHeaders } from '../mcp/http-answer.ts';
import { followerLagBytesMax, followersMax } from './events.ts';
import type { Resource } from './resource.ts';

export const statusChanges: Resource = {
  method: 'GET',
  path: '/status/changes',
  docs: {
    summary: "Follow the node's health as server-sent events",
    description: 'The first message is how it is now; `data` is the health as in the status.',
    answerType: 'text/event-stream',
  },
  answer: async ({ needs, res, keepAlive, followers }) => {
    if (followers.size >= followersMax) {
      throw new DreyError(
        'limit_reached',
        `${followersMax} followers are connected already; close one or try again later`,
      );
    }
    followers.add(res);
    const closed = new Promise<void>((resolve) => {
      res.once('close', () => {
        followers.delete(res);
        resolve();
      });
    });
    res.writeHead(200, streamHeaders);
    keepAlive.add(res);
    const stop = needs.followHealth((health) => {
      if (res.destroyed || res.writableEnded) return;
      if (res.writableLength > followerLagBytesMax) res.end(': you fell too far behind; connect again\n\n');
      else res.write(`data: ${JSON.stringify(health)}\n\n`);
    });
    await closed;
    stop();
  },
};
