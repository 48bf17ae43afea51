/**
 * A session's life: one for each client that talks to the gateway. It counts the calls in flight and refuses what is
 * too much or comes too late; being busy is derived from it and never published. It does no work itself.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import type { ErrorCode } from './words/errors.ts';

export const sessionMachineVersion = 1;

export interface SessionSettings {
  /** Calls in flight at once. */
  readonly callsMax: number;
  /** How long a session may be idle before it expires. */
  readonly idleMs: number;
  /** How long draining waits for calls in flight. */
  readonly drainMs: number;
}

export interface SessionInput {
  readonly sessionId: string;
  readonly settings: SessionSettings;
}

export interface SessionContext extends SessionInput {
  /** Ids of the calls in flight, never more than `callsMax`: an end that is told twice counts once. */
  readonly inFlight: readonly string[];
  readonly callsTotal: number;
  readonly task: string | null;
  /** Whether it goes on elsewhere once it has drained. */
  readonly goesOn: boolean;
  /** When the last event came. */
  readonly at: number;
  /** Due time of expiry while idle; timers are armed anew from it after a restore. */
  readonly idleUntil: number | null;
}

interface At {
  readonly at: number;
}

export type SessionEvent =
  | ({ readonly type: 'opened' } & At)
  | ({ readonly type: 'call.started'; readonly callId: string } & At)
  | ({ readonly type: 'call.ended'; readonly callId: string; readonly outcome: SessionCallOutcome } & At)
  | ({ readonly type: 'task.start'; readonly taskId: string } & At)
  | ({ readonly type: 'task.finish'; readonly taskId: string } & At)
  /** `goesOn`: once nothing is in flight it is let go of as it is, for another node; otherwise it is closed. */
  | ({ readonly type: 'drain'; readonly reason?: string; readonly goesOn?: boolean } & At)
  | ({ readonly type: 'close'; readonly reason?: string } & At)
  | ({ readonly type: 'resume' } & At)
  /** The host restored it: due times are judged again. */
  | ({ readonly type: 'restored' } & At);

export type SessionCallOutcome = 'finished' | 'failed' | 'refused';

/** What a hand needs to refuse a call. */
export interface CallRefusal {
  readonly callId: string;
  readonly code: ErrorCode;
}

/** Which event tells of which edge. */
export const sessionEdges = {
  'opening>ready': 'session.opened',
  'opening>closed': 'session.closed',
  'ready>draining': 'session.drained',
  'ready>closed': 'session.closed',
  'ready>expired': 'session.expired',
  'draining>ready': 'session.resumed',
  'draining>closed': 'session.closed',
  'expired>ready': 'session.resumed',
  'expired>closed': 'session.closed',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: SessionContext = {
  sessionId: '',
  settings: { callsMax: 1, idleMs: 0, drainMs: 0 },
  inFlight: [],
  callsTotal: 0,
  task: null,
  goesOn: false,
  at: 0,
  idleUntil: null,
};

/** What a parameter is computed from. */
interface Now {
  readonly context: SessionContext;
  readonly event: SessionEvent;
}

const chart = setup({
  types: { input: {} as SessionInput, context: {} as SessionContext, events: {} as SessionEvent },
  guards: {
    hasRoom: ({ context }) => context.inFlight.length < context.settings.callsMax,
    isKnownCall: ({ context, event }) =>
      event.type === 'call.started' && context.inFlight.includes(event.callId),
    isLastCall: ({ context, event }) =>
      event.type === 'call.ended' && context.inFlight.every((callId) => callId === event.callId),
    nothingInFlight: ({ context }) => context.inFlight.length === 0,
    goesOn: ({ context }) => context.goesOn,
    goesOnNow: ({ context }) => context.goesOn && context.inFlight.length === 0,
    isLastToGoOn: ({ context, event }) =>
      context.goesOn &&
      event.type === 'call.ended' &&
      context.inFlight.every((callId) => callId === event.callId),
  },
  delays: {
    /** What is left of the idle time, also after a restore. */
    idleMs: ({ context }) => Math.max(0, (context.idleUntil ?? context.at) - context.at),
    drainMs: ({ context }) => context.settings.drainMs,
    /** At once, but as an event of its own: replay then sees it. */
    settleMs: 0,
  },
  actions: {
    /** For hands: answers the caller of a call that cannot begin. */
    refuseCall: (_now, _refusal: CallRefusal) => {},
    /** For hands: answers whoever wanted to go on with a session that cannot. */
    refuseResume: (_now, _refusal: { readonly sessionId: string; readonly code: ErrorCode }) => {},
    /** For hands: cancels the calls that are still in flight. */
    cancelCalls: (_now, _calls: { readonly callIds: readonly string[] }) => {},
    /** For hands: the session is nobody's from now on, and whoever is asked for it may take it. */
    letGo: (_now, _session: { readonly sessionId: string }) => {},
    noteDrain: assign(({ event }) => ({
      at: event.at,
      goesOn: event.type === 'drain' && event.goesOn === true,
    })),
    noteTime: assign({ at: ({ event }) => event.at }),
    startIdle: assign(({ context, event }) => ({
      at: event.at,
      idleUntil: event.at + context.settings.idleMs,
    })),
    startCall: assign(({ context, event }) => ({
      at: event.at,
      idleUntil: null,
      inFlight: event.type === 'call.started' ? [...context.inFlight, event.callId] : context.inFlight,
      callsTotal: context.callsTotal + 1,
    })),
    endCall: assign(({ context, event }) => ({
      at: event.at,
      inFlight:
        event.type === 'call.ended'
          ? context.inFlight.filter((callId) => callId !== event.callId)
          : context.inFlight,
    })),
    startTask: assign(({ context, event }) => ({
      at: event.at,
      task: event.type === 'task.start' ? event.taskId : context.task,
    })),
    finishTask: assign(({ context, event }) => ({
      at: event.at,
      task: event.type === 'task.finish' && event.taskId === context.task ? null : context.task,
    })),
    forgetCalls: assign({ inFlight: [], idleUntil: null }),
  },
});

const refuse = (code: ErrorCode) =>
  ({
    type: 'refuseCall',
    params: ({ event }: Now) => ({ callId: event.type === 'call.started' ? event.callId : '', code }),
  }) as const;
const refuseResume = (code: ErrorCode) =>
  ({
    type: 'refuseResume',
    params: ({ context }: Now) => ({ sessionId: context.sessionId, code }),
  }) as const;
const cancelCalls = {
  type: 'cancelCalls',
  params: ({ context }: Now) => ({ callIds: context.inFlight }),
} as const;

const letGo = {
  type: 'letGo',
  params: ({ context }: Now) => ({ sessionId: context.sessionId }),
} as const;

/** A session's chart. */
export const sessionMachine = chart.createMachine({
  id: 'session',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'opening',
  states: {
    opening: {
      on: {
        opened: { target: 'ready', actions: 'startIdle' },
        close: { target: 'closed', actions: 'noteTime' },
        drain: { target: 'closed', actions: 'noteTime' },
        'call.started': { actions: refuse('session_unknown') },
      },
    },
    ready: {
      initial: 'idle',
      on: {
        drain: { target: 'draining', actions: 'noteDrain' },
        close: { target: 'closed', actions: ['noteTime', cancelCalls, 'forgetCalls'] },
        'task.start': { actions: 'startTask' },
        'task.finish': { actions: 'finishTask' },
      },
      states: {
        idle: {
          on: {
            'call.started': [
              { guard: 'hasRoom', target: 'working', actions: 'startCall' },
              { actions: refuse('limit_reached') },
            ],
            resume: { target: 'idle', reenter: true, actions: 'startIdle' },
            restored: { target: 'idle', reenter: true, actions: 'noteTime' },
          },
          after: { idleMs: { target: '#session.expired' } },
        },
        working: {
          on: {
            'call.started': [
              { guard: 'isKnownCall' },
              { guard: 'hasRoom', actions: 'startCall' },
              { actions: refuse('limit_reached') },
            ],
            'call.ended': [
              { guard: 'isLastCall', target: 'idle', actions: ['endCall', 'startIdle'] },
              { actions: 'endCall' },
            ],
            // The calls were lost with the process that made them.
            restored: { target: 'idle', actions: ['forgetCalls', 'startIdle'] },
          },
        },
      },
    },
    draining: {
      on: {
        'call.started': { actions: refuse('node_draining') },
        'call.ended': [
          { guard: 'isLastToGoOn', actions: ['endCall', 'forgetCalls', letGo] },
          { guard: 'isLastCall', target: 'closed', actions: ['endCall', 'forgetCalls'] },
          { actions: 'endCall' },
        ],
        'task.finish': { actions: 'finishTask' },
        resume: [
          { guard: 'nothingInFlight', target: 'ready', actions: 'startIdle' },
          { actions: refuseResume('node_draining') },
        ],
        close: { target: 'closed', actions: ['noteTime', cancelCalls, 'forgetCalls'] },
        restored: { target: 'draining', reenter: true, actions: ['noteTime', 'forgetCalls'] },
      },
      after: {
        settleMs: [
          { guard: 'goesOnNow', actions: letGo },
          { guard: 'nothingInFlight', target: 'closed' },
        ],
        drainMs: [
          { guard: 'goesOn', actions: [cancelCalls, 'forgetCalls', letGo] },
          { target: 'closed', actions: [cancelCalls, 'forgetCalls'] },
        ],
      },
    },
    expired: {
      on: {
        resume: { target: 'ready', actions: 'startIdle' },
        close: { target: 'closed', actions: 'noteTime' },
        'call.started': { actions: refuse('session_unknown') },
      },
    },
    closed: {
      tags: 'ended',
      on: {
        'call.started': { actions: refuse('session_unknown') },
        resume: { actions: refuseResume('session_unknown') },
      },
    },
  },
});
