/** `task`: says where a task begins and how it ended. Stated outcomes teach more than guessed ones. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { createTool, text } from './tool.ts';
import type { ToolContext } from './tool.ts';

const outcomes = ['success', 'failure', 'unknown'] as const;

const input = z.object({
  action: z
    .enum(['start', 'finish'], { error: 'must be "start" or "finish"' })
    .describe('start when you begin a task, finish when it is done or given up.'),
  task: text('the task', limits.taskTextMax)
    .optional()
    .describe("For start: the user's request in one or two sentences."),
  outcome: z
    .enum(outcomes, { error: 'must be "success", "failure" or "unknown"' })
    .optional()
    .describe('For finish: how it ended.'),
  notes: text('notes', 2_000).optional().describe('For finish: anything worth knowing about the outcome.'),
});
type TaskArguments = z.output<typeof input>;

const output = z.object({
  task_id: z.string(),
  state: z.enum(['started', 'finished']),
  outcome: z.enum(outcomes).optional(),
  calls: z.number().int().optional().describe('Tool calls made for the task.'),
});

export const task = createTool({
  name: 'task',
  title: 'Begin or end a task',
  description:
    'Say what you are about to do ({"action":"start","task":"…"}) and how it ended ' +
    '({"action":"finish","outcome":"success"}). The tool calls in between become a procedure the next agent can use.',
  readOnly: false,
  scope: 'task:write',
  input,
  output,
  run: (args, context) =>
    Promise.resolve(args.action === 'start' ? start(args, context) : finish(args, context)),
});

function start(args: TaskArguments, { session, traceparent }: ToolContext): z.output<typeof output> {
  if (args.task === undefined) {
    throw new DreyError(
      'argument_invalid',
      'task is required with action "start": say in a sentence what you are about to do',
    );
  }
  return { task_id: session.startTask(args.task, 'task', traceparent).taskId, state: 'started' };
}

function finish(args: TaskArguments, { session, traceparent }: ToolContext): z.output<typeof output> {
  if (args.outcome === undefined) {
    throw new DreyError(
      'argument_invalid',
      'outcome is required with action "finish": "success", "failure" or "unknown"',
    );
  }
  const finished = session.finishTask(args.outcome, args.notes, traceparent);
  if (finished === undefined) {
    throw new DreyError(
      'task_unknown',
      'no task is open in this session; begin one with {"action":"start","task":"…"}',
    );
  }
  return { task_id: finished.taskId, state: 'finished', outcome: args.outcome, calls: finished.calls };
}
