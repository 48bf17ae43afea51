/**
 * Shared contexts as the gateway needs them: every question names who asks, and is answered for that one alone. What is
 * not there and what is not the asker's are refused in the same words. Whoever mounts the gateway implements it.
 */
import type { Behind } from './knowledge-needs.ts';
import type { MergePreference } from '../../machines/context-merge.ts';
import type { ContextAccess } from '../../machines/context-state.ts';
import type {
  ContextAsked,
  ContextChangeAsked,
  ContextNews,
  ContextSummary,
  ContextSynced,
  ContextVersionView,
  ContextView,
  ContextWritten,
} from '../../machines/context-views.ts';
import type { CallCommand, CallOutcome } from '../../machines/words/calls.ts';
import type { ContextCaller, ContextPermission } from '../../machines/words/contexts.ts';

export interface ContextsNeed {
  /** A name is the creator's own: the same one twice is the same context. */
  create(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly name?: string | undefined;
    readonly values: Readonly<Record<string, unknown>>;
    readonly traceparent?: string | undefined;
  }): Promise<{ readonly contextId: string; readonly version: number; readonly created: boolean }>;
  /** From this node's copy, unless it must be `fresh`. */
  get(o: ContextAsked & { readonly fresh?: boolean | undefined }): Promise<ContextView>;
  list(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly limit: number;
    /** Goes on behind this one. */
    readonly after?: Behind | undefined;
  }): Promise<readonly ContextSummary[]>;
  change(o: ContextChangeAsked): Promise<ContextWritten>;
  /** What became of a change that was pending; undefined for one that nobody of this name asked for here. */
  outcome(o: {
    readonly namespace: string;
    readonly contextId?: string | undefined;
    readonly by: ContextCaller;
    readonly requestId: string;
  }): ContextWritten | undefined;
  history(
    o: ContextAsked & { readonly limit: number; readonly below?: number | undefined },
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
      readonly mine: Readonly<Record<string, unknown>>;
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
