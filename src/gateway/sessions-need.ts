/** Sessions as the gateway needs them: opened, found, called through, and looked for on other nodes. */
import type { CallCommand, CallOutcome, ObservedCall } from '../../machines/words/calls.ts';
import type { Outcome } from '../../machines/words/episodes.ts';
import type { WishChange, Wishes } from '../../machines/words/wishes.ts';
import type { Principal, RecentStep } from './needs.ts';

export type TaskSource = 'task' | 'current_task' | 'trigger_pattern' | 'hook';

/** The task a session is working on. `source` tells a stated task from one derived from a question. */
export interface OpenTask {
  readonly taskId: string;
  readonly task: string;
  readonly source?: TaskSource;
}

/** One logical session: the only way a call reaches a tool. */
export interface Session {
  readonly id: string;
  readonly namespace: string;
  readonly principal: Principal;
  /** They outlive the node that heard them. */
  readonly facts: ClientFacts;
  readonly task: OpenTask | null;
  /** The shared context in which its tool calls run. */
  readonly contextId: string | null;
  /** What its client wants to hear without asking; it outlives the node that was told. */
  readonly wishes: Wishes;
  wish(change: WishChange): void;
  attachContext(contextId: string | null): void;
  call(command: CallCommand): Promise<CallOutcome>;
  /** The calls of its open episode, oldest first; a session of another node does not know them. */
  readSteps?(): readonly RecentStep[];
  /** Notes a call that was made elsewhere, as one of this session. */
  observe(call: ObservedCall): void;
  /** `traceparent` is the trace of whatever states it. */
  startTask(task: string, source: TaskSource, traceparent?: string): { taskId: string };
  finishTask(
    outcome: Outcome,
    notes?: string,
    traceparent?: string,
  ): { taskId: string; calls: number } | undefined;
  touch(): void;
  close(reason: string): void;
}

/** What a client said of itself in its handshake. */
export interface ClientFacts {
  /** The protocol revision spoken. */
  readonly revision: string;
  /** The client's own name and version; never used for authorization. */
  readonly client: string;
  /** What it can do; undefined where it did not say. */
  readonly capabilities?: Readonly<Record<string, unknown>> | undefined;
}

export interface OpenSession extends ClientFacts {
  readonly principal: Principal;
  readonly transport: 'http' | 'stdio' | 'hook';
  /** Given where the id follows from a conversation's name; otherwise a fresh one is made. */
  readonly sessionId?: string;
  /** Whether its client names it in each request, so that another node can go on with it. */
  readonly isMovable?: boolean;
}

export interface SessionView {
  readonly id: string;
  readonly namespace: string;
  readonly principal: string;
  readonly transport: string;
  readonly revision: string;
  readonly client: string;
  readonly state: string;
  readonly task: string | null;
  readonly calls: number;
  readonly openedAt: string;
  readonly lastUsedAt: string;
  readonly doing: SessionDoing;
}

/** What a session is doing now. */
export interface SessionDoing {
  readonly task: {
    readonly taskId: string;
    readonly task: string;
    readonly source: string;
    readonly since: string;
    readonly calls: number;
  } | null;
  /** In flight. */
  readonly calls: readonly { readonly callId: string; readonly name: string; readonly since: string }[];
  readonly lastCall: {
    readonly callId: string;
    readonly name: string;
    readonly at: string;
    readonly outcome: 'finished' | 'error' | 'failed' | 'refused';
  } | null;
  /** Null while a call is in flight. */
  readonly idleSince: string | null;
}

/** A message for a session that lives on another node, as far as it matters there. */
export interface ForwardedRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly sessionId: string;
  readonly principal: Principal;
  /** Path and query as they came; they and these headers choose what the client sees. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Where the answer of another node is written as it comes. */
export interface AnswerSink {
  /** Once, before anything is written. */
  head(status: number, contentType: string | undefined): void;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when nobody reads any more. */
  readonly gone: Promise<void>;
}

export type SoughtSession =
  | { readonly where: 'nowhere' }
  /** `find` knows it now. */
  | { readonly where: 'here' }
  /** Resolves when the answer is over; rejects where there is none, or not all of it. */
  | { readonly where: 'there'; forward(request: ForwardedRequest, sink: AnswerSink): Promise<void> };

export interface SessionsNeed {
  /** Looks beyond this node for a session that `find` does not know; without it there is one node only. */
  seek?(id: string, principal: Principal): Promise<SoughtSession>;
  open(session: OpenSession): Session;
  /** Undefined for an unknown session and for somebody else's: the caller cannot tell which. */
  find(id: string, principal: Principal): Session | undefined;
  list(namespace: string): readonly SessionView[];
}
