/**
 * One worker of the learning engine as people see it. Its supervisor decides whether and when it starts again; this
 * chart only knows what state that leaves the worker in, and notices when it no longer gives a sign of life.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import type { PlainError } from './words/errors.ts';

export const workerMachineVersion = 1;

/** The engine's workers in start order: each may need those before it. */
export const workerNames = [
  'writer',
  'episodes',
  'extractor',
  'discoverer',
  'graph',
  'scorer',
  'intake',
] as const;
export type WorkerName = (typeof workerNames)[number];

export interface WorkerInput {
  readonly name: WorkerName;
  /** Silence that counts as hanging. */
  readonly heartbeatMs: number;
}

export interface WorkerContext extends WorkerInput {
  /** Starts so far. */
  readonly attempt: number;
  readonly lastError: PlainError | null;
}

interface At {
  readonly at: number;
}

export type WorkerEvent =
  | ({ readonly type: 'start' } & At)
  | ({ readonly type: 'started' } & At)
  | ({ readonly type: 'heartbeat' } & At)
  | ({ readonly type: 'crashed'; readonly error: PlainError } & At)
  | ({ readonly type: 'give.up'; readonly reason?: string } & At)
  | ({ readonly type: 'stop' } & At)
  | ({ readonly type: 'stopped' } & At);

/** Which event tells of which edge. */
export const workerEdges = {
  'stopped>starting': null,
  'starting>running': 'worker.started',
  'starting>backingOff': 'worker.failed',
  'starting>stopped': 'worker.stopped',
  'running>backingOff': 'worker.failed',
  'running>stopped': 'worker.stopped',
  'backingOff>starting': 'worker.restarted',
  'backingOff>failed': 'worker.gave_up',
  'backingOff>stopped': 'worker.stopped',
  'failed>starting': 'worker.restarted',
  'failed>stopped': 'worker.stopped',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: WorkerContext = { name: 'intake', heartbeatMs: 30_000, attempt: 0, lastError: null };

const chart = setup({
  types: { input: {} as WorkerInput, context: {} as WorkerContext, events: {} as WorkerEvent },
  delays: { heartbeatMs: ({ context }) => context.heartbeatMs },
  actions: {
    /** For hands: asks it to finish, answers with `stopped`. */
    halt: (_now, _which: { readonly name: WorkerName }) => {},
    /** For hands: it hangs, or never began; end it by force. */
    kill: (_now, _which: { readonly name: WorkerName }) => {},
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    noteError: assign(({ context, event }) => ({
      lastError: 'error' in event ? event.error : context.lastError,
    })),
    noteSilence: assign(({ context }) => ({
      lastError: {
        code: 'worker_failed',
        kind: 'dependency_failed',
        message: `It gave no sign of life for ${context.heartbeatMs} ms.`,
        retry: 'later',
      } as const,
    })),
  },
});

const which = ({ context }: { readonly context: WorkerContext }) => ({ name: context.name });
const kill = { type: 'kill', params: which } as const;
const halt = { type: 'halt', params: which } as const;
const crashed = { target: 'backingOff', actions: 'noteError' } as const;
const silent = { target: 'backingOff', actions: ['noteSilence', kill] } as const;

/** A worker's chart. */
export const workerMachine = chart.createMachine({
  id: 'worker',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'stopped',
  states: {
    stopped: { on: { start: { target: 'starting', actions: 'countAttempt' } } },
    starting: {
      on: { started: { target: 'running' }, crashed, stop: { target: 'stopped', actions: kill } },
      after: { heartbeatMs: silent },
    },
    running: {
      on: {
        heartbeat: { target: 'running', reenter: true },
        crashed,
        stop: { actions: halt },
        stopped: { target: 'stopped' },
      },
      after: { heartbeatMs: silent },
    },
    backingOff: {
      on: {
        start: { target: 'starting', actions: 'countAttempt' },
        'give.up': { target: 'failed' },
        stop: { target: 'stopped' },
      },
    },
    failed: {
      on: { start: { target: 'starting', actions: 'countAttempt' }, stop: { target: 'stopped' } },
    },
  },
});
