/** `GET /tasks` and `GET /tasks/:id`: what agents were asked, in which session, and how it ended. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { Outcome } from '../../../machines/words/episodes.ts';
import type { TaskView } from '../knowledge-needs.ts';
import { count, text } from '../tools/tool.ts';
import { cursorField, momentAndId, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Tasks in one answer. */
export const tasksListedMax = 200;

const query = z.object({
  session: text('a session id', 128).optional(),
  state: z.enum(['open', 'any'], { error: 'must be "open" or "any"' }).default('any'),
  limit: count(1, tasksListedMax).default(50),
  cursor: cursorField,
});

const answer = z.object({
  task_id: z.string(),
  session_id: z.string(),
  principal: z.string(),
  task: z.string(),
  source: z.string().describe('Who stated it: the task tool, a question, a hook or an import.'),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  outcome: Outcome.nullable().describe('Null while it is open, and where nobody said how it ended.'),
  notes: z.string(),
  calls: z.int(),
});

export const tasks: Resource = {
  method: 'GET',
  path: '/tasks',
  scope: 'session:read',
  docs: {
    summary: 'List tasks, the latest first',
    query,
    answer: z.object({ tasks: z.array(answer), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    const { session, state, limit, cursor } = parseQuery(query, url, ['session', 'state', 'limit', 'cursor']);
    const found = await needs.knowledge.tasks({
      namespace,
      limit,
      sessionId: session,
      open: state === 'open',
      after: readCursor(momentAndId, cursor),
    });
    const next = toNext(found, limit, ({ startedAt, taskId }) => [startedAt, taskId]);
    sendValue(res, 200, { tasks: found.map(toAnswer), next });
  },
};

export const task: Resource = {
  method: 'GET',
  path: '/tasks/:id',
  scope: 'session:read',
  docs: { summary: 'Show a task', answer },
  answer: async ({ needs, res, namespace, id }) => {
    const found = isName(id) ? await needs.knowledge.task(namespace, id) : undefined;
    if (found === undefined) throw new DreyError('task_unknown', 'no task has this id in this namespace');
    sendValue(res, 200, toAnswer(found));
  },
};

/** What can be an id at all; anything else is not found, and no question to the database. */
export function isName(id: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(id);
}

function toAnswer(found: TaskView): z.output<typeof answer> {
  return {
    task_id: found.taskId,
    session_id: found.sessionId,
    principal: found.principal,
    task: found.task,
    source: found.source,
    started_at: found.startedAt,
    finished_at: found.finishedAt ?? null,
    outcome: found.outcome ?? null,
    notes: found.notes,
    calls: found.calls,
  };
}
