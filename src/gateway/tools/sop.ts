/**
 * `sop`: one tool to look at a procedure and to follow it by a guided run. Who follows it asks the person behind the
 * client for what is missing and for every yes; where the client cannot ask, the run waits for `drey sops run --resume`.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { runLimits } from '../../../machines/words/runs.ts';
import { resolveNamespace } from '../namespace.ts';
import { assertMay } from '../permission.ts';
import { RunAnswer, toRunAnswer } from '../runs/run-answer.ts';
import { askPerson, canAsk } from '../runs/run-person.ts';
import { cancelRun, isEnded, isWaiting, moveRun, readRun, startRun } from '../runs/runs.ts';
import type { RunMover } from '../runs/runs.ts';
import type { RunGiven } from '../runs/run-offer.ts';
import type { RunStanding } from '../runs-need.ts';
import { SopAnswer, toSopAnswer } from './sop-answer.ts';
import { createTool, namespaceField, text } from './tool.ts';
import type { ToolContext } from './tool.ts';

const actions = ['show', 'run', 'continue', 'cancel'] as const;

const input = z.object({
  action: z
    .enum(actions, { error: `must be one of ${actions.join(', ')}` })
    .describe('show a procedure; run it for your task; continue a run that waits; cancel a run.'),
  sop_id: text('a SOP id', 200).optional().describe('For show and run.'),
  run_id: text('a run id', 200).optional().describe('For continue and cancel.'),
  task: text('the task', limits.taskTextMax)
    .optional()
    .describe('For run: your task in its own words; its words fill the arguments.'),
  dry_run: z.boolean().default(false).describe('For run: only show what would be called.'),
  inputs: z
    .record(z.string().max(300), z.unknown())
    .optional()
    .describe('For run and continue: values for the paths that are missing.'),
  namespace: namespaceField,
});
type Given = z.output<typeof input>;

const output = z.object({
  sop: SopAnswer.optional(),
  run: RunAnswer.optional(),
  hint: z.string().optional().describe('What to do now.'),
});
type Answer = z.output<typeof output>;

export const sop = createTool({
  name: 'sop',
  title: 'Follow a learned procedure',
  description:
    'Shows a learned procedure (action show) or follows it step by step (run): every call is made for you with the ' +
    'arguments that earlier tasks teach. What is missing, and every yes to a call that changes something, is asked of the user.',
  readOnly: false,
  scope: ({ action }) => (action === 'show' ? 'sop:read' : 'tool:call'),
  input,
  output,
  run: (given, context) => deeds[given.action](given, context),
});

const deeds: Readonly<
  Record<(typeof actions)[number], (given: Given, context: ToolContext) => Promise<Answer>>
> = {
  async show({ sop_id: id, namespace: named }, { needs, session, principal }) {
    const namespace = resolveNamespace(named, session.namespace, principal);
    const found = await needs.sops.get(namespace, demand(id, 'sop_id'));
    if (found === undefined) throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
    return { sop: toSopAnswer(found) };
  },
  async run({ sop_id: id, task, dry_run: dryRun, inputs }, context) {
    assertMay(context.principal, 'sop:read');
    const mover = toMover(context);
    const sopId = demand(id, 'sop_id');
    const asked = task ?? context.session.task?.task;
    const started = await startRun(mover, { sopId, task: asked, sessionId: context.session.id, dryRun });
    return dryRun ? toAnswer(started, context) : follow(started.context.runId, { inputs }, mover, context);
  },
  async continue({ run_id: id, inputs }, context) {
    return follow(demand(id, 'run_id'), { inputs }, toMover(context), context);
  },
  async cancel({ run_id: id }, context) {
    return toAnswer(await cancelRun(toMover(context), demand(id, 'run_id'), 'the agent ended it'), context);
  },
};

/** Moves the run on until it has ended, or waits for somebody who cannot be asked here. */
async function follow(
  runId: string,
  given: RunGiven,
  mover: RunMover,
  context: ToolContext,
): Promise<Answer> {
  await readRun(mover, runId);
  let said: RunGiven | undefined = given;
  let standing: RunStanding | undefined;
  for (let turn = 0; turn < runLimits.stepsMax * 3 && said !== undefined; turn += 1) {
    const before = standing;
    standing = await moveRun(mover, runId, said);
    if (isEnded(standing) || standing.state === 'calling') break;
    said = {};
    if (!isWaiting(standing)) continue;
    // Nobody is asked the same question twice.
    const isSame =
      before?.state === standing.state && isDeepStrictEqual(before.context.offer, standing.context.offer);
    if (isSame || !canAsk(context.asker)) break;
    said = await askPerson(standing, context.asker, mover.signal);
    if (said !== undefined) said = { ...said, step: standing.context.at };
  }
  return toAnswer(standing ?? (await readRun(mover, runId)), context);
}

function toAnswer(standing: RunStanding, { needs }: ToolContext): Answer {
  const run = toRunAnswer(standing, needs.catalogue().tools);
  const hint = toHint(run);
  return hint === undefined ? { run } : { run, hint };
}

function toHint({ run_id: id, sop_id: sopId, state, next }: RunAnswer): string | undefined {
  if (state === 'awaitingInput')
    return `Continue run ${id} with inputs for ${next?.missing.join(', ') ?? 'what is missing'}.`;
  if (state === 'awaitingApproval')
    return `A person must agree to ${next?.tool ?? 'the call'}: drey sops run --resume ${id}`;
  if (state === 'failed') return 'The step that failed ended the run; go on by hand, or run it anew.';
  return state === 'done' ? `Say whether it helped: acontext_record_feedback with ${sopId}.` : undefined;
}

/** Its calls are calls of the session that asks, which is the caller's own namespace. */
function toMover({ needs, session, principal, asker, signal, traceparent }: ToolContext): RunMover {
  const never = new AbortController().signal;
  const shared = { needs, namespace: session.namespace, principal, traceparent, asker };
  return { ...shared, signal: signal ?? never, session: () => session };
}

function demand(value: string | undefined, field: string): string {
  if (value !== undefined) return value;
  throw new DreyError('argument_invalid', `${field} is needed for this action`);
}
