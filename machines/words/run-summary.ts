/** What a list shows of a guided run: what it is about and where it stands, without any argument or result. */
import { z } from 'zod';

/** Characters of a task in a list. */
export const taskListedMax = 300;

export const RunSummary = z.object({
  runId: z.string(),
  sopId: z.string(),
  state: z.string(),
  task: z.string().max(taskListedMax),
  /** The tool of the call that is waited for. */
  nextTool: z.string().nullable(),
  /** Of the procedure. */
  steps: z.number().int().nonnegative(),
  /** Steps that were made or left out. */
  made: z.number().int().nonnegative(),
  deviations: z.number().int().nonnegative(),
  reason: z.string().nullable(),
});
export type RunSummary = z.infer<typeof RunSummary>;
