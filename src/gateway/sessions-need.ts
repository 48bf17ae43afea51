/** Sessions as the gateway needs them: opened, found, called through, and looked for on other nodes. */
import type { CallCommand, CallOutcome, ObservedCall } from '../../machines/words/calls.ts';
import type { Outcome } from '../../machines/words/episodes.ts';
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
  readonly task: OpenTask | null;
  /** The shared context in which its tool calls run. */
  readonly contextId: string | null;
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

export interface OpenSession {
  readonly principal: Principal;
  readonly transport: 'http' | 'stdio' | 'hook';
  /** The protocol revision spoken. */
  readonly revision: string;
  /** The client's own name and version; never used for authorization. */
  readonly client: string;
  /** Given where the id follows from a conversation's name; otherwise a fresh one is made. */
  readonly sessionId?: string;
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
  readonly method: 'POST' | 'DELETE';
  readonly sessionId: string;
  readonly principal: Principal;
  /** Path and query as they came; they and these headers choose what the client sees. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ForwardedAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

export type SoughtSession =
  | { readonly where: 'nowhere' }
  /** `find` knows it now. */
  | { readonly where: 'here' }
  | { readonly where: 'there'; forward(request: ForwardedRequest): Promise<ForwardedAnswer> };

export interface SessionsNeed {
  /** Looks beyond this node for a session that `find` does not know; without it there is one node only. */
  seek?(id: string, principal: Principal): Promise<SoughtSession>;
  open(session: OpenSession): Session;
  /** Undefined for an unknown session and for somebody else's: the caller cannot tell which. */
  find(id: string, principal: Principal): Session | undefined;
  list(namespace: string): readonly SessionView[];
}
