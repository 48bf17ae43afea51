/** `POST /reload`: the node reads its configuration again. */
import { z } from 'zod';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const reload: Resource = {
  method: 'POST',
  path: '/reload',
  scope: 'node:control',
  docs: {
    summary: 'Read the configuration again',
    answer: z.looseObject({
      file: z.string().nullable(),
      restartNeeded: z.array(z.string()).describe('Settings that take effect with the next start.'),
    }),
  },
  answer: async ({ needs, res }) => sendValue(res, 200, await needs.reload()),
};
