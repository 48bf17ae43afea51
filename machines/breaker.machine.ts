/**
 * A circuit breaker's states, one for each upstream. Counting calls is not its business: a plain window beside the actor
 * counts, and only what may move the breaker is sent here. It has no timers: waits are due times in its context, on
 * the breaker's own monotonic time line, judged when the next call asks.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';

export const breakerMachineVersion = 1;

/** The part of a breaker's configuration that concerns time. */
export interface BreakerTimes {
  readonly openMs: number;
  /** Factor by which the wait grows with each failed probe. */
  readonly backoff: number;
  /** Longest wait; null is no limit but `breakerWaitMsMax`. */
  readonly openMaxMs: number | null;
  /** How long half-open may last before it counts as failed; null is for ever. */
  readonly halfOpenMaxMs: number | null;
}

/** No wait is longer than this, however often probes fail. */
export const breakerWaitMsMax = Number.MAX_SAFE_INTEGER;

export interface BreakerInput {
  readonly breakerId: string;
  readonly times: BreakerTimes;
}

export interface BreakerContext {
  readonly breakerId: string;
  readonly times: BreakerTimes;
  /** Counts entries into states (and resets); results of calls begun in an earlier generation are stale. */
  readonly generation: number;
  /** Failed probes since it was last closed. */
  readonly failedProbes: number;
  /** Isolations not yet released. */
  readonly isolations: number;
  /** While open: from then on the next call is a probe. */
  readonly openUntil: number | null;
  /** While half-open: from then on it counts as failed. */
  readonly halfOpenUntil: number | null;
}

interface At {
  /** Milliseconds on the breaker's monotonic time line. */
  readonly at: number;
}

export type BreakerEvent =
  | ({
      readonly type: 'trip';
      readonly failureRate: number;
      readonly slowRate: number;
      /** One failure was enough, because another node's breaker had opened. */
      readonly hinted?: true;
    } & At)
  | ({ readonly type: 'probe' } & At)
  | ({ readonly type: 'probes.passed' } & At)
  | ({ readonly type: 'probes.failed'; readonly failureRate: number; readonly slowRate: number } & At)
  | ({ readonly type: 'probes.overdue' } & At)
  | ({ readonly type: 'isolate' } & At)
  | ({ readonly type: 'release' } & At)
  | ({ readonly type: 'open' } & At)
  | ({ readonly type: 'halfOpen' } & At)
  | ({ readonly type: 'reset' } & At)
  | ({ readonly type: 'disable' } & At)
  | ({ readonly type: 'metricsOnly' } & At)
  | ({ readonly type: 'restored' } & At);

/** Which event tells of which edge. */
export const breakerEdges = {
  'closed>open': 'breaker.opened',
  'halfOpen>open': 'breaker.opened',
  'disabled>open': 'breaker.opened',
  'metricsOnly>open': 'breaker.opened',
  'open>halfOpen': 'breaker.probing',
  'open>closed': 'breaker.closed',
  'halfOpen>closed': 'breaker.closed',
  'disabled>closed': 'breaker.closed',
  'metricsOnly>closed': 'breaker.closed',
  'isolated>closed': 'breaker.released',
  'closed>isolated': 'breaker.isolated',
  'open>isolated': 'breaker.isolated',
  'halfOpen>isolated': 'breaker.isolated',
  'disabled>isolated': 'breaker.isolated',
  'metricsOnly>isolated': 'breaker.isolated',
  'closed>disabled': 'breaker.disabled',
  'open>disabled': 'breaker.disabled',
  'halfOpen>disabled': 'breaker.disabled',
  'isolated>disabled': 'breaker.disabled',
  'metricsOnly>disabled': 'breaker.disabled',
  'closed>metricsOnly': 'breaker.observing',
  'open>metricsOnly': 'breaker.observing',
  'halfOpen>metricsOnly': 'breaker.observing',
  'isolated>metricsOnly': 'breaker.observing',
  'disabled>metricsOnly': 'breaker.observing',
} as const satisfies LifecycleEdges;

/** How long the breaker stays open after that many failed probes. */
export function toOpenWaitMs(times: BreakerTimes, failedProbes: number): number {
  const longest = times.openMaxMs ?? breakerWaitMsMax;
  return Math.min(longest, breakerWaitMsMax, times.openMs * times.backoff ** failedProbes);
}

const afresh = { openUntil: null, halfOpenUntil: null } as const;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: BreakerContext = {
  breakerId: '',
  times: { openMs: 1_000, backoff: 1, openMaxMs: null, halfOpenMaxMs: null },
  generation: 1,
  failedProbes: 0,
  isolations: 0,
  ...afresh,
};

const chart = setup({
  types: {
    input: {} as BreakerInput,
    context: {} as BreakerContext,
    events: {} as BreakerEvent,
  },
  guards: {
    waited: ({ context, event }) => context.openUntil !== null && event.at >= context.openUntil,
    overdue: ({ context, event }) => context.halfOpenUntil !== null && event.at >= context.halfOpenUntil,
    lastRelease: ({ context }) => context.isolations <= 1,
  },
  actions: {
    startAfresh: assign(({ context }) => ({
      ...afresh,
      generation: context.generation + 1,
      failedProbes: 0,
      isolations: 0,
    })),
    startWait: assign(({ context, event }) => ({
      ...afresh,
      generation: context.generation + 1,
      isolations: 0,
      openUntil: event.at + toOpenWaitMs(context.times, context.failedProbes),
    })),
    startWaitAfterFailedProbe: assign(({ context, event }) => ({
      ...afresh,
      generation: context.generation + 1,
      failedProbes: context.failedProbes + 1,
      openUntil: event.at + toOpenWaitMs(context.times, context.failedProbes + 1),
    })),
    endWaitAtOnce: assign(({ context, event }) => ({
      ...afresh,
      generation: context.generation + 1,
      openUntil: event.at,
    })),
    startProbing: assign(({ context, event }) => ({
      ...afresh,
      generation: context.generation + 1,
      halfOpenUntil: context.times.halfOpenMaxMs === null ? null : event.at + context.times.halfOpenMaxMs,
    })),
    startIsolation: assign(({ context }) => ({
      ...afresh,
      generation: context.generation + 1,
      failedProbes: 0,
      isolations: 1,
    })),
    countIsolation: assign({ isolations: ({ context }) => context.isolations + 1 }),
    countRelease: assign({ isolations: ({ context }) => context.isolations - 1 }),
  },
});

/** The breaker's chart. */
export const breakerMachine = chart.createMachine({
  id: 'breaker',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'closed',
  states: {
    closed: {
      on: {
        trip: { target: 'open', actions: 'startWait' },
        reset: { actions: 'startAfresh' },
        open: { target: 'open', actions: 'startWait' },
        isolate: { target: 'isolated', actions: 'startIsolation' },
        disable: { target: 'disabled', actions: 'startAfresh' },
        metricsOnly: { target: 'metricsOnly', actions: 'startAfresh' },
      },
    },
    open: {
      on: {
        probe: { guard: 'waited', target: 'halfOpen', actions: 'startProbing' },
        halfOpen: { target: 'halfOpen', actions: 'startProbing' },
        open: { actions: 'startWait' },
        reset: { target: 'closed', actions: 'startAfresh' },
        isolate: { target: 'isolated', actions: 'startIsolation' },
        disable: { target: 'disabled', actions: 'startAfresh' },
        metricsOnly: { target: 'metricsOnly', actions: 'startAfresh' },
      },
    },
    halfOpen: {
      on: {
        'probes.passed': { target: 'closed', actions: 'startAfresh' },
        'probes.failed': { target: 'open', actions: 'startWaitAfterFailedProbe' },
        'probes.overdue': { guard: 'overdue', target: 'open', actions: 'startWaitAfterFailedProbe' },
        restored: { target: 'open', actions: 'endWaitAtOnce' },
        open: { target: 'open', actions: 'startWait' },
        reset: { target: 'closed', actions: 'startAfresh' },
        isolate: { target: 'isolated', actions: 'startIsolation' },
        disable: { target: 'disabled', actions: 'startAfresh' },
        metricsOnly: { target: 'metricsOnly', actions: 'startAfresh' },
      },
    },
    isolated: {
      on: {
        isolate: { actions: 'countIsolation' },
        release: [
          { guard: 'lastRelease', target: 'closed', actions: 'startAfresh' },
          { actions: 'countRelease' },
        ],
        reset: { target: 'closed', actions: 'startAfresh' },
        disable: { target: 'disabled', actions: 'startAfresh' },
        metricsOnly: { target: 'metricsOnly', actions: 'startAfresh' },
      },
    },
    disabled: {
      on: {
        open: { target: 'open', actions: 'startWait' },
        reset: { target: 'closed', actions: 'startAfresh' },
        isolate: { target: 'isolated', actions: 'startIsolation' },
        metricsOnly: { target: 'metricsOnly', actions: 'startAfresh' },
      },
    },
    metricsOnly: {
      on: {
        open: { target: 'open', actions: 'startWait' },
        reset: { target: 'closed', actions: 'startAfresh' },
        isolate: { target: 'isolated', actions: 'startIsolation' },
        disable: { target: 'disabled', actions: 'startAfresh' },
      },
    },
  },
});
