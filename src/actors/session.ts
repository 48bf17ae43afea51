/**
 * The hands of a session actor and the top of the call path: a session passes a call on to the tool's route (breaker,
 * then resource) or refuses it, and leaves exactly one fact about it, appended before the reply. It never parses
 * arguments or results on their way.
 */
import type { Actor } from 'xstate';
import type { SessionEvent, sessionMachine } from '../../machines/session.machine.ts';
import type { CallCommand, CallOutcome } from '../../machines/words/calls.ts';
import type { Outcome } from '../../machines/words/episodes.ts';
import type { EventData } from '../../machines/words/events.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';
import { createId } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Principal } from '../access/access.ts';
import type { ActorName } from './announcer.ts';
import { announceCall } from './call-record.ts';
import { toIso } from './clock.ts';
import type { SessionRoom } from './sessions.ts';
import type { ToldEdge } from './told-root.ts';

export interface SessionFacts {
  readonly id: string;
  readonly principal: Principal;
  readonly transport: 'http' | 'stdio';
  readonly revision: string;
  readonly client: string;
}

export type TaskSource = Exclude<EventData<'task.started'>['source'], 'hook' | 'import'>;

export interface OpenTask {
  readonly taskId: string;
  readonly task: string;
  readonly source: TaskSource;
  readonly calls: number;
}

const refusals: Partial<Record<ErrorCode, string>> = {
  session_unknown: 'this session is over; open a new one',
  limit_reached: `a session may have ${limits.sessionCallsMax} calls in flight; wait for one to end`,
  node_draining: 'this node is being stopped; try again in a moment',
};

/** One live session; created by `openSessions` only. */
export class LiveSession {
  readonly id: string;
  readonly namespace: string;
  readonly principal: Principal;
  readonly facts: SessionFacts;
  readonly openedAt: number;
  lastUsedAt: number;
  calls = 0;
  #task: { taskId: string; task: string; source: TaskSource; calls: number } | null = null;
  readonly #room: SessionRoom;
  readonly #actor: Actor<typeof sessionMachine>;
  readonly #name: ActorName;

  constructor(
    facts: SessionFacts,
    room: SessionRoom,
    openActor: (onEdge: (edge: ToldEdge) => void) => Actor<typeof sessionMachine>,
  ) {
    this.id = facts.id;
    this.facts = facts;
    this.principal = facts.principal;
    this.namespace = facts.principal.namespace;
    this.openedAt = room.clock.now();
    this.lastUsedAt = this.openedAt;
    this.#room = room;
    this.#name = { namespace: this.namespace, kind: 'session', id: this.id };
    this.#actor = openActor((edge) => this.#announceEdge(edge));
    this.#send({ type: 'opened', at: this.openedAt });
  }

  get task(): OpenTask | null {
    return this.#task;
  }

  /** The lifecycle state: `ready`, `draining`, …; a working session is `ready`. */
  get state(): string {
    const { value } = this.#actor.getSnapshot();
    return typeof value === 'string' ? value : (Object.keys(value)[0] ?? 'ready');
  }

  get inFlight(): number {
    return this.#actor.getSnapshot().context.inFlight.length;
  }

  /** Passes a call on or refuses it; never throws. */
  async call(command: CallCommand): Promise<CallOutcome> {
    const { clock, routes } = this.#room;
    const startedAt = clock.now();
    const begunAt = clock.monotonic();
    const { callId } = command;
    this.lastUsedAt = startedAt;
    this.calls += 1;
    const route = routes.resolve(command.name);
    const task = this.#task;
    if (task !== null) task.calls += 1;
    this.#send({ type: 'call.started', callId, at: startedAt });
    const refusal = this.#room.refusals.get(callId);
    const release = this.#room.watch(command);
    let outcome: CallOutcome;
    try {
      if (refusal !== undefined)
        outcome = {
          outcome: 'refused',
          code: refusal,
          message: refusals[refusal] ?? 'the call was refused',
          retryAfterMs: 1_000,
        };
      else if (route === undefined)
        outcome = {
          outcome: 'refused',
          code: 'tool_unknown',
          message: `there is no tool "${command.name}"`,
          retryAfterMs: undefined,
        };
      else outcome = await route.call({ ...command, signal: release.signal });
    } catch (error) {
      this.#room.log.error({ err: String(error), tool: command.name }, 'a call broke inside the node');
      outcome = {
        outcome: 'failed',
        code: 'unexpected',
        message: 'the call broke inside Drey',
        error: undefined,
        countsAgainst: false,
      };
    }
    release.done();
    this.#room.refusals.delete(callId);
    announceCall(this.#room, this.#name, {
      command,
      outcome,
      route,
      principal: this.principal.id,
      taskId: task?.taskId ?? null,
      startedAt: toIso(startedAt),
      durationMs: Math.round((clock.monotonic() - begunAt) * 1_000) / 1_000,
    });
    if (this.#room.settled !== undefined) await this.#room.settled();
    if (refusal === undefined)
      this.#send({ type: 'call.ended', callId, outcome: outcome.outcome, at: clock.now() });
    return outcome;
  }

  /** States the session's task; one that is open ends without outcome. */
  startTask(text: string, source: TaskSource): { taskId: string } {
    const { announcer, clock, redactor } = this.#room;
    this.touch();
    const task = redactor.redactText(text).slice(0, limits.taskTextMax);
    const taskId = createId('task', clock);
    this.#task = { taskId, task, source, calls: 0 };
    this.#send({ type: 'task.start', taskId, at: clock.now() });
    announcer.announce(
      'task.started',
      this.#name,
      { taskId, task, principal: this.principal.id, source },
      { id: `${taskId}:started`, correlation: taskId },
    );
    return { taskId };
  }

  /** Ends the open task; undefined when there is none. */
  finishTask(outcome: Outcome, notes?: string): { taskId: string; calls: number } | undefined {
    const { announcer, clock, redactor } = this.#room;
    const task = this.#task;
    if (task === null) return undefined;
    this.#task = null;
    this.touch();
    this.#send({ type: 'task.finish', taskId: task.taskId, at: clock.now() });
    const said = notes === undefined ? {} : { notes: redactor.redactText(notes).slice(0, 2_000) };
    announcer.announce(
      'task.finished',
      this.#name,
      { taskId: task.taskId, outcome, calls: task.calls, ...said },
      { id: `${task.taskId}:finished`, correlation: task.taskId },
    );
    return { taskId: task.taskId, calls: task.calls };
  }

  touch(): void {
    this.lastUsedAt = this.#room.clock.now();
    if (this.inFlight === 0) this.#send({ type: 'resume', at: this.lastUsedAt });
  }

  drain(reason: string): void {
    this.#send({ type: 'drain', reason, at: this.#room.clock.now() });
  }

  close(reason: string): void {
    this.#send({ type: 'close', reason, at: this.#room.clock.now() });
  }

  #send(event: SessionEvent): void {
    this.#actor.send(event);
  }

  #announceEdge({ type, ...edge }: ToldEdge): void {
    const { announcer } = this.#room;
    const { transport, revision, client, principal } = this.facts;
    if (type === 'session.opened' || type === 'session.resumed') {
      announcer.announce(type, this.#name, { ...edge, principal: principal.id, transport, revision, client });
      return;
    }
    const { reason } = edge.cause;
    announcer.announce(
      type as 'session.closed',
      this.#name,
      typeof reason === 'string' ? { ...edge, reason } : edge,
    );
    if (type !== 'session.drained') this.#room.ended(this);
  }

  /** Stops the actor; only after its end. */
  stop(): void {
    this.#actor.stop();
  }
}
