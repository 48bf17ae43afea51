/**
 * The learning engine: whether it runs, and beside that whether it takes in more. Its workers stand under a supervisor
 * of their own; this chart hears of them as a whole. Layer 1 never waits for anything that is decided here.
 */
import { assign, setup } from 'xstate';
import type { StateValue } from 'xstate';
import { toLifecycle } from './edges.ts';
import type { LifecycleEdges } from './edges.ts';

export const learningMachineVersion = 1;

export interface LearningSettings {
  /** Waiting events from which intake is pressed, and from which it pauses. */
  readonly pressedAt: number;
  readonly pausedAt: number;
  /** Waiting events at or below which it flows again. */
  readonly flowingAt: number;
  readonly startMs: number;
  readonly drainMs: number;
}

export const learningDefaults: LearningSettings = {
  pressedAt: 1_000,
  pausedAt: 10_000,
  flowingAt: 100,
  startMs: 30_000,
  drainMs: 10_000,
};

export interface LearningInput {
  readonly engineId: string;
  readonly settings: LearningSettings;
}

export interface LearningContext extends LearningInput {
  readonly lag: number;
  /** Paused by hand: no lag, however small, resumes it. */
  readonly held: boolean;
  readonly lastError: string | null;
}

interface At {
  readonly at: number;
}

export type LearningEvent =
  | ({ readonly type: 'start' } & At)
  /** All workers are up. */
  | ({ readonly type: 'workers.up' } & At)
  /** All workers are down. */
  | ({ readonly type: 'workers.down' } & At)
  /** Their supervisor gave up. */
  | ({ readonly type: 'workers.failed'; readonly reason: string } & At)
  | ({ readonly type: 'drain'; readonly reason?: string } & At)
  | ({ readonly type: 'lag.measured'; readonly lag: number } & At)
  | ({ readonly type: 'pause'; readonly reason?: string } & At)
  | ({ readonly type: 'resume' } & At);

/** Which event tells of which edge, of both regions. */
export const learningEdges = {
  'stopped>starting': null,
  'starting>running': 'learning.started',
  'starting>draining': 'learning.draining',
  'starting>failed': 'learning.failed',
  'running>draining': 'learning.draining',
  'running>failed': 'learning.failed',
  'draining>stopped': 'learning.stopped',
  'failed>starting': null,
  'failed>stopped': 'learning.stopped',
  'flowing>pressed': 'learning.pressed',
  'flowing>paused': 'learning.paused',
  'pressed>flowing': 'learning.resumed',
  'pressed>paused': 'learning.paused',
  'paused>flowing': 'learning.resumed',
  'paused>pressed': 'learning.pressed',
} as const satisfies LifecycleEdges;

/** What the learning status tool answers; null stands for an engine nobody can reach. */
export function toEngineStatus(value: StateValue | null): 'running' | 'stopped' | 'unavailable' {
  const state = value === null ? 'failed' : toLifecycle(value)[0];
  if (state === 'running' || state === 'draining') return 'running';
  return state === 'stopped' ? 'stopped' : 'unavailable';
}

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: LearningContext = {
  engineId: '',
  settings: learningDefaults,
  lag: 0,
  held: false,
  lastError: null,
};

const chart = setup({
  types: { input: {} as LearningInput, context: {} as LearningContext, events: {} as LearningEvent },
  guards: {
    isTooMuch: ({ context, event }) =>
      event.type === 'lag.measured' && event.lag >= context.settings.pausedAt,
    isMuch: ({ context, event }) => event.type === 'lag.measured' && event.lag >= context.settings.pressedAt,
    isLittle: ({ context, event }) =>
      event.type === 'lag.measured' && event.lag <= context.settings.flowingAt,
    isHeld: ({ context }) => context.held,
    isBearable: ({ context, event }) =>
      event.type === 'lag.measured' && event.lag < context.settings.pressedAt,
  },
  delays: {
    startMs: ({ context }) => context.settings.startMs,
    drainMs: ({ context }) => context.settings.drainMs,
  },
  actions: {
    /** For hands: starts the workers under their supervisor, answers with `workers.up` or `workers.failed`. */
    startWorkers: (_now, _which: { readonly engineId: string }) => {},
    /** For hands: lets the workers finish what they have, answers with `workers.down`. */
    stopWorkers: (_now, _which: { readonly engineId: string }) => {},
    /** For hands: ends the workers by force. */
    killWorkers: (_now, _which: { readonly engineId: string }) => {},
    noteLag: assign({
      lag: ({ context, event }) => (event.type === 'lag.measured' ? event.lag : context.lag),
    }),
    noteFailure: assign({ lastError: ({ event }) => ('reason' in event ? (event.reason ?? null) : null) }),
    noteOverdue: assign({ lastError: 'The workers did not start in time.' }),
    clearError: assign({ lastError: null }),
    hold: assign({ held: true }),
    letGo: assign({ held: false }),
  },
});

const which = ({ context }: { readonly context: LearningContext }) => ({ engineId: context.engineId });
const startWorkers = { type: 'startWorkers', params: which } as const;
const stopWorkers = { type: 'stopWorkers', params: which } as const;
const killWorkers = { type: 'killWorkers', params: which } as const;

const fails = { target: 'failed', actions: 'noteFailure' } as const;
const pause = { target: 'paused', actions: 'hold' } as const;

/** The learning engine's chart. */
export const learningMachine = chart.createMachine({
  id: 'learning',
  context: ({ input }) => ({ ...blank, ...input }),
  type: 'parallel',
  states: {
    engine: {
      initial: 'stopped',
      states: {
        stopped: { on: { start: { target: 'starting' } } },
        starting: {
          entry: ['clearError', startWorkers],
          on: { 'workers.up': { target: 'running' }, 'workers.failed': fails, drain: { target: 'draining' } },
          after: { startMs: { target: 'failed', actions: ['noteOverdue', killWorkers] } },
        },
        running: { on: { drain: { target: 'draining' }, 'workers.failed': fails } },
        draining: {
          entry: stopWorkers,
          on: { 'workers.down': { target: 'stopped' }, 'workers.failed': { target: 'stopped' } },
          after: { drainMs: { target: 'stopped', actions: killWorkers } },
        },
        failed: { on: { start: { target: 'starting' }, drain: { target: 'stopped' } } },
      },
    },
    intake: {
      initial: 'flowing',
      states: {
        flowing: {
          on: {
            'lag.measured': [
              { guard: 'isTooMuch', target: 'paused', actions: 'noteLag' },
              { guard: 'isMuch', target: 'pressed', actions: 'noteLag' },
              { actions: 'noteLag' },
            ],
            pause,
          },
        },
        pressed: {
          on: {
            'lag.measured': [
              { guard: 'isTooMuch', target: 'paused', actions: 'noteLag' },
              { guard: 'isLittle', target: 'flowing', actions: 'noteLag' },
              { actions: 'noteLag' },
            ],
            pause,
          },
        },
        paused: {
          on: {
            'lag.measured': [
              { guard: 'isHeld', actions: 'noteLag' },
              { guard: 'isLittle', target: 'flowing', actions: 'noteLag' },
              { guard: 'isBearable', target: 'pressed', actions: 'noteLag' },
              { actions: 'noteLag' },
            ],
            pause: { actions: 'hold' },
            resume: { target: 'flowing', actions: 'letGo' },
          },
        },
      },
    },
  },
});
