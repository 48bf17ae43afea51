/**
 * A shared context's life: loaded when it is needed, changed by one commit after the other, put to rest when nobody
 * uses it. Its truth is the store's version; a commit that meets a newer one is refused or tried again, never merged.
 */
import { assign, setup } from 'xstate';
import {
  accept,
  acceptFirst,
  contextPendingMax,
  contextTriesMax,
  load,
  refuse,
  refuseAll,
  refuseFirst,
  store,
  tellGrant,
  toCaller,
  toNeeded,
} from './context-events.ts';
import type {
  ContextContext,
  ContextEvent,
  ContextInput,
  GrantTold,
  Refusal,
  ToStore,
} from './context-events.ts';
import {
  applyChange,
  isAllowed,
  meetsExpectation,
  noAccess,
  permissionsOf,
  withGrant,
} from './context-state.ts';
import type { LifecycleEdges } from './edges.ts';
import { contextGrantsMax, everyone } from './words/contexts.ts';

/** 2 knows who may do what. */
export const contextMachineVersion = 2;

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

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: ContextContext = {
  contextId: '',
  settings: { pendingMax: contextPendingMax, retryMs: 10 },
  version: 0,
  state: {},
  access: noAccess,
  pending: [],
  tries: 0,
};

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
      if (first === undefined) return false;
      const isPassed = first.expectedVersion !== null && first.expectedVersion !== context.version;
      return isPassed || !meetsExpectation(context.state, first);
    },
    isMissing: ({ context, event }) =>
      event.type === 'commit' && event.mayCreate === false && context.version === 0,
    /** Who has no permission at all is told what is told of a context that does not exist. */
    isStranger: ({ context, event }) =>
      context.version > 0 && permissionsOf(context.access, toCaller(event)).length === 0,
    isUnpermitted: ({ context, event }) =>
      context.version > 0 && !isAllowed(context.access, toCaller(event), toNeeded(event)),
    isSharedTooOften: ({ context, event }) => {
      if (event.type !== 'share' || event.principal === everyone || event.permissions.length === 0)
        return false;
      const { grants } = context.access;
      return grants.length >= contextGrantsMax && !grants.some((one) => one.principal === event.principal);
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
    store: (_now, _what: ToStore) => {},
    /** For hands: tells who asked that it is stored. */
    accept: (_now, _what: { readonly requestId: string; readonly version: number }) => {},
    /** For hands: tells everybody who may do what now. */
    tellGrant: (_now, _what: GrantTold) => {},
    /** For hands: tells who asked that it is not, and why. */
    refuse: (_now, _why: Refusal) => {},
    adopt: assign(({ context, event }) => ({
      version: 'version' in event ? event.version : context.version,
      state: 'state' in event && event.state !== undefined ? event.state : context.state,
    })),
    merge: assign(({ context, event }) => {
      const [first] = context.pending;
      if (event.type !== 'commit.done' || first === undefined) return {};
      return {
        version: event.version,
        state: event.state ?? applyChange(context.state, first),
        access:
          context.access.version > 0
            ? context.access
            : { ...noAccess, version: 1, creator: first.by?.principal ?? '' },
      };
    }),
    queue: assign(({ context, event }) => {
      if (event.type !== 'commit') return {};
      const { type: _type, at: _at, ...commit } = event;
      return { pending: [...context.pending, commit] };
    }),
    share: assign(({ context, event }) => {
      if (event.type !== 'share') return {};
      return {
        access: withGrant(context.access, { principal: event.principal, permissions: event.permissions }),
      };
    }),
    dropFirst: assign(({ context }) => ({ pending: context.pending.slice(1), tries: 0 })),
    countTry: assign({ tries: ({ context }) => context.tries + 1 }),
    forget: assign({ state: {}, pending: [], tries: 0 }),
  },
});

const stranger = { guard: 'isStranger', actions: refuse('context_unknown') } as const;
const unpermitted = { guard: 'isUnpermitted', actions: refuse('permission_denied') } as const;
const missing = { guard: 'isMissing', actions: refuse('context_unknown') } as const;
const queueing = [
  stranger,
  unpermitted,
  missing,
  { guard: 'isKnown' },
  { guard: 'isFull', actions: refuse('limit_reached') },
  { actions: 'queue' },
] as const;
/** While a commit is under way nobody may take the context away; whoever asked may ask again. */
const busy = { actions: refuse('revision_conflict') } as const;
const passivate = [{ guard: 'wasSettled', target: '#context.passive', actions: 'forget' }, busy] as const;
const settledArchive = { guard: 'wasSettled', target: '#context.archived', actions: 'forget' } as const;
const archive = [settledArchive, stranger, unpermitted, busy] as const;
const archiveIdle = [
  settledArchive,
  stranger,
  unpermitted,
  { target: '#context.archived', actions: 'forget' },
] as const;

/** A shared context's chart. */
export const contextMachine = chart.createMachine({
  id: 'context',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'loading',
  on: {
    share: [
      stranger,
      unpermitted,
      { guard: 'isSharedTooOften', actions: refuse('limit_reached') },
      { actions: ['share', tellGrant, accept] },
    ],
  },
  states: {
    loading: {
      entry: load,
      on: {
        'load.done': { target: 'active', actions: 'adopt' },
        'load.failed': { target: 'passive', actions: [refuseAll, 'forget'] },
        commit: [...queueing],
        archive: [
          { guard: 'wasSettled', target: 'archived', actions: [refuseAll, 'forget'] },
          stranger,
          unpermitted,
          { target: 'archived', actions: [refuseAll, 'forget'] },
        ],
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
            commit: [stranger, unpermitted, missing, { actions: 'queue' }],
            passivate: { target: '#context.passive', actions: 'forget' },
            archive: [...archiveIdle],
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
        commit: [stranger, unpermitted, missing, { target: 'loading', actions: 'queue' }],
        archive: [...archiveIdle],
      },
    },
    archived: {
      tags: 'ended',
      on: {
        commit: [stranger, { actions: refuse('transition_refused') }],
        share: [stranger, { actions: refuse('transition_refused') }],
        archive: [stranger, { actions: accept }],
      },
    },
  },
});
