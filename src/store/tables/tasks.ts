/** Tasks as rows: what an agent was asked, in which session, and how it ended. */
import type { Selectable } from 'kysely';
import type { Outcome } from '../../../machines/words/episodes.ts';
import { limits } from '../../../machines/words/limits.ts';
import { toLimit, toOffset } from '../pages.ts';
import type { TasksTable } from '../schema.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText } from '../text.ts';

export interface TaskStart {
  readonly taskId: string;
  readonly sessionId: string;
  readonly principal: string;
  readonly task: string;
  readonly source: string;
  readonly startedAt: string;
}

export interface TaskFinish {
  readonly taskId: string;
  readonly outcome: Outcome;
  readonly notes?: string;
  readonly calls: number;
  readonly finishedAt: string;
}

export interface TaskRow extends TaskStart {
  readonly outcome: Outcome | undefined;
  readonly notes: string;
  readonly calls: number;
  readonly finishedAt: string | undefined;
}

/** Writes that a task began; the same one again changes nothing. */
export async function startTask(trx: Trx, task: TaskStart): Promise<void> {
  await trx.db
    .insertInto('tasks')
    .values({
      namespace: trx.namespace,
      id: assertName('a task id', task.taskId, 128),
      session_id: assertName('a session id', task.sessionId, 128),
      principal: assertName('a principal', task.principal, 300),
      task: toBoundedText(task.task, limits.taskTextMax),
      source: task.source,
      started_at: task.startedAt,
    })
    .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
    .execute();
}

/** Writes how a task ended; false when it is unknown or had ended already. */
export async function finishTask(trx: Trx, end: TaskFinish): Promise<boolean> {
  const rows = await trx.db
    .updateTable('tasks')
    .set({
      outcome: end.outcome,
      notes: toBoundedText(end.notes ?? '', 2_000),
      calls: end.calls,
      finished_at: end.finishedAt,
    })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', end.taskId)
    .where('finished_at', 'is', null)
    .returning('id')
    .execute();
  return rows.length > 0;
}

/** Tasks, the latest first. */
export async function listTasks(
  trx: Trx,
  options: { readonly sessionId?: string; readonly limit: number; readonly offset?: number },
): Promise<readonly TaskRow[]> {
  let query = trx.db.selectFrom('tasks').selectAll().where('namespace', '=', trx.namespace);
  if (options.sessionId !== undefined) query = query.where('session_id', '=', options.sessionId);
  const rows = await query
    .orderBy('started_at', 'desc')
    .orderBy('id')
    .limit(toLimit(options.limit))
    .offset(toOffset(options.offset))
    .execute();
  return rows.map(toTask);
}

/** One task, or undefined. */
export async function getTask(trx: Trx, taskId: string): Promise<TaskRow | undefined> {
  const row = await trx.db
    .selectFrom('tasks')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '=', taskId)
    .executeTakeFirst();
  return row === undefined ? undefined : toTask(row);
}

/** Ends what is still open of a session without an outcome: another task began, or the session is over. */
export async function endOpenTasks(
  trx: Trx,
  end: { readonly sessionId: string; readonly at: string; readonly but?: string },
): Promise<void> {
  await trx.db
    .updateTable('tasks')
    .set({ finished_at: end.at })
    .where('namespace', '=', trx.namespace)
    .where('session_id', '=', end.sessionId)
    .where('finished_at', 'is', null)
    .where('started_at', '<=', end.at)
    .where('id', '<>', end.but ?? '')
    .execute();
}

/** A row as it is read. */
export function toTask(row: Selectable<TasksTable>): TaskRow {
  return {
    taskId: row.id,
    sessionId: row.session_id,
    principal: row.principal,
    task: row.task,
    source: row.source,
    startedAt: row.started_at,
    outcome: row.outcome ?? undefined,
    notes: row.notes,
    calls: row.calls,
    finishedAt: row.finished_at ?? undefined,
  };
}
