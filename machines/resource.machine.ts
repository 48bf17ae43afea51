/**
 * A resource's life: an upstream server, the database, the bus. One failed check is no outage and one good one no
 * recovery; restarts wait, are counted, and end when they are too many. Starting, cleaning and checking are for hands.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import type { PlainError } from './words/errors.ts';

export const resourceMachineVersion = 1;

export interface ResourceSettings {
  readonly initMs: number;
  readonly cleanMs: number;
  /** Failed checks in a row that make it unhealthy. */
  readonly downAfter: number;
  /** Good checks in a row that make it healthy again. */
  readonly upAfter: number;
  /** More restarts than these within the period are too many. */
  readonly restartsMax: number;
  readonly restartPeriodMs: number;
  /** First wait before a restart; it doubles with each restart of the period. */
  readonly restMs: number;
  readonly restMsMax: number;
}

export const resourceDefaults: ResourceSettings = {
  initMs: 10_000,
  cleanMs: 5_000,
  downAfter: 2,
  upAfter: 2,
  restartsMax: 3,
  restartPeriodMs: 5_000,
  restMs: 100,
  restMsMax: 30_000,
};

export interface ResourceInput {
  readonly resourceId: string;
  readonly settings: ResourceSettings;
}

export interface ResourceContext extends ResourceInput {
  /** When the present state of affairs began, as far as the machine was told. */
  readonly at: number;
  readonly failures: number;
  readonly successes: number;
  /** Moments of the restarts within the period; never more than `restartsMax`. */
  readonly restarts: readonly number[];
  readonly lastError: PlainError | null;
  /** Where cleaning leads. */
  readonly ending: 'disposed' | 'failed';
}

interface At {
  readonly at: number;
}

/** How many checks in a row came out like this one; only recorded causes carry it (see `toResourceCause`). */
interface Streak {
  readonly streak?: number;
}

export type ResourceEvent =
  | ({ readonly type: 'start' } & At)
  | ({ readonly type: 'init.done' } & At)
  | ({ readonly type: 'init.failed'; readonly error: PlainError } & At)
  | ({ readonly type: 'check.passed' } & Streak & At)
  | ({ readonly type: 'check.failed'; readonly error: PlainError } & Streak & At)
  | ({ readonly type: 'restart' } & At)
  | ({ readonly type: 'dispose'; readonly reason?: string } & At)
  | ({ readonly type: 'clean.done' } & At)
  | ({ readonly type: 'clean.failed'; readonly error: PlainError } & At);

/** Which event tells of which edge; `resource.registered` is told when it is made. */
export const resourceEdges = {
  'registered>initializing': null,
  'registered>disposed': 'resource.disposed',
  'initializing>healthy': 'resource.healthy',
  'initializing>unhealthy': 'resource.unhealthy',
  'initializing>cleaning': null,
  'healthy>degraded': 'resource.degraded',
  'healthy>unhealthy': 'resource.unhealthy',
  'healthy>restarting': null,
  'healthy>cleaning': null,
  'degraded>healthy': 'resource.healthy',
  'degraded>unhealthy': 'resource.unhealthy',
  'degraded>restarting': null,
  'degraded>cleaning': null,
  'unhealthy>restarting': null,
  'unhealthy>cleaning': null,
  'restarting>initializing': 'resource.restarted',
  'restarting>cleaning': null,
  'cleaning>disposed': 'resource.disposed',
  'cleaning>failed': 'resource.failed',
  'failed>restarting': null,
  'failed>cleaning': null,
} as const satisfies LifecycleEdges;

/** An event as it is recorded: with the count it was judged by, so that edges alone replay exactly. */
export function toResourceCause(context: ResourceContext, event: ResourceEvent): ResourceEvent {
  if (event.type === 'check.failed') return { ...event, streak: toFailures(context, event) };
  if (event.type === 'check.passed') return { ...event, streak: toSuccesses(context, event) };
  return event;
}

/** The wait before the next restart. */
export function toRestMs({ settings, restarts }: ResourceContext): number {
  return Math.min(settings.restMsMax, settings.restMs * 2 ** restarts.length);
}

const toFailures = (context: ResourceContext, event: Streak): number =>
  Math.max(event.streak ?? 0, context.failures + 1);
const toSuccesses = (context: ResourceContext, event: Streak): number =>
  Math.max(event.streak ?? 0, context.successes + 1);
const toRecent = ({ settings, restarts }: ResourceContext, at: number): readonly number[] =>
  restarts.filter((moment) => at - moment < settings.restartPeriodMs);

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: ResourceContext = {
  resourceId: '',
  settings: resourceDefaults,
  at: 0,
  failures: 0,
  successes: 0,
  restarts: [],
  lastError: null,
  ending: 'disposed',
};

const chart = setup({
  types: { input: {} as ResourceInput, context: {} as ResourceContext, events: {} as ResourceEvent },
  guards: {
    isDown: ({ context, event }) =>
      event.type === 'check.failed' && toFailures(context, event) >= context.settings.downAfter,
    isUp: ({ context, event }) =>
      event.type === 'check.passed' && toSuccesses(context, event) >= context.settings.upAfter,
    mayRestart: ({ context }) =>
      toRecent(context, context.at + toRestMs(context)).length < context.settings.restartsMax,
    isGivenUp: ({ context }) => context.ending === 'failed',
  },
  delays: {
    initMs: ({ context }) => context.settings.initMs,
    cleanMs: ({ context }) => context.settings.cleanMs,
    restMs: ({ context }) => toRestMs(context),
  },
  actions: {
    /** For hands: brings it up, answers with `init.done` or `init.failed`. */
    initialize: (_now, _which: { readonly resourceId: string }) => {},
    /** For hands: takes it down, answers with `clean.done` or `clean.failed`. */
    clean: (_now, _which: { readonly resourceId: string }) => {},
    /** For hands: it came up after nobody waited any longer; take it down. */
    discardLate: (_now, _which: { readonly resourceId: string }) => {},
    noteTime: assign({ at: ({ event }) => event.at }),
    noteError: assign(({ context, event }) => ({
      at: event.at,
      lastError: 'error' in event ? event.error : context.lastError,
    })),
    noteInitOverdue: assign(({ context }) => ({
      at: context.at + context.settings.initMs,
      lastError: {
        code: 'call_timeout',
        kind: 'dependency_failed',
        message: `It did not start within ${context.settings.initMs} ms.`,
        retry: 'later',
      } as const,
    })),
    noteCleanOverdue: assign(({ context }) => ({ at: context.at + context.settings.cleanMs })),
    noteUp: assign(({ event }) => ({ at: event.at, failures: 0, successes: 0, lastError: null })),
    countFailure: assign(({ context, event }) => ({
      at: event.at,
      successes: 0,
      failures: toFailures(context, event as Streak),
      lastError: 'error' in event ? event.error : context.lastError,
    })),
    countSuccess: assign(({ context, event }) => ({
      at: event.at,
      failures: 0,
      successes: toSuccesses(context, event as Streak),
    })),
    countRestart: assign(({ context }) => {
      const at = context.at + toRestMs(context);
      return { at, failures: 0, successes: 0, restarts: [...toRecent(context, at), at] };
    }),
    restartByHand: assign(({ event }) => ({
      at: event.at,
      failures: 0,
      successes: 0,
      restarts: [],
      ending: 'disposed',
    })),
    endWell: assign(({ event }) => ({ at: event.at, ending: 'disposed' as const })),
    giveUp: assign(({ context }) => ({ at: context.at + toRestMs(context), ending: 'failed' as const })),
  },
});

const which = ({ context }: { readonly context: ResourceContext }) => ({ resourceId: context.resourceId });
const initialize = { type: 'initialize', params: which } as const;
const clean = { type: 'clean', params: which } as const;
const discardLate = { type: 'discardLate', params: which } as const;

const dispose = { target: 'cleaning', actions: 'endWell' } as const;
const restart = { target: 'restarting', actions: 'restartByHand' } as const;
const lateInit = { actions: discardLate } as const;

/** A resource's chart. */
export const resourceMachine = chart.createMachine({
  id: 'resource',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'registered',
  states: {
    registered: {
      on: {
        start: { target: 'initializing', actions: 'noteTime' },
        dispose: { target: 'disposed', actions: 'endWell' },
      },
    },
    initializing: {
      entry: initialize,
      on: {
        'init.done': { target: 'healthy', actions: 'noteUp' },
        'init.failed': { target: 'unhealthy', actions: 'noteError' },
        dispose,
      },
      after: { initMs: { target: 'unhealthy', actions: 'noteInitOverdue' } },
    },
    healthy: {
      on: {
        'check.passed': { actions: 'countSuccess' },
        'check.failed': [
          { guard: 'isDown', target: 'unhealthy', actions: 'countFailure' },
          { target: 'degraded', actions: 'countFailure' },
        ],
        restart,
        dispose,
      },
    },
    degraded: {
      on: {
        'check.passed': [
          { guard: 'isUp', target: 'healthy', actions: 'noteUp' },
          { actions: 'countSuccess' },
        ],
        'check.failed': [
          { guard: 'isDown', target: 'unhealthy', actions: 'countFailure' },
          { actions: 'countFailure' },
        ],
        restart,
        dispose,
      },
    },
    unhealthy: {
      on: { 'init.done': lateInit, restart, dispose },
      after: {
        restMs: [
          { guard: 'mayRestart', target: 'restarting', actions: 'countRestart' },
          { target: 'cleaning', actions: 'giveUp' },
        ],
      },
    },
    restarting: {
      entry: clean,
      on: {
        'clean.done': { target: 'initializing', actions: 'noteTime' },
        'clean.failed': { target: 'initializing', actions: 'noteError' },
        'init.done': lateInit,
        dispose,
      },
      after: { cleanMs: { target: 'initializing', actions: 'noteCleanOverdue' } },
    },
    cleaning: {
      entry: clean,
      on: {
        'clean.done': [
          { guard: 'isGivenUp', target: 'failed', actions: 'noteTime' },
          { target: 'disposed', actions: 'noteTime' },
        ],
        'clean.failed': [
          { guard: 'isGivenUp', target: 'failed', actions: 'noteError' },
          { target: 'disposed', actions: 'noteError' },
        ],
        dispose: { actions: 'endWell' },
        'init.done': lateInit,
      },
      after: {
        cleanMs: [
          { guard: 'isGivenUp', target: 'failed', actions: 'noteCleanOverdue' },
          { target: 'disposed', actions: 'noteCleanOverdue' },
        ],
      },
    },
    disposed: { tags: 'ended', on: { 'init.done': lateInit } },
    failed: { on: { 'init.done': lateInit, restart, dispose } },
  },
});
