/** `POST /shutdown`: ends the node. */
import { z } from 'zod';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const shutdown: Resource = {
  method: 'POST',
  path: '/shutdown',
  scope: 'node:shutdown',
  docs: { summary: 'End the node', answer: z.object({ stopping: z.literal(true) }), status: 202 },
  answer: ({ needs, res }) => {
    res.once('finish', () => needs.shutdown());
    sendValue(res, 202, { stopping: true });
    return Promise.resolve();
  },
};
