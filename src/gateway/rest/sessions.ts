/**
 * `GET /sessions` and `GET /sessions/:id`: who works here, and what each is doing now. `where=all` reads the rows: other
 * nodes' sessions and those that are over, as far as anybody knows what they do.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import type { SessionRowView } from '../knowledge-needs.ts';
import { count } from '../tools/tool.ts';
import { cursorField, momentAndId, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';
import { isName } from './tasks.ts';

/** Sessions in one answer. */
export const sessionsListedMax = 1_000;

const query = z.object({
  where: z
    .enum(['here', 'all'], { error: 'must be "here" or "all"' })
    .default('here')
    .describe('here: live on this node; all: on every node, and those that are over.'),
  limit: count(1, sessionsListedMax).default(100),
  cursor: cursorField,
});

const answer = z.object({
  id: z.string(),
  namespace: z.string(),
  principal: z.string(),
  transport: z.string(),
  revision: z.string(),
  client: z.string(),
  state: z.string(),
  task: z.string().nullable(),
  calls: z.int().describe('All that were made.'),
  openedAt: z.string(),
  lastUsedAt: z.string(),
  node: z.string().optional().describe('Where it lives; only of sessions that are not live on this node.'),
  doing: z
    .object({
      task: z
        .object({
          taskId: z.string(),
          task: z.string(),
          source: z.string(),
          since: z.string(),
          calls: z.int(),
        })
        .nullable(),
      calls: z
        .array(z.object({ callId: z.string(), name: z.string(), since: z.string() }))
        .describe('In flight.'),
      lastCall: z
        .object({
          callId: z.string(),
          name: z.string(),
          at: z.string(),
          outcome: z.enum(['finished', 'error', 'failed', 'refused']),
        })
        .nullable(),
      idleSince: z.string().nullable().describe('Null while a call is in flight.'),
    })
    .nullable()
    .describe('What it is doing now; null where only its own node knows.'),
});

export const sessions: Resource = {
  method: 'GET',
  path: '/sessions',
  scope: 'session:read',
  docs: {
    summary: 'List sessions with what each is doing now, the last used first',
    query,
    answer: z.object({
      sessions: z.array(answer),
      total: z.int().describe('Live on this node.'),
      next: nextField,
    }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    const { where, limit, cursor } = parseQuery(query, url, ['where', 'limit', 'cursor']);
    const after = readCursor(momentAndId, cursor);
    const live = needs.sessions.list(namespace);
    const total = live.length;
    if (where === 'all') {
      const rows = await needs.knowledge.sessions({ namespace, limit, after });
      const here = new Map(live.map((one) => [one.id, one]));
      const next = toNext(rows, limit, ({ lastSeenAt, sessionId }) => [lastSeenAt, sessionId]);
      const found = rows.map((row) => here.get(row.sessionId) ?? toRowAnswer(row, namespace));
      return sendValue(res, 200, { sessions: found, total, next });
    }
    const page = live
      .filter(
        (one) =>
          after === undefined ||
          one.lastUsedAt < after.at ||
          (one.lastUsedAt === after.at && one.id < after.id),
      )
      .toSorted((a, b) => compare(b.lastUsedAt, a.lastUsedAt) || compare(b.id, a.id))
      .slice(0, limit);
    const next = toNext(page, limit, ({ lastUsedAt, id }) => [lastUsedAt, id]);
    return sendValue(res, 200, { sessions: page, total, next });
  },
};

export const session: Resource = {
  method: 'GET',
  path: '/sessions/:id',
  scope: 'session:read',
  docs: { summary: 'Show a session with what it is doing now', answer },
  answer: async ({ needs, res, namespace, id }) => {
    const live = needs.sessions.list(namespace).find((one) => one.id === id);
    if (live !== undefined) return sendValue(res, 200, live);
    const row = isName(id) ? await needs.knowledge.session(namespace, id) : undefined;
    if (row === undefined) throw new DreyError('session_unknown', 'no session has this id in this namespace');
    return sendValue(res, 200, toRowAnswer(row, namespace));
  },
};

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function toRowAnswer(row: SessionRowView, namespace: string): z.output<typeof answer> {
  return {
    id: row.sessionId,
    namespace,
    principal: row.principal,
    transport: row.transport,
    revision: row.revision,
    client: row.client,
    state: row.status,
    task: null,
    calls: row.calls,
    openedAt: row.openedAt,
    lastUsedAt: row.lastSeenAt,
    node: row.node,
    doing: null,
  };
}
