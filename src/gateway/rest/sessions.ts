/** `GET /sessions`: the sessions of one namespace. */
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

/** Sessions in one answer. */
export const sessionsListedMax = 1_000;

export const sessions: Resource = {
  method: 'GET',
  path: '/sessions',
  scope: 'session:read',
  answer: ({ needs, res, namespace }) => {
    const all = needs.sessions.list(namespace);
    sendValue(res, 200, { sessions: all.slice(0, sessionsListedMax), total: all.length });
    return Promise.resolve();
  },
};
