/**
 * A supervisor as in OTP: it starts its children in order, brings back who died, stops in reverse order within a
 * bound, and gives up when that happens too often. It only decides; hands start and stop real workers and report.
 */
import { assign, enqueueActions, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import {
  areAllDown,
  comesBack,
  fallTogether,
  isThere,
  layDown,
  supervisorDefaults,
  toChildren,
  toRecent,
  toRestMs,
  toStartNext,
  toStopNext,
  unwant,
  withChild,
} from './supervision.ts';
import type { Child, ChildSpec, ExitReason, SupervisorSettings } from './supervision.ts';

export const supervisorMachineVersion = 1;

export interface SupervisorInput {
  readonly supervisorId: string;
  readonly settings: SupervisorSettings;
  /** At most `supervisorChildrenMax`. */
  readonly specs: readonly ChildSpec[];
}

export interface SupervisorContext {
  readonly supervisorId: string;
  readonly settings: SupervisorSettings;
  readonly children: readonly Child[];
  /** Moments of the restarts within the period; never more than `intensity`. */
  readonly restarts: readonly number[];
  /** The child whose death was one too many. */
  readonly gaveUpOn: string | null;
}

interface At {
  readonly at: number;
}

/** Which start of the child reports, as `startChild` said; a report of an earlier one changes nothing. */
interface Instance {
  readonly n?: number;
}

export type SupervisorEvent =
  | ({ readonly type: 'start' } & At)
  | ({ readonly type: 'child.started'; readonly id: string } & Instance & At)
  | ({ readonly type: 'child.exited'; readonly id: string; readonly reason: ExitReason } & Instance & At)
  /** By hand: stops the child and starts it again; also one that is gone. */
  | ({ readonly type: 'child.restart'; readonly id: string } & At)
  | ({ readonly type: 'stop'; readonly reason?: string } & At)
  /** The three timers; `n` tells a timer that comes too late from the one that is meant. */
  | ({ readonly type: 'rest.over'; readonly id: string; readonly n: number } & At)
  | ({ readonly type: 'start.overdue'; readonly id: string; readonly n: number } & At)
  | ({ readonly type: 'stop.overdue'; readonly id: string; readonly n: number } & At);

/** Its life is told by its children's worker events and by its owner's. */
export const supervisorEdges = {
  'idle>running': null,
  'running>stopping': null,
  'running>stopped': null,
  'running>escalating': null,
  'running>escalated': null,
  'idle>stopped': null,
  'stopping>stopped': null,
  'escalating>escalated': null,
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blankInput: SupervisorInput = { supervisorId: '', settings: supervisorDefaults, specs: [] };

/** The child an event is about, unless the event is about an earlier instance of it. */
const find = (context: SupervisorContext, event: SupervisorEvent): Child | undefined => {
  if (!('id' in event)) return undefined;
  const child = context.children.find(({ id }) => id === event.id);
  const stale = 'n' in event && event.n !== undefined && event.n !== child?.starts;
  return stale ? undefined : child;
};

/** An end nobody asked for, of a child that was there. */
const isDeath = (context: SupervisorContext, event: SupervisorEvent): boolean => {
  const child = find(context, event);
  if (child?.wanted !== true) return false;
  if (event.type === 'start.overdue') return child.phase === 'starting';
  return event.type === 'child.exited' && (child.phase === 'starting' || child.phase === 'up');
};

const toStarting = (children: readonly Child[], id: string, starts: number): readonly Child[] =>
  withChild(children, id, { phase: 'starting', wanted: true, returns: false, starts });

const chart = setup({
  types: { input: {} as SupervisorInput, context: {} as SupervisorContext, events: {} as SupervisorEvent },
  guards: {
    isLasting: ({ context, event }) => {
      const reason = event.type === 'child.exited' ? event.reason : 'error';
      const child = find(context, event);
      return child !== undefined && isDeath(context, event) && !comesBack(child.restart, reason);
    },
    isDeathWithinIntensity: ({ context, event }) =>
      isDeath(context, event) &&
      toRecent(context.settings, context.restarts, event.at).length < context.settings.intensity,
    isDeath: ({ context, event }) => isDeath(context, event),
    isStillThere: ({ context, event }) => {
      const child = find(context, event);
      return child !== undefined && isThere(child);
    },
    isStarting: ({ context, event }) => find(context, event)?.phase === 'starting',
    isStopping: ({ context, event }) => find(context, event)?.phase === 'stopping',
    isWaiting: ({ context, event }) => find(context, event)?.phase === 'waiting',
    mustStop: ({ context }) => toStopNext(context.children) !== undefined,
    mayStart: ({ context }) => toStartNext(context.settings.strategy, context.children) !== undefined,
    allDown: ({ context }) => areAllDown(context.children),
  },
  actions: {
    /** For hands: starts the child, answers with `child.started` or `child.exited`. */
    startChild: (_now, _child: { readonly id: string; readonly n: number }) => {},
    /** For hands: asks the child to stop, answers with `child.exited`. */
    stopChild: (_now, _child: { readonly id: string; readonly n: number }) => {},
    /** For hands: ends the child by force; nobody waits for its exit. */
    killChild: (_now, _child: { readonly id: string }) => {},
    /** For hands: tells the owner that this supervisor gives up. */
    escalate: (_now, _why: { readonly child: string | null }) => {},
    wantAll: assign({
      children: ({ context }) => context.children.map((child) => ({ ...child, wanted: true })),
    }),
    unwantAll: assign({ children: ({ context }) => unwant(context.children) }),
    noteUp: assign(({ context, event }) => ({
      children:
        'id' in event ? withChild(context.children, event.id, { phase: 'up', upSince: event.at }) : [],
    })),
    noteDown: assign(({ context, event }) => ({
      children: 'id' in event ? layDown(context.children, event.id) : [],
    })),
    noteGone: assign(({ context, event }) => ({
      children:
        'id' in event
          ? withChild(context.children, event.id, { phase: 'gone', wanted: false, upSince: null })
          : [],
    })),
    noteGaveUp: assign(({ context, event }) => ({
      gaveUpOn: 'id' in event ? event.id : null,
      children:
        'id' in event
          ? unwant(withChild(context.children, event.id, { phase: 'gone', wanted: false }))
          : context.children,
    })),
    endWait: assign(({ context, event }) => ({
      children: 'id' in event ? withChild(context.children, event.id, { phase: 'down' }) : [],
    })),
    wantAnew: assign(({ context, event }) => {
      const child = find(context, event);
      if (child === undefined) return {};
      const fields: Partial<Child> = isThere(child)
        ? { wanted: false, returns: true }
        : { wanted: true, phase: 'down' };
      return { children: withChild(context.children, child.id, { ...fields, fails: 0 }) };
    }),
    planRestart: enqueueActions(({ context, event, enqueue }) => {
      if (!('id' in event)) return;
      const { settings } = context;
      const children = fallTogether(settings, context.children, event.id, event.at);
      const fallen = children.find(({ id }) => id === event.id);
      const n = fallen?.starts ?? 0;
      const delay = toRestMs(settings, fallen?.fails ?? 1);
      enqueue.assign({ children, restarts: [...toRecent(settings, context.restarts, event.at), event.at] });
      enqueue.raise(
        { type: 'rest.over', id: event.id, n, at: event.at + delay },
        { id: `rest:${event.id}:${n}`, delay },
      );
    }),
    startNext: enqueueActions(({ context, event, enqueue }) => {
      const next = toStartNext(context.settings.strategy, context.children);
      if (next === undefined) return;
      const { id } = next;
      const n = next.starts + 1;
      const delay = context.settings.startMs;
      enqueue.assign({ children: toStarting(context.children, id, n) });
      enqueue.raise(
        { type: 'start.overdue', id, n, at: event.at + delay },
        { id: `start:${id}:${n}`, delay },
      );
    }),
    stopNext: enqueueActions(({ context, event, enqueue }) => {
      const next = toStopNext(context.children);
      if (next === undefined) return;
      const { id } = next;
      const n = next.starts;
      const delay = context.settings.stopMs;
      enqueue.assign({ children: withChild(context.children, id, { phase: 'stopping' }) });
      enqueue.raise({ type: 'stop.overdue', id, n, at: event.at + delay }, { id: `stop:${id}:${n}`, delay });
    }),
    cancelTimers: enqueueActions(({ context, event, enqueue }) => {
      const child = find(context, event);
      if (child === undefined) return;
      enqueue.cancel(`start:${child.id}:${child.starts}`);
      enqueue.cancel(`stop:${child.id}:${child.starts}`);
    }),
  },
});

/** What a parameter is computed from. */
interface Now {
  readonly context: SupervisorContext;
  readonly event: SupervisorEvent;
}

const kill = {
  type: 'killChild',
  params: ({ event }: Now) => ({ id: 'id' in event ? event.id : '' }),
} as const;
const escalate = {
  type: 'escalate',
  params: ({ context }: Now) => ({ child: context.gaveUpOn }),
} as const;

const stopChild = {
  type: 'stopChild',
  params: ({ context }: Now) => {
    const next = toStopNext(context.children);
    return { id: next?.id ?? '', n: next?.starts ?? 0 };
  },
} as const;
const startChild = {
  type: 'startChild',
  params: ({ context }: Now) => {
    const next = toStartNext(context.settings.strategy, context.children);
    return { id: next?.id ?? '', n: (next?.starts ?? 0) + 1 };
  },
} as const;
const stopOne = { guard: 'mustStop', actions: [stopChild, 'stopNext'] } as const;
const startOne = { guard: 'mayStart', actions: [startChild, 'startNext'] } as const;
const ends = { guard: 'isStillThere', actions: ['cancelTimers', 'noteDown'] } as const;
const stopOverdue = { guard: 'isStopping', actions: [kill, 'cancelTimers', 'noteDown'] } as const;

/** A supervisor's chart. */
export const supervisorMachine = chart.createMachine({
  id: 'supervisor',
  context: ({ input }) => {
    const { specs, ...rest } = { ...blankInput, ...input };
    return { ...rest, children: toChildren(specs), restarts: [], gaveUpOn: null };
  },
  initial: 'idle',
  states: {
    idle: {
      on: { start: { target: 'running', actions: 'wantAll' }, stop: { target: 'stopped' } },
    },
    running: {
      always: [stopOne, startOne],
      on: {
        'child.started': { guard: 'isStarting', actions: ['cancelTimers', 'noteUp'] },
        'child.exited': [
          { guard: 'isLasting', actions: ['cancelTimers', 'noteGone'] },
          { guard: 'isDeathWithinIntensity', actions: ['cancelTimers', 'planRestart'] },
          { guard: 'isDeath', target: 'escalating', actions: ['cancelTimers', 'noteGaveUp'] },
          ends,
        ],
        'start.overdue': [
          { guard: 'isLasting', actions: [kill, 'noteGone'] },
          { guard: 'isDeathWithinIntensity', actions: [kill, 'planRestart'] },
          { guard: 'isDeath', target: 'escalating', actions: [kill, 'noteGaveUp'] },
        ],
        'stop.overdue': stopOverdue,
        'rest.over': { guard: 'isWaiting', actions: 'endWait' },
        'child.restart': { actions: 'wantAnew' },
        stop: { target: 'stopping', actions: 'unwantAll' },
      },
    },
    stopping: {
      always: [stopOne, { guard: 'allDown', target: 'stopped' }],
      on: { 'child.exited': ends, 'stop.overdue': stopOverdue },
    },
    escalating: {
      always: [stopOne, { guard: 'allDown', target: 'escalated' }],
      on: { 'child.exited': ends, 'stop.overdue': stopOverdue },
    },
    escalated: { entry: escalate, tags: 'ended' },
    stopped: { tags: 'ended' },
  },
});
