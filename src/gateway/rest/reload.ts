/** `POST /reload`: the node reads its configuration again. Only its own user, or who holds the scope for it. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

/** The scope that lets somebody else than the local principal do it. */
const scope = 'node:control';

export const reload: Resource = {
  method: 'POST',
  path: '/reload',
  docs: {
    summary: 'Read the configuration again',
    answer: z.looseObject({
      file: z.string().nullable(),
      restartNeeded: z.array(z.string()).describe('Settings that take effect with the next start.'),
    }),
  },
  answer: async ({ needs, res, principal }) => {
    if (!principal.local && !principal.scopes.includes(scope))
      throw new DreyError('permission_denied', `reading the configuration again needs the scope ${scope}`);
    sendValue(res, 200, await needs.reload());
  },
};
