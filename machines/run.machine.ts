/**
 * The guided execution of a SOP. After each step it checks what comes next: a person's input, a person's approval, a
 * call, or the end. A write is never made twice: a call that failed ends the run, and trying again is a new run.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import { isOfOldCall, toDeviation, toStep } from './run-events.ts';
import type { RunEvent, RunNeed } from './run-events.ts';
import { runLimits } from './words/runs.ts';
import type { RunCall, RunDeviation, RunOffer, RunPlan, RunTaken } from './words/runs.ts';

export type { RunEvent } from './run-events.ts';

export const runMachineVersion = 2;

/** Steps of one run. */
export const runStepsMax = runLimits.stepsMax;

export interface RunInput {
  readonly runId: string;
  readonly sopId: string;
  /** How long a person may take. */
  readonly waitMs: number;
  readonly callMs: number;
}

export interface RunContext extends RunInput {
  /** Calls that were made. */
  readonly steps: number;
  readonly reason: string | null;
  /** What it follows; null before the start, and in a replay. */
  readonly plan: RunPlan | null;
  /** The step of the plan it is at. */
  readonly at: number;
  readonly offer: RunOffer | null;
  readonly call: RunCall | null;
  readonly taken: readonly RunTaken[];
  readonly deviations: number;
}

/** Which event tells of which edge. */
export const runEdges = {
  'planned>checking': 'run.started',
  'planned>cancelled': 'run.cancelled',
  'checking>awaitingInput': 'run.paused',
  'checking>awaitingApproval': 'run.paused',
  'checking>calling': 'run.stepped',
  'checking>done': 'run.finished',
  'checking>failed': 'run.failed',
  'checking>cancelled': 'run.cancelled',
  'awaitingInput>awaitingApproval': 'run.paused',
  'awaitingInput>calling': 'run.stepped',
  'awaitingInput>checking': 'run.stepped',
  'awaitingInput>failed': 'run.failed',
  'awaitingInput>cancelled': 'run.cancelled',
  'awaitingApproval>calling': 'run.stepped',
  'awaitingApproval>checking': 'run.stepped',
  'awaitingApproval>failed': 'run.failed',
  'awaitingApproval>cancelled': 'run.cancelled',
  'calling>checking': 'run.stepped',
  'calling>awaitingApproval': 'run.paused',
  'calling>failed': 'run.failed',
  'calling>cancelled': 'run.cancelled',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: RunContext = {
  runId: '',
  sopId: '',
  waitMs: runLimits.waitMs,
  callMs: runLimits.callMs,
  steps: 0,
  reason: null,
  plan: null,
  at: 0,
  offer: null,
  call: null,
  taken: [],
  deviations: 0,
};

/** How a step differs from the procedure; nothing is told where it does not. */
export interface Deviation {
  readonly sopId: string;
  readonly step: number;
  readonly tool: string;
  readonly what: RunDeviation | null;
}

interface Seen {
  readonly context: RunContext;
  readonly event: RunEvent;
}

function toDeviations({ context, event }: Seen): number {
  return context.deviations + (toDeviation(event) === null ? 0 : 1);
}

const needs = (event: RunEvent, need: RunNeed): boolean => 'needs' in event && event.needs === need;

const chart = setup({
  types: { input: {} as RunInput, context: {} as RunContext, events: {} as RunEvent },
  guards: {
    needsInput: ({ event }) => needs(event, 'input'),
    needsApproval: ({ event }) => needs(event, 'approval'),
    needsNothing: ({ event }) => needs(event, 'nothing'),
    /** For another step than the one it is at, or of another call: somebody else was faster. */
    isStale: ({ context, event }) =>
      (toStep(event) ?? context.at) !== context.at || isOfOldCall(event, context.call),
    isTooLong: ({ context }) => context.steps >= runStepsMax,
    needsCall: ({ event }) => needs(event, 'call'),
  },
  delays: {
    waitMs: ({ context }) => context.waitMs,
    callMs: ({ context }) => context.callMs,
  },
  actions: {
    /** For hands: finds out what the next step needs, answers with `next` or `check.failed`. */
    check: (_now, _which: { readonly runId: string; readonly step: number }) => {},
    /** For hands: asks a person. */
    ask: (
      _now,
      _which: { readonly runId: string; readonly step: number; readonly for: 'input' | 'approval' },
    ) => {},
    /** For hands: makes the call, answers with `call.done` or `call.failed`. */
    call: (_now, _which: { readonly runId: string; readonly step: number }) => {},
    /** For hands: the call is wanted no more. */
    cancelCall: (_now, _which: { readonly runId: string; readonly step: number }) => {},
    /** For hands: says that the run differs from its procedure. */
    tellDeviation: (_now, _which: Deviation) => {},
    noteStart: assign({
      plan: ({ event }) => (event.type === 'start' ? (event.plan ?? null) : null),
      sopId: ({ context, event }) =>
        event.type === 'start' ? (event.sopId ?? context.sopId) : context.sopId,
    }),
    noteOffer: assign({
      offer: ({ context, event }: Seen) => ('offer' in event ? (event.offer ?? null) : context.offer),
      call: ({ event }: Seen) => ('call' in event ? (event.call ?? null) : null),
      deviations: toDeviations,
    }),
    noteTaken: assign({
      at: ({ context }) => context.at + 1,
      offer: null,
      call: null,
      taken: ({ context, event }: Seen) =>
        'taken' in event && event.taken !== undefined ? [...context.taken, event.taken] : context.taken,
    }),
    countDeviation: assign({ deviations: toDeviations }),
    countStep: assign({ steps: ({ context }) => context.steps + 1 }),
    noteReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason ?? null) : null) }),
    noteWaitOver: assign({ reason: 'Nobody answered in time.' }),
    noteCallOverdue: assign({ reason: 'The call did not end in time.' }),
    noteTooLong: assign({ reason: `A run has at most ${runStepsMax} steps.` }),
  },
});

interface Now {
  readonly context: RunContext;
}

const which = ({ context }: Now) => ({ runId: context.runId, step: context.steps });
const check = { type: 'check', params: which } as const;
const call = { type: 'call', params: which } as const;
const cancelCall = { type: 'cancelCall', params: which } as const;
const askInput = { type: 'ask', params: (now: Now) => ({ ...which(now), for: 'input' as const }) } as const;
const askApproval = {
  type: 'ask',
  params: (now: Now) => ({ ...which(now), for: 'approval' as const }),
} as const;

const tellDeviation = {
  type: 'tellDeviation',
  params: ({ context, event }: Seen): Deviation => ({
    sopId: context.sopId,
    step: context.at,
    tool: context.plan?.procedure[context.at]?.tool ?? '',
    what: toDeviation(event),
  }),
} as const;

const cancel = { target: 'cancelled', actions: 'noteReason' } as const;
const offered = ['noteOffer', tellDeviation] as const;
const skip = [
  { guard: 'isStale' },
  { target: 'checking', reenter: true, actions: [tellDeviation, 'countDeviation', 'noteTaken'] },
] as const;
const waitOver = { waitMs: { target: 'failed', actions: 'noteWaitOver' } } as const;

/** A run's chart. */
export const runMachine = chart.createMachine({
  id: 'run',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'planned',
  states: {
    planned: { on: { start: { target: 'checking', actions: 'noteStart' }, cancel } },
    checking: {
      entry: check,
      on: {
        next: [
          { guard: 'isStale' },
          { guard: 'needsNothing', target: 'done' },
          { guard: 'isTooLong', target: 'failed', actions: 'noteTooLong' },
          { guard: 'needsInput', target: 'awaitingInput', actions: [...offered] },
          { guard: 'needsApproval', target: 'awaitingApproval', actions: [...offered] },
          { guard: 'needsCall', target: 'calling', actions: [...offered] },
        ],
        'step.skipped': [...skip],
        'check.failed': { target: 'failed', actions: 'noteReason' },
        cancel,
      },
      // Whoever began it may never move it on.
      after: waitOver,
    },
    awaitingInput: {
      entry: askInput,
      on: {
        'input.given': [
          { guard: 'isStale' },
          { guard: 'needsApproval', target: 'awaitingApproval', actions: [...offered] },
          { target: 'calling', actions: [...offered] },
        ],
        'step.skipped': [...skip],
        cancel,
      },
      after: waitOver,
    },
    awaitingApproval: {
      entry: askApproval,
      on: {
        'approval.given': [{ guard: 'isStale' }, { target: 'calling', actions: [...offered] }],
        'approval.denied': cancel,
        'step.skipped': [...skip],
        cancel,
      },
      after: waitOver,
    },
    calling: {
      entry: call,
      on: {
        'call.done': [{ guard: 'isStale' }, { target: 'checking', actions: ['countStep', 'noteTaken'] }],
        'call.failed': [
          { guard: 'isStale' },
          { target: 'failed', actions: ['noteReason', 'countDeviation', tellDeviation] },
        ],
        'call.lost': [
          { guard: 'isStale' },
          { guard: 'needsApproval', target: 'awaitingApproval', actions: 'noteOffer' },
          { target: 'calling', reenter: true, actions: 'noteOffer' },
        ],
        cancel: { target: 'cancelled', actions: ['noteReason', cancelCall] },
      },
      after: { callMs: { target: 'failed', actions: ['noteCallOverdue', cancelCall] } },
    },
    done: { tags: 'ended' },
    failed: { tags: 'ended' },
    cancelled: { tags: 'ended' },
  },
});
