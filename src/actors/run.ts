/**
 * A guided run's hands. What is next is found out and called by whoever moves the run on (the gateway, through a session
 * like any other call); the actor keeps what was decided, and that nothing is decided twice. It makes no call itself.
 */
import { z } from 'zod';
import { runEdges, runMachine, runMachineVersion } from '../../machines/run.machine.ts';
import type { Deviation, RunContext } from '../../machines/run.machine.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { taskListedMax } from '../../machines/words/run-summary.ts';
import { RunCall, RunDeviation, runLimits, RunOffer, RunPlan, RunTaken } from '../../machines/words/runs.ts';
import { commitStep } from '../store/store.ts';
import type { ListedRun } from '../store/store.ts';
import type { ActorCommand, DurableKind, MachineEvent, Step } from './durable/durable-kind.ts';

const offered = {
  offer: RunOffer.optional(),
  call: RunCall.optional(),
  deviates: RunDeviation.nullable().optional(),
};
/** The call that is spoken of; rows of before say none. */
const answered = { callId: z.string().max(200).optional() };
const why = { reason: z.string().max(2_000).optional() };

/** The data of each command, by its verb; the verbs are the machine's events. */
const commands = {
  start: z.object({ sopId: z.string(), plan: RunPlan }),
  next: z.object({ needs: z.enum(['input', 'approval', 'call', 'nothing']), ...offered }),
  'input.given': z.object({ needs: z.enum(['approval', 'call']), ...offered }),
  'approval.given': z.object(offered),
  'approval.denied': z.object(why),
  'step.skipped': z.object({ taken: RunTaken, deviates: RunDeviation.nullable() }),
  'call.done': z.object({ taken: RunTaken, ...answered }),
  'call.failed': z.object({ reason: z.string().max(2_000), ...answered }),
  'call.lost': z.object({ needs: z.enum(['approval', 'call']), ...offered, ...answered }),
  'check.failed': z.object({ reason: z.string().max(2_000) }),
  cancel: z.object(why),
} as const;
export type RunVerb = keyof typeof commands;
export type RunCommandData<V extends RunVerb> = z.input<(typeof commands)[V]>;

const ends: ReadonlySet<unknown> = new Set(['done', 'failed', 'cancelled']);
const waits: ReadonlySet<unknown> = new Set(['awaitingInput', 'awaitingApproval']);

/** The kind, for the durable host. */
export const runKind: DurableKind = {
  kind: 'run',
  machine: runMachine,
  version: runMachineVersion,
  edges: runEdges,
  toInput: ({ id }) => ({ runId: id, sopId: '', waitMs: runLimits.waitMs, callMs: runLimits.callMs }),
  toEvent,
  opening: { verbs: ['start'], code: 'run_unknown' },
  effects: {},
  write: (trx, commit, { after }) =>
    commitStep(trx, { ...commit, listed: toListedRun(after.value, after.context as RunContext) }),
  toCause,
  toEdgeData: (type, context) => {
    const { sopId, reason } = context as RunContext;
    if (type === 'run.started') return { sopId, taskId: null };
    if (type === 'run.failed') return { reason: reason ?? '' };
    return type === 'run.finished' ? { outcome: 'success' } : {};
  },
  actions: {
    check: nothing,
    ask: nothing,
    call: nothing,
    cancelCall: nothing,
    tellDeviation: ({ sopId, step: at, tool, what }: Deviation, step: Step) => {
      if (what !== null) step.tell('run.deviated', { sopId, step: at, tool: tool.slice(0, 300), what });
    },
  },
};

/** A run as lists find and show it. */
export function toListedRun(value: unknown, context: RunContext): ListedRun {
  const { plan, offer, taken, deviations, reason, runId, sopId } = context;
  const open = !ends.has(value);
  return {
    owner: plan?.principal,
    open,
    waiting: waits.has(value),
    summary: {
      runId,
      sopId,
      state: String(value),
      task: (plan?.task ?? '').slice(0, taskListedMax).toWellFormed(),
      nextTool: open ? (offer?.tool ?? null) : null,
      steps: plan?.procedure.length ?? 0,
      made: taken.length,
      deviations,
      reason,
    },
  };
}

/** Whoever moves the run on does it. */
function nothing(): void {}

/** What is told of a cause: its shape. Arguments and results stay in the row. */
function toCause(event: MachineEvent): MachineEvent {
  const { plan: _plan, taken: _taken, offer, ...rest } = event;
  const told = RunOffer.safeParse(offer);
  return offer === undefined || !told.success ? rest : { ...rest, tool: told.data.tool };
}

function toEvent({ verb, data }: ActorCommand, at: number): MachineEvent {
  if (!Object.hasOwn(commands, verb)) {
    const known = Object.keys(commands).join(', ');
    throw new DreyError('method_unknown', `a run does not know "${verb}"; it knows ${known}`);
  }
  const parsed = commands[verb as RunVerb].safeParse(data ?? {});
  if (!parsed.success)
    throw new DreyError('argument_invalid', `"${verb}" of a run: ${z.prettifyError(parsed.error)}`);
  return { type: verb, ...parsed.data, at };
}
