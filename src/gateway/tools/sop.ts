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
import { fingerprintCharsMax, toFingerprint } from '../runs/run-offer.ts';
import { openRunSession } from '../runs/run-session.ts';
import { RunAnswer, toRunAnswer } from '../runs/run-answer.ts';
import { askPerson, canAsk } from '../runs/run-person.ts';
import { cancelRun, isEnded, isWaiting, moveRun, readRun, startRun } from '../runs/runs.ts';
import type { RunMover } from '../runs/runs.ts';
import type { RunGiven } from '../runs/run-offer.ts';
import type { RunStanding } from '../runs-need.ts';
import { SopAnswer, toSopAnswer } from './sop-answer.ts';
import { createTool, namespaceField, text } from './tool.ts';
import type { AskingRound, ToolContext } from './tool.ts';

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
    const asked = readAsked(context.round);
    // The client was asked for what this very run needs, and calls again with the answer.
    if (asked !== undefined) return follow(asked.runId, {}, mover, context);
    const sopId = demand(id, 'sop_id');
    const said = task ?? context.session.task?.task;
    const started = await startRun(mover, { sopId, task: said, sessionId: context.session.id, dryRun });
    return dryRun ? toAnswer(started, context) : follow(started.context.runId, { inputs }, mover, context);
  },
  async continue({ run_id: id, inputs }, context) {
    const given = readAsked(context.round) === undefined ? { inputs } : {};
    return follow(demand(id, 'run_id'), given, toMover(context), context);
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
  let asked: RunGiven | undefined = readAsked(context.round, runId);
  let said: RunGiven | undefined = given;
  let standing: RunStanding | undefined;
  for (let turn = 0; turn < runLimits.stepsMax * 3 && said !== undefined; turn += 1) {
    const last = standing;
    standing = await moveRun({ ...mover, via: 'elicitation' }, runId, said);
    if (isEnded(standing) || standing.state === 'calling') break;
    said = {};
    if (!isWaiting(standing)) continue;
    // Nobody is asked the same question twice.
    const isSame =
      last?.state === standing.state && isDeepStrictEqual(last.context.offer, standing.context.offer);
    if (isSame || !canAsk(context.asker)) break;
    const meant = toAskedOf(runId, standing, context.round, asked);
    asked = undefined;
    said = await askPerson(standing, context.asker, mover.signal);
    if (said !== undefined) said = { ...said, ...meant };
  }
  return toAnswer(standing ?? (await readRun(mover, runId)), context);
}

const Asked = z.object({
  runId: z.string().max(200),
  step: z.int(),
  fingerprint: z.string().max(fingerprintCharsMax).optional(),
});

/** What was asked in the round before; undefined where nothing was. What is not ours, or of another run, is refused. */
function readAsked(round: AskingRound | undefined, runId?: string): z.output<typeof Asked> | undefined {
  if (round?.state === undefined) return undefined;
  const asked = Asked.safeParse(toJson(round.state)).data;
  if (asked !== undefined && (runId === undefined || asked.runId === runId)) return asked;
  throw new DreyError(
    'argument_invalid',
    'requestState is not what this run gave; leave it out to begin anew',
  );
}

function toJson(state: string): unknown {
  try {
    return JSON.parse(state);
  } catch {
    return undefined;
  }
}

/** Keeps which call is asked about, and says whose answer it will be: what comes with a call that is made again is said of what was asked then. */
function toAskedOf(
  runId: string,
  standing: RunStanding,
  round: AskingRound | undefined,
  asked: RunGiven | undefined,
): Pick<RunGiven, 'step' | 'fingerprint'> {
  const meant = toMeant(standing);
  round?.keep(JSON.stringify({ runId, ...meant }));
  return asked === undefined ? meant : { step: asked.step, fingerprint: asked.fingerprint };
}

/** What the person was asked about. */
function toMeant({ context: { at, offer } }: RunStanding): RunGiven {
  return { step: at, fingerprint: offer === null ? undefined : toFingerprint(offer) };
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

/** Its calls are calls of the session that asks, in the caller's own namespace; of somebody else's run, of that one's. */
function toMover({ needs, session, principal, asker, round, signal, traceparent }: ToolContext): RunMover {
  const never = new AbortController().signal;
  const { namespace } = session;
  // Who is asked by the result answers for the run alone: an upstream's question would take its place.
  const passed = round === undefined ? asker : undefined;
  const shared = { needs, namespace, principal, traceparent, asker: passed, via: 'tool' } as const;
  return {
    ...shared,
    signal: signal ?? never,
    session: (sessionId, owner) =>
      owner === session.principal.id
        ? session
        : openRunSession(needs, { sessionId, owner, namespace, asker: principal }),
  };
}

function demand(value: string | undefined, field: string): string {
  if (value !== undefined) return value;
  throw new DreyError('argument_invalid', `${field} is needed for this action`);
}
