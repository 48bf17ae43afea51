/** `POST /reload`: the node reads its configuration again. */
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const reload: Resource = {
  method: 'POST',
  path: '/reload',
  scope: 'node:control',
  answer: async ({ needs, res }) => sendValue(res, 200, await needs.reload()),
};
