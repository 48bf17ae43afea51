/**
 * Asking for help tells what an agent is working on: the first question of a session states its task. A task that was
 * opened with the task tool is never replaced; one that was only derived from a question gives way to the next.
 */
import type { TaskSource } from '../needs.ts';
import type { ToolContext } from './tool.ts';

/** Notes the task an agent asks about, where the session has none of its own. */
export function stateTask(
  { session, traceparent }: Pick<ToolContext, 'session' | 'traceparent'>,
  text: string,
  source: TaskSource,
): void {
  const open = session.task;
  if (open === null) {
    session.startTask(text, source, traceparent);
    return;
  }
  const derived = open.source === 'current_task' || open.source === 'trigger_pattern';
  if (source === 'current_task' && derived && toPlain(open.task) !== toPlain(text)) {
    session.startTask(text, source, traceparent);
  }
}

function toPlain(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase();
}
