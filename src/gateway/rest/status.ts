/** `GET /status`: the node as it sees itself. */
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const status: Resource = {
  method: 'GET',
  path: '/status',
  answer: async ({ needs, res }) => sendValue(res, 200, await needs.status()),
};
