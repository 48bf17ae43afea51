/**
 * What a shared context's chart hears, knows and asks of its hands: its events, its context, and the parameters of its
 * actions. Pure data; what follows from it is the chart's business.
 */
import { applyChange, resolveChange } from './context-state.ts';
import type {
  ContextAccess,
  ContextChange,
  ContextExpectation,
  ContextGrant,
  ContextState,
  ResolvedChange,
} from './context-state.ts';
import type { ContextCaller, ContextPermission } from './words/contexts.ts';
import type { ErrorCode } from './words/errors.ts';

/** Commits waiting for their turn in one context. */
export const contextPendingMax = 64;
/** How often a commit without an expected version is tried against a newer one. */
export const contextTriesMax = 5;

/** One change somebody asked for. */
export interface Commit extends ContextChange, ContextExpectation {
  readonly requestId: string;
  /** Default: the house itself. */
  readonly by?: ContextCaller;
  /** What it takes to make it; default `write`. */
  readonly needs?: ContextPermission;
  /** False where it must not bring the context into being; default true. */
  readonly mayCreate?: boolean;
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
  readonly access: ContextAccess;
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
  | ({ readonly type: 'archive'; readonly reason?: string; readonly by?: ContextCaller } & Settled & At)
  | ({ readonly type: 'share'; readonly requestId: string; readonly by?: ContextCaller } & ContextGrant & At)
  | ({ readonly type: 'restored' } & At);

/** Why nothing was stored; without request ids it answers the command itself. */
export interface Refusal {
  readonly requestIds: readonly string[];
  readonly code: ErrorCode;
  readonly version: number;
}

/** Who may do what from now on, and who says so. */
export interface GrantTold extends ContextGrant {
  readonly accessVersion: number;
  readonly by: string;
}

/** The first commit, and what it makes of the state. */
export interface ToStore {
  readonly commit: Commit | null;
  readonly version: number;
  readonly state: ContextState;
  readonly resolved: ResolvedChange;
}

const house: ContextCaller = { principal: '', isAdmin: false };

/** What a parameter is computed from. */
interface Now {
  readonly context: ContextContext;
  readonly event: ContextEvent;
}

/** Who acts; what names nobody is the house's own. */
export function toCaller(event: ContextEvent): ContextCaller {
  return 'by' in event && event.by !== undefined ? event.by : house;
}

/** What it takes to be heard. */
export function toNeeded(event: ContextEvent): ContextPermission {
  return event.type === 'commit' ? (event.needs ?? 'write') : 'administer';
}

/** A lifecycle edge's cause as it is recorded: edges alone then replay exactly, though commits are no edges. */
export function toContextCause(event: ContextEvent): ContextEvent {
  return event.type === 'passivate' || event.type === 'archive' ? { ...event, settled: true } : event;
}

export const load = {
  type: 'load',
  params: ({ context }: Now) => ({ contextId: context.contextId }),
} as const;
export const store = {
  type: 'store',
  params: ({ context: { pending, state: before, version } }: Now): ToStore => {
    const commit = pending[0] ?? null;
    const state = commit === null ? before : applyChange(before, commit);
    return { commit, version, state, resolved: resolveChange(before, state, commit ?? { changes: {} }) };
  },
} as const;
export const accept = {
  type: 'accept',
  params: ({ context, event }: Now) => ({
    requestId: 'requestId' in event ? event.requestId : '',
    version: context.version,
  }),
} as const;
export const tellGrant = {
  type: 'tellGrant',
  params: ({ context, event }: Now): GrantTold => ({
    accessVersion: context.access.version,
    principal: event.type === 'share' ? event.principal : '',
    permissions: event.type === 'share' ? event.permissions : [],
    by: toCaller(event).principal,
  }),
} as const;
export const acceptFirst = {
  type: 'accept',
  params: ({ context, event }: Now) => ({
    requestId: context.pending[0]?.requestId ?? '',
    version: event.type === 'commit.done' ? event.version : context.version,
  }),
} as const;
/** Refuses the command itself. */
export const refuse = (code: ErrorCode) =>
  ({
    type: 'refuse',
    params: ({ context, event }: Now) => ({
      requestIds: 'requestId' in event ? [event.requestId] : [],
      code,
      version: context.version,
    }),
  }) as const;
/** Refuses the commit in hand, for the event's reason or this one. */
export const refuseFirst = {
  type: 'refuse',
  params: ({ context, event }: Now) => ({
    requestIds: context.pending.slice(0, 1).map(({ requestId }) => requestId),
    code: 'code' in event ? event.code : 'revision_conflict',
    version: context.version,
  }),
} as const;
export const refuseAll = {
  type: 'refuse',
  params: ({ context, event }: Now) => ({
    requestIds: context.pending.map(({ requestId }) => requestId),
    code: 'code' in event ? event.code : 'call_cancelled',
    version: context.version,
  }),
} as const;
