/**
 * What is asked of a shared context and told of it: shapes that every floor shares. Plain data; who may ask is decided
 * by whoever answers.
 */
import type { MergeConflict } from './context-merge.ts';
import type { ContextAccess } from './context-state.ts';
import type { ContextCaller, ContextPermission } from './words/contexts.ts';
import type { ErrorCode } from './words/errors.ts';

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
