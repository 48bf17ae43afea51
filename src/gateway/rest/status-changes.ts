/**
 * `GET /status/changes`: how the node and what it stands on are, now and at each change, as server-sent events. A reader
 * that falls too far behind is cut off and may come again; the next one begins with what stands.
 */
import { streamHeaders } from '../mcp/http-answer.ts';
import { takePlace, writeTo } from './followers.ts';
import type { Resource } from './resource.ts';
import { toToldTo } from './status.ts';

export const statusChanges: Resource = {
  method: 'GET',
  path: '/status/changes',
  docs: {
    summary: "Follow the node's health as server-sent events",
    description:
      'The first message is how it is now; `data` is the health as in the status, without what tells of the machine where that leaves it out.',
    answerType: 'text/event-stream',
  },
  answer: async ({ needs, res, keepAlive, followers, principal }) => {
    const closed = takePlace(res, followers);
    if (closed === undefined) return;
    res.writeHead(200, streamHeaders);
    keepAlive.add(res);
    const stop = needs.followHealth((health) =>
      writeTo(res, `data: ${JSON.stringify(toToldTo(principal, health))}\n\n`),
    );
    await closed;
    stop();
  },
};
