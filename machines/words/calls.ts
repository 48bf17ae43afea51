/**
 * One tool call on its way down and its outcome on the way back. Arguments and results are JSON text exactly as it
 * came: nobody between client and upstream parses and re-writes them.
 */
import type { Span } from './traces.ts';

/** JSON text, sliced from a message and never re-serialised. */
export type RawJson = string;

/** What the gateway asks for. */
export interface CallCommand {
  readonly callId: string;
  /** The name the client used. */
  readonly name: string;
  readonly args: RawJson;
  /** The request's `_meta` as it came, if any. */
  readonly meta: RawJson | undefined;
  /** The trace it belongs to: what whoever works on it further names as its parent. */
  readonly traceparent: string | undefined;
  /** The call as it is traced, where it is; who learns something about the call tells it. */
  readonly span?: Span | undefined;
  /** Aborts when the client cancels or the deadline passes. */
  readonly signal: AbortSignal;
  /** Progress and log notifications of this call, as JSON text of whole notifications. */
  readonly notify: ((notification: RawJson) => void) | undefined;
}

/** Any request but a tool call that goes on to one upstream; what it carries passes as the bytes it came in. */
export interface PassCommand {
  readonly method: string;
  /** The prompt or resource it is about, as the upstream knows it. */
  readonly subject: string | undefined;
  /** Members of `params` without `_meta`, each as `"key":value`. */
  readonly members: readonly RawJson[];
  readonly meta: RawJson | undefined;
  readonly traceparent: string | undefined;
  readonly signal: AbortSignal;
  readonly notify: ((notification: RawJson) => void) | undefined;
}

/** Every way a call can end. Only `failed` with `countsAgainst` is the breaker's business. */
export type CallOutcome =
  | { readonly outcome: 'finished'; readonly result: RawJson; readonly isError: boolean }
  | {
      readonly outcome: 'failed';
      readonly code: string;
      readonly message: string;
      /** The upstream's own JSON-RPC error object, forwarded as it is. */
      readonly error: RawJson | undefined;
      /** True for transport errors and timeouts; false for an upstream's well-formed refusal or a cancelled call. */
      readonly countsAgainst: boolean;
    }
  | {
      readonly outcome: 'refused';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    };
