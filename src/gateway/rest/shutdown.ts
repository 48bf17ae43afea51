/** `POST /shutdown`: ends the node. Only its own user, or who holds the scope for it. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

/** The scope that lets somebody else than the local principal end the node. */
export const shutdownScope = 'node:shutdown';

export const shutdown: Resource = {
  method: 'POST',
  path: '/shutdown',
  docs: { summary: 'End the node', answer: z.object({ stopping: z.literal(true) }), status: 202 },
  answer: ({ needs, res, principal }) => {
    if (!principal.local && !principal.scopes.includes(shutdownScope)) {
      throw new DreyError('permission_denied', `ending the node needs the scope ${shutdownScope}`);
    }
    res.once('finish', () => needs.shutdown());
    sendValue(res, 202, { stopping: true });
    return Promise.resolve();
  },
};
