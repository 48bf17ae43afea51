/** A run in the words of REST and of the tool: where it stands, what it would do next, and what it has done. */
import { z } from 'zod';
import { RunOffer, RunTaken } from '../../../machines/words/runs.ts';
import { taskListedMax } from '../../../machines/words/run-summary.ts';
import type { RunSummary } from '../../../machines/words/run-summary.ts';
import type { CatalogueTool } from '../needs.ts';
import type { RunStanding } from '../runs-need.ts';
import { toFingerprint, toOffer } from './run-offer.ts';

/** Where a run can be. */
export const RunState = z.enum([
  'planned',
  'checking',
  'awaitingInput',
  'awaitingApproval',
  'calling',
  'done',
  'failed',
  'cancelled',
]);

const Next = RunOffer.extend({
  fingerprint: z.string().describe('Names this very call; a yes to it says it back.'),
});
const Ahead = RunOffer.extend({ optional: z.boolean() });

export const RunAnswer = z.object({
  run_id: z.string().describe('Empty for a dry run.'),
  sop_id: z.string(),
  state: RunState,
  task: z.string(),
  next: Next.nullable().describe('The call that is waited for, with its arguments as they are bound.'),
  ahead: z.array(Ahead).describe('The steps to come, as far as their arguments are known now.'),
  taken: z.array(RunTaken.omit({ result: true })),
  deviations: z.int().describe('How often it was done otherwise than the procedure says.'),
  reason: z.string().nullable(),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

/** A run in a list: what it is about, without any argument. */
export const RunListed = RunAnswer.pick({
  run_id: true,
  sop_id: true,
  state: true,
  task: true,
  deviations: true,
  reason: true,
}).extend({
  task: z.string().describe(`Its first ${taskListedMax} characters.`),
  next_tool: z.string().nullable().describe('The tool of the call that is waited for.'),
  steps: z.int().describe('Of the procedure.'),
  made: z.int().describe('Steps that were made or left out.'),
});
export type RunListed = z.infer<typeof RunListed>;

/** Puts a run into the words of a list. */
export function toRunListed({ runId, sopId, nextTool, state, ...shown }: RunSummary): RunListed {
  return { run_id: runId, sop_id: sopId, next_tool: nextTool, state: RunState.parse(state), ...shown };
}

/** Puts a run into the words of the answer. */
export function toRunAnswer({ state, context }: RunStanding, tools: readonly CatalogueTool[]): RunAnswer {
  const { plan, at, offer, taken, deviations, reason } = context;
  const known = RunState.parse(state);
  const isOpen = known !== 'done' && known !== 'failed' && known !== 'cancelled';
  const ahead = (plan?.procedure ?? []).flatMap((step, index) => {
    const offered = isOpen && index >= at ? toOffer({ ...context, at: index }, tools, {}) : undefined;
    // What is too large to be called is too large to be shown.
    return offered === undefined || 'tooLarge' in offered
      ? []
      : [{ ...offered.offer, optional: step.optional }];
  });
  return {
    run_id: context.runId,
    sop_id: context.sopId,
    state: known,
    task: plan?.task ?? '',
    next: isOpen && offer !== null ? { ...offer, fingerprint: toFingerprint(offer) } : null,
    ahead,
    taken: taken.map(({ result: _result, ...one }) => one),
    deviations,
    reason,
  };
}
