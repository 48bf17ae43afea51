/** `GET /sessions`: the sessions of one namespace. */
import { z } from 'zod';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

/** Sessions in one answer. */
export const sessionsListedMax = 1_000;

const session = z.object({
  id: z.string(),
  namespace: z.string(),
  principal: z.string(),
  transport: z.string(),
  revision: z.string(),
  client: z.string(),
  state: z.string(),
  task: z.string().nullable(),
  calls: z.int(),
  openedAt: z.string(),
  lastUsedAt: z.string(),
});

export const sessions: Resource = {
  method: 'GET',
  path: '/sessions',
  scope: 'session:read',
  docs: {
    summary: 'List live sessions',
    answer: z.object({ sessions: z.array(session), total: z.int() }),
  },
  answer: ({ needs, res, namespace }) => {
    const all = needs.sessions.list(namespace);
    sendValue(res, 200, { sessions: all.slice(0, sessionsListedMax), total: all.length });
    return Promise.resolve();
  },
};
