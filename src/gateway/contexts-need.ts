/**
 * Shared contexts as the gateway needs them: every question names who asks, and is answered for that one alone. What is
 * not there and what is not the asker's are refused in the same words. Whoever mounts the gateway implements it.
 */
import type { ContextAccess } from '../../machines/context-state.ts';
import type { MergeConflict, MergePreference } from '../../machines/context-merge.ts';
import type { ContextCaller, ContextPermission } from '../../machines/words/contexts.ts';
import type { CallCommand, CallOutcome } from '../../machines/words/calls.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';

type Values = Readonly<Record<string, unknown>>;

/** Who asks for what. */
export interface ContextAsked {
  readonly namespace: string;
  readonly contextId: string;
  readonly by: ContextCaller;
  readonly traceparent?: string | undefined;
}

export interface ContextSummary {
  readonly contextId: string;
  readonly name: string;
  readonly creator: string;
  readonly version: number;
  /** Keys of its state. */
  readonly keys: number;
  readonly status: 'active' | 'passive' | 'archived';
  readonly changedBy: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** What the asker may do. */
  readonly permissions: readonly ContextPermission[];
}

export interface ContextView extends ContextSummary {
  readonly values: Values;
  readonly access: ContextAccess;
  /** Milliseconds since this copy was compared with the store. */
  readonly ageMs: number;
  /** True while the store is away. */
  readonly stale: boolean;
  readonly syncedAt: string;
}

/** Several keys in one change. */
export interface ContextChangeAsked extends ContextAsked {
  readonly changes?: Values | undefined;
  readonly patches?: Values | undefined;
  readonly removed?: readonly string[] | undefined;
  readonly expectedVersion?: number | undefined;
  readonly expected?: Values | undefined;
  readonly absent?: readonly string[] | undefined;
  /** What happens while the database is away; default `refuse`. */
  readonly ifOffline?: 'refuse' | 'queue' | undefined;
  /** The same id twice is the same change. */
  readonly requestId?: string | undefined;
}

export type ContextWritten =
  | { readonly outcome: 'stored'; readonly requestId: string; readonly version: number }
  /** Kept on this node and decided when the database is back. */
  | { readonly outcome: 'pending'; readonly requestId: string }
  | {
      readonly outcome: 'refused';
      readonly requestId: string;
      readonly code: ErrorCode;
      readonly version: number;
    };

export interface ContextVersionView {
  readonly version: number;
  readonly changes: Values;
  readonly removed: readonly string[];
  readonly principal: string;
  readonly at: string;
}

export interface ContextSynced {
  readonly version: number;
  readonly values: Values;
  readonly pushed: readonly string[];
  readonly pulled: readonly string[];
  readonly merged: readonly string[];
  readonly conflicts: readonly MergeConflict[];
  readonly syncedAt: string;
}

/** What is told of every change: enough to look again. */
export interface ContextNews {
  readonly namespace: string;
  readonly contextId: string;
  readonly what: 'created' | 'updated' | 'shared' | 'revoked' | 'archived';
}

export interface ContextsNeed {
  /** A name is the creator's own: the same one twice is the same context. */
  create(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly name?: string | undefined;
    readonly values: Values;
    readonly traceparent?: string | undefined;
  }): Promise<{ readonly contextId: string; readonly version: number; readonly created: boolean }>;
  /** From this node's copy, unless it must be `fresh`. */
  get(o: ContextAsked & { readonly fresh?: boolean | undefined }): Promise<ContextView>;
  list(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly limit: number;
    readonly offset?: number | undefined;
  }): Promise<readonly ContextSummary[]>;
  change(o: ContextChangeAsked): Promise<ContextWritten>;
  /** What became of a change that was pending; undefined for one that nobody of this name asked for here. */
  outcome(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly requestId: string;
  }): ContextWritten | undefined;
  history(
    o: ContextAsked & { readonly limit: number; readonly offset?: number | undefined },
  ): Promise<readonly ContextVersionView[]>;
  /** Makes a new version that equals an old one. */
  rollback(o: ContextAsked & { readonly version: number }): Promise<{ readonly version: number }>;
  share(
    o: ContextAsked & { readonly with: string; readonly permissions: readonly ContextPermission[] },
  ): Promise<ContextAccess>;
  archive(o: ContextAsked & { readonly reason?: string | undefined }): Promise<void>;
  /** Merges a copy that somebody worked on with what stands. */
  sync(
    o: ContextAsked & {
      readonly baseVersion: number;
      readonly mine: Values;
      readonly prefer: MergePreference;
    },
  ): Promise<ContextSynced>;
  /** Makes a tool call in a context; what the tool returns is passed on whatever becomes of the context. */
  callIn(
    o: ContextAsked & {
      readonly command: CallCommand;
      call(command: CallCommand): Promise<CallOutcome>;
    },
  ): Promise<CallOutcome>;
  /** Calls back after each change; returns what stops it. */
  onChanged(heard: (news: ContextNews) => void): () => void;
}
