/** `GET /learning`: the same as `acontext_get_learning_status`. */
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const learning: Resource = {
  method: 'GET',
  path: '/learning',
  scope: 'sop:read',
  answer: async ({ needs, res, namespace }) => sendValue(res, 200, await needs.learning(namespace)),
};
