/**
 * One tool call on its way down and its outcome on the way back. Arguments and results are JSON text exactly as it
 * came: nobody between client and upstream parses and re-writes them.
 */
import type { StopSignal } from './stop.ts';
import type { Span } from './traces.ts';

/** JSON text, sliced from a message and never re-serialised. */
export type RawJson = string;

/** What an upstream may ask a client, where the client has declared that it can. */
export type ClientAbility = 'elicitation' | 'roots' | 'sampling';
/** What an upstream asks of a client while a request of that client runs. */
export interface Question {
  readonly method: string;
  readonly params: unknown;
  /** Aborts when the upstream takes it back, or the request has ended. */
  readonly signal: StopSignal;
}

export type ClientAnswer =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly data?: unknown };

/** The client behind a request, where it can be asked something back. */
export interface Asker {
  /** Whose it is; requests of one session name the same. */
  readonly session: string;
  /** The client's capabilities, where they are known. */
  readonly capabilities: Readonly<Record<string, unknown>> | undefined;
  /** Never rejects. */
  ask(question: Question): Promise<ClientAnswer>;
}

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
  /** Who calls; the session says it, not the client. */
  readonly principal?: string | undefined;
  /** What the client can be asked; upstreams of the 2025 era learn it when a connection opens. */
  readonly abilities?: readonly ClientAbility[] | undefined;
  /** What the door refused: passed on to nobody, and recorded as any other refusal. */
  readonly refused?: Extract<CallOutcome, { readonly outcome: 'refused' }> | undefined;
  /** Aborts when the client cancels or the deadline passes. */
  readonly signal: StopSignal;
  /** Progress and log notifications of this call, as JSON text of whole notifications. */
  readonly notify: ((notification: RawJson) => void) | undefined;
  /** The client, where it can be asked while the call runs. */
  readonly asker?: Asker | undefined;
  /** Members of `params` besides, as `"key":value`: what a client answers when it was asked in a result. */
  readonly inputs?: readonly RawJson[] | undefined;
}

/** Any request but a tool call that goes on to one upstream; what it carries passes as the bytes it came in. */
export interface PassCommand {
  /** Whose request it is: where each has credentials of its own, they are used. */
  readonly principal: string;
  readonly method: string;
  /** The prompt or resource it is about, as the upstream knows it. */
  readonly subject: string | undefined;
  /** Members of `params` without `_meta`, each as `"key":value`. */
  readonly members: readonly RawJson[];
  readonly meta: RawJson | undefined;
  readonly traceparent: string | undefined;
  readonly signal: StopSignal;
  readonly notify: ((notification: RawJson) => void) | undefined;
  readonly asker?: Asker | undefined;
}

/** A call that somebody else made and that we were only told about. */
export interface ObservedCall {
  readonly callId: string;
  /** '' for a tool of the client's own. */
  readonly server: string;
  readonly tool: string;
  /** The name the client used. */
  readonly name: string;
  readonly args: RawJson;
  readonly result: RawJson;
  readonly isError: boolean;
  readonly durationMs: number;
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
