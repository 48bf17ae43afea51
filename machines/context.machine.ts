/**
 * A shared context's life: loaded when it is needed, changed by one commit after the other, put to rest when nobody
 * uses it. Its truth is the store's version; a commit that meets a newer one is refused or tried again, never merged.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import type { ErrorCode } from './words/errors.ts';

export const contextMachineVersion = 1;

/** Commits waiting for their turn in one context. */
export const contextPendingMax = 64;
/** How often a commit without an expected version is tried against a newer one. */
export const contextTriesMax = 5;

export type ContextState = Readonly<Record<string, unknown>>;

/** One change somebody asked for; `expectedVersion` null means: whatever the version is. */
export interface Commit {
  readonly requestId: string;
  readonly changes: ContextState;
  readonly expectedVersion: number | null;
}

export interface ContextInput {
  readonly contextId: string;
  readonly settings: {
    /** At most `contextPendingMax`. */
    readonly pendingMax: number;
    /** First wait before a commit is tried again; it doubles. */
    readonly retryMs: number;
  };
}

export interface ContextContext extends ContextInput {
  readonly version: number;
  readonly state: ContextState;
  /** The first is being committed; the others wait. */
  readonly pending: readonly Commit[];
  /** Tries of the first. */
  readonly tries: number;
}

interface At {
  readonly at: number;
}

/** That no commit was under way; only recorded causes carry it (see `toContextCause`). */
interface Settled {
  readonly settled?: true;
}

export type ContextEvent =
  | ({ readonly type: 'load.done'; readonly version: number; readonly state: ContextState } & At)
  | ({ readonly type: 'load.failed'; readonly code: ErrorCode } & At)
  | ({ readonly type: 'commit' } & Commit & At)
  /** `state` when the store knows it better than a merge of the top-level keys. */
  | ({ readonly type: 'commit.done'; readonly version: number; readonly state?: ContextState } & At)
  | ({ readonly type: 'commit.conflict'; readonly version: number; readonly state: ContextState } & At)
  | ({ readonly type: 'commit.failed'; readonly code: ErrorCode } & At)
  | ({ readonly type: 'passivate' } & Settled & At)
  | ({ readonly type: 'activate' } & At)
  | ({ readonly type: 'archive'; readonly reason?: string } & Settled & At)
  | ({ readonly type: 'restored' } & At);

/** Why nothing was stored; without request ids it answers the command itself. */
export interface Refusal {
  readonly requestIds: readonly string[];
  readonly code: ErrorCode;
  readonly version: number;
}

/** Which event tells of which edge; loading and resting are the node's own affair. */
export const contextEdges = {
  'loading>active': null,
  'loading>passive': null,
  'loading>archived': 'context.archived',
  'active>passive': null,
  'active>archived': 'context.archived',
  'passive>loading': null,
  'passive>archived': 'context.archived',
} as const satisfies LifecycleEdges;

/** A lifecycle edge's cause as it is recorded: edges alone then replay exactly, though commits are no edges. */
export function toContextCause(event: ContextEvent): ContextEvent {
  return event.type === 'passivate' || event.type === 'archive' ? { ...event, settled: true } : event;
}

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: ContextContext = {
  contextId: '',
  settings: { pendingMax: contextPendingMax, retryMs: 10 },
  version: 0,
  state: {},
  pending: [],
  tries: 0,
};

/** What a parameter is computed from. */
interface Now {
  readonly context: ContextContext;
  readonly event: ContextEvent;
}

const chart = setup({
  types: { input: {} as ContextInput, context: {} as ContextContext, events: {} as ContextEvent },
  guards: {
    wasSettled: ({ event }) => 'settled' in event,
    isFull: ({ context }) =>
      context.pending.length >= Math.min(context.settings.pendingMax, contextPendingMax),
    isKnown: ({ context, event }) =>
      event.type === 'commit' && context.pending.some(({ requestId }) => requestId === event.requestId),
    hasPending: ({ context }) => context.pending.length > 0,
    firstIsStale: ({ context }) => {
      const first = context.pending[0];
      if (first === undefined || first.expectedVersion === null) return false;
      return first.expectedVersion !== context.version;
    },
    mayTryAgain: ({ context }) =>
      context.pending[0]?.expectedVersion === null && context.tries < contextTriesMax,
  },
  delays: {
    retryMs: ({ context }) => context.settings.retryMs * 2 ** Math.max(0, context.tries - 1),
  },
  actions: {
    /** For hands: reads version and state from the store, answers with `load.done` or `load.failed`. */
    load: (_now, _which: { readonly contextId: string }) => {},
    /** For hands: compare-and-set in the store, answers with `commit.done`, `.conflict` or `.failed`. */
    store: (_now, _what: { readonly commit: Commit | null; readonly version: number }) => {},
    /** For hands: tells who asked that it is stored. */
    accept: (_now, _what: { readonly requestId: string; readonly version: number }) => {},
    /** For hands: tells who asked that it is not, and why. */
    refuse: (_now, _why: Refusal) => {},
    adopt: assign(({ context, event }) => ({
      version: 'version' in event ? event.version : context.version,
      state: 'state' in event && event.state !== undefined ? event.state : context.state,
    })),
    merge: assign(({ context, event }) => ({
      version: event.type === 'commit.done' ? event.version : context.version,
      state:
        event.type === 'commit.done' && event.state !== undefined
          ? event.state
          : { ...context.state, ...context.pending[0]?.changes },
    })),
    queue: assign(({ context, event }) => {
      if (event.type !== 'commit') return {};
      const { requestId, changes, expectedVersion } = event;
      return { pending: [...context.pending, { requestId, changes, expectedVersion }] };
    }),
    dropFirst: assign(({ context }) => ({ pending: context.pending.slice(1), tries: 0 })),
    countTry: assign({ tries: ({ context }) => context.tries + 1 }),
    forget: assign({ state: {}, pending: [], tries: 0 }),
  },
});

const load = {
  type: 'load',
  params: ({ context }: Now) => ({ contextId: context.contextId }),
} as const;
const store = {
  type: 'store',
  params: ({ context }: Now) => ({ commit: context.pending[0] ?? null, version: context.version }),
} as const;
const acceptFirst = {
  type: 'accept',
  params: ({ context, event }: Now) => ({
    requestId: context.pending[0]?.requestId ?? '',
    version: event.type === 'commit.done' ? event.version : context.version,
  }),
} as const;
/** Refuses the command itself. */
const refuse = (code: ErrorCode) =>
  ({
    type: 'refuse',
    params: ({ context, event }: Now) => ({
      requestIds: event.type === 'commit' ? [event.requestId] : [],
      code,
      version: context.version,
    }),
  }) as const;
/** Refuses the commit in hand, for the event's reason or this one. */
const refuseFirst = {
  type: 'refuse',
  params: ({ context, event }: Now) => ({
    requestIds: context.pending.slice(0, 1).map(({ requestId }) => requestId),
    code: 'code' in event ? event.code : 'revision_conflict',
    version: context.version,
  }),
} as const;
const refuseAll = {
  type: 'refuse',
  params: ({ context, event }: Now) => ({
    requestIds: context.pending.map(({ requestId }) => requestId),
    code: 'code' in event ? event.code : 'call_cancelled',
    version: context.version,
  }),
} as const;

const queueing = [
  { guard: 'isKnown' },
  { guard: 'isFull', actions: refuse('limit_reached') },
  { actions: 'queue' },
] as const;
/** While a commit is under way nobody may take the context away; whoever asked may ask again. */
const busy = { actions: refuse('revision_conflict') } as const;
const passivate = [{ guard: 'wasSettled', target: '#context.passive', actions: 'forget' }, busy] as const;
const archive = [{ guard: 'wasSettled', target: '#context.archived', actions: 'forget' }, busy] as const;

/** A shared context's chart. */
export const contextMachine = chart.createMachine({
  id: 'context',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'loading',
  states: {
    loading: {
      entry: load,
      on: {
        'load.done': { target: 'active', actions: 'adopt' },
        'load.failed': { target: 'passive', actions: [refuseAll, 'forget'] },
        commit: [...queueing],
        archive: { target: 'archived', actions: [refuseAll, 'forget'] },
        restored: { target: 'loading', reenter: true },
      },
    },
    active: {
      initial: 'clean',
      states: {
        clean: {
          always: [
            { guard: 'firstIsStale', actions: [refuseFirst, 'dropFirst'] },
            { guard: 'hasPending', target: 'committing' },
          ],
          on: {
            commit: { actions: 'queue' },
            passivate: { target: '#context.passive', actions: 'forget' },
            archive: { target: '#context.archived', actions: 'forget' },
          },
        },
        committing: {
          entry: store,
          on: {
            commit: [...queueing],
            'commit.done': { target: 'clean', actions: [acceptFirst, 'merge', 'dropFirst'] },
            'commit.conflict': [
              { guard: 'mayTryAgain', target: 'conflicted', actions: ['adopt', 'countTry'] },
              { target: 'clean', actions: ['adopt', refuseFirst, 'dropFirst'] },
            ],
            'commit.failed': { target: 'clean', actions: [refuseFirst, 'dropFirst'] },
            passivate: [...passivate],
            archive: [...archive],
            restored: { target: 'committing', reenter: true },
          },
        },
        conflicted: {
          on: {
            commit: [...queueing],
            passivate: [...passivate],
            archive: [...archive],
            restored: { target: 'conflicted', reenter: true },
          },
          after: { retryMs: { target: 'committing' } },
        },
      },
    },
    passive: {
      on: {
        activate: { target: 'loading' },
        commit: { target: 'loading', actions: 'queue' },
        archive: { target: 'archived' },
      },
    },
    archived: {
      tags: 'ended',
      on: { commit: { actions: refuse('transition_refused') } },
    },
  },
});
