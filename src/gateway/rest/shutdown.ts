/** `POST /shutdown`: ends the node. */
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const shutdown: Resource = {
  method: 'POST',
  path: '/shutdown',
  scope: 'node:shutdown',
  answer: ({ needs, res }) => {
    res.once('finish', () => needs.shutdown());
    sendValue(res, 202, { stopping: true });
    return Promise.resolve();
  },
};
