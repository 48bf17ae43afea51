/** The task that is open in a session, and where its words came from. It says nothing of how the task goes. */
import type { EventData } from '../../../machines/words/events.ts';

export type TaskSource = Exclude<EventData<'task.started'>['source'], 'import'>;

export interface OpenTask {
  readonly taskId: string;
  readonly task: string;
  readonly source: TaskSource;
  readonly calls: number;
}
