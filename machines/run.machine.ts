/**
 * The guided execution of a SOP. After each step it checks what comes next: a person's input, a person's approval, a
 * call, or the end. A write is never made twice: a call that failed ends the run, and trying again is a new run.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';

export const runMachineVersion = 1;

/** Steps of one run. */
export const runStepsMax = 100;

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
}

/** What the next step needs before it can be made. */
export type RunNeed = 'input' | 'approval' | 'call' | 'nothing';

interface At {
  readonly at: number;
}

export type RunEvent =
  | ({ readonly type: 'start' } & At)
  | ({ readonly type: 'next'; readonly needs: RunNeed } & At)
  | ({ readonly type: 'input.given'; readonly needs: 'approval' | 'call' } & At)
  | ({ readonly type: 'approval.given' } & At)
  | ({ readonly type: 'approval.denied'; readonly reason?: string } & At)
  | ({ readonly type: 'call.done' } & At)
  | ({ readonly type: 'call.failed'; readonly reason: string } & At)
  | ({ readonly type: 'check.failed'; readonly reason: string } & At)
  | ({ readonly type: 'cancel'; readonly reason?: string } & At);

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
  'awaitingInput>failed': 'run.failed',
  'awaitingInput>cancelled': 'run.cancelled',
  'awaitingApproval>calling': 'run.stepped',
  'awaitingApproval>failed': 'run.failed',
  'awaitingApproval>cancelled': 'run.cancelled',
  'calling>checking': 'run.stepped',
  'calling>failed': 'run.failed',
  'calling>cancelled': 'run.cancelled',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: RunContext = { runId: '', sopId: '', waitMs: 600_000, callMs: 60_000, steps: 0, reason: null };

const needs = (event: RunEvent, need: RunNeed): boolean => 'needs' in event && event.needs === need;

const chart = setup({
  types: { input: {} as RunInput, context: {} as RunContext, events: {} as RunEvent },
  guards: {
    needsInput: ({ event }) => needs(event, 'input'),
    needsApproval: ({ event }) => needs(event, 'approval'),
    needsNothing: ({ event }) => needs(event, 'nothing'),
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

const cancel = { target: 'cancelled', actions: 'noteReason' } as const;
const fail = { target: 'failed', actions: 'noteReason' } as const;
const waitOver = { waitMs: { target: 'failed', actions: 'noteWaitOver' } } as const;

/** A run's chart. */
export const runMachine = chart.createMachine({
  id: 'run',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'planned',
  states: {
    planned: { on: { start: { target: 'checking' }, cancel } },
    checking: {
      entry: check,
      on: {
        next: [
          { guard: 'needsNothing', target: 'done' },
          { guard: 'isTooLong', target: 'failed', actions: 'noteTooLong' },
          { guard: 'needsInput', target: 'awaitingInput' },
          { guard: 'needsApproval', target: 'awaitingApproval' },
          { guard: 'needsCall', target: 'calling' },
        ],
        'check.failed': fail,
        cancel,
      },
    },
    awaitingInput: {
      entry: askInput,
      on: {
        'input.given': [{ guard: 'needsApproval', target: 'awaitingApproval' }, { target: 'calling' }],
        cancel,
      },
      after: waitOver,
    },
    awaitingApproval: {
      entry: askApproval,
      on: { 'approval.given': { target: 'calling' }, 'approval.denied': cancel, cancel },
      after: waitOver,
    },
    calling: {
      entry: call,
      on: {
        'call.done': { target: 'checking', actions: 'countStep' },
        'call.failed': fail,
        cancel: { target: 'cancelled', actions: ['noteReason', cancelCall] },
      },
      after: { callMs: { target: 'failed', actions: ['noteCallOverdue', cancelCall] } },
    },
    done: { tags: 'ended' },
    failed: { tags: 'ended' },
    cancelled: { tags: 'ended' },
  },
});
