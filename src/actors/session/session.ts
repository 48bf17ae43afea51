/**
 * The hands of a session actor and the top of the call path: a session passes a call on to the tool's route (breaker,
 * then resource) or refuses it, and leaves exactly one fact about it, appended before the reply. It never parses
 * arguments or results on their way.
 */
import type { Actor } from 'xstate';
import type { SessionEvent, sessionMachine } from '../../../machines/session.machine.ts';
import type { CallCommand, CallOutcome, ObservedCall } from '../../../machines/words/calls.ts';
import type { Outcome } from '../../../machines/words/episodes.ts';
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { createId } from '../../../machines/words/ids.ts';
import { limits } from '../../../machines/words/limits.ts';
import { changeWishes, noWishes } from '../../../machines/words/wishes.ts';
import type { WishChange, Wishes } from '../../../machines/words/wishes.ts';
import type { Principal } from '../../access/access.ts';
import type { ActorName } from '../announcer.ts';
import { announceCall } from './call-record.ts';
import { toIso } from '../clock.ts';
import type { Route } from '../calls/route.ts';
import type { OpenTask, TaskSource } from './open-task.ts';
import type { SessionFacts } from './session-facts.ts';
import { CallNotes } from './session-doing.ts';
import type { SessionDoing } from './session-doing.ts';
import { toUnknownSentence } from '../upstreams/unlisted.ts';
import { toRefusal } from './session-refusals.ts';
import { inUseEveryMs } from './session-rows.ts';
import { StepNotes } from './session-steps.ts';
import type { SessionRoom, Taken } from './sessions.ts';
import type { ToldEdge } from '../told-root.ts';

/** One live session; created by `openSessions` only. */
export class LiveSession {
  readonly id: string;
  readonly namespace: string;
  readonly principal: Principal;
  readonly facts: SessionFacts;
  readonly openedAt: number;
  lastUsedAt: number;
  calls = 0;
  /** The shared context in which its tool calls run. */
  contextId: string | null;
  /** What its client wants to hear without asking. */
  wishes: Wishes;
  #task: (OpenTask & { calls: number; readonly since: number }) | null = null;
  readonly #notes = new CallNotes();
  readonly #steps = new StepNotes();
  readonly #room: SessionRoom;
  readonly #actor: Actor<typeof sessionMachine>;
  readonly #name: ActorName;
  #stopped = false;
  /** When its row was last told that it is in use. */
  #toldAt: number;
  /** Whether it went on here with the life it had on another node. */
  readonly #isTaken: boolean;

  constructor(
    facts: SessionFacts,
    room: SessionRoom,
    openActor: (onEdge: (edge: ToldEdge) => void) => Actor<typeof sessionMachine>,
    taken?: Taken,
  ) {
    this.#isTaken = taken !== undefined;
    this.wishes = taken?.wishes ?? noWishes;
    this.contextId = taken?.contextId ?? null;
    this.id = facts.id;
    this.facts = facts;
    this.principal = facts.principal;
    this.namespace = facts.principal.namespace;
    this.openedAt = room.clock.now();
    this.lastUsedAt = this.openedAt;
    this.#toldAt = this.openedAt;
    this.#room = room;
    this.#name = { namespace: this.namespace, kind: 'session', id: this.id };
    this.#actor = openActor((edge) => this.#announceEdge(edge));
    this.#send({ type: 'opened', at: this.openedAt });
    const task = taken?.task ?? null;
    if (task === null) return;
    this.#task = { ...task, since: this.openedAt };
    this.#send({ type: 'task.start', taskId: task.taskId, at: this.openedAt });
  }

  get task(): OpenTask | null {
    return this.#task;
  }

  /** Its calls run in this context from now on; the row has it soon. */
  attachContext(contextId: string | null): void {
    this.contextId = contextId;
    this.#room.changed(this, true);
  }

  /** Notes a change of what its client wants to hear; the row has it soon. */
  wish(change: WishChange): void {
    const before = this.wishes;
    this.wishes = changeWishes(before, change);
    if (this.wishes !== before) this.#room.changed(this, true);
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
    const { clock, log, routes } = this.#room;
    const startedAt = clock.now();
    const begunAt = clock.monotonic();
    const { callId } = command;
    this.#use(startedAt);
    this.calls += 1;
    const route = routes.resolve(command.name);
    if (route !== undefined) command.span?.set({ 'drey.upstream': route.server });
    const task = this.#task;
    if (task !== null) task.calls += 1;
    const refusal = command.refused ?? this.#admit(callId, startedAt);
    if (refusal === undefined) this.#notes.begin(callId, command.name, startedAt);
    const outcome = refusal ?? (await this.#pass(command, route));
    try {
      announceCall(this.#room, this.#name, {
        command,
        outcome,
        route,
        principal: this.principal.id,
        taskId: task?.taskId ?? null,
        startedAt: toIso(startedAt),
        durationMs: Math.round((clock.monotonic() - begunAt) * 1_000) / 1_000,
      });
      await this.#room.settled?.();
    } catch (error) {
      log.error({ err: toPlainError(error), callId }, 'a call is answered although its fact may be lost');
    }
    this.#note(callId, command.name, outcome);
    if (outcome.outcome === 'finished')
      this.#steps.add(command.name, command.args, outcome.result, outcome.isError);
    if (refusal === undefined)
      this.#send({ type: 'call.ended', callId, outcome: outcome.outcome, at: clock.now() });
    return outcome;
  }

  /** Notes a call that was made elsewhere, as one of this session; what is over hears nothing. */
  observe({ callId, name, args, server, tool, result, isError, durationMs }: ObservedCall): void {
    if (this.#stopped || this.state === 'closed' || this.state === 'expired') return;
    this.touch();
    this.calls += 1;
    if (this.#task !== null) this.#task.calls += 1;
    this.#notes.end(callId, name, { at: this.lastUsedAt, outcome: 'finished', isError });
    this.#steps.add(name, args, result, isError);
    announceCall(this.#room, this.#name, {
      command: { callId, name, args, traceparent: undefined },
      outcome: { outcome: 'finished', result, isError },
      route: { server, tool },
      principal: this.principal.id,
      taskId: this.#task?.taskId ?? null,
      startedAt: toIso(Math.max(this.openedAt, this.lastUsedAt - durationMs)),
      durationMs,
    });
  }

  #note(callId: string, name: string, outcome: CallOutcome): void {
    const isError = outcome.outcome === 'finished' && outcome.isError;
    this.#notes.end(callId, name, { at: this.#room.clock.now(), outcome: outcome.outcome, isError });
  }

  readSteps = () => this.#steps.read();
  /** What it is doing now. */
  get doing(): SessionDoing {
    const calls = this.#notes.running;
    const task = this.#task === null ? null : { ...this.#task, since: toIso(this.#task.since) };
    const idleSince = calls.length > 0 ? null : (this.#notes.last?.at ?? toIso(this.openedAt));
    return { task, calls, lastCall: this.#notes.last, idleSince };
  }

  /** Tells the chart of a call; what the chart does not take into flight is refused. */
  #admit(callId: string, at: number): CallOutcome | undefined {
    const { refusals } = this.#room;
    this.#send({ type: 'call.started', callId, at });
    const told = refusals.get(callId);
    refusals.delete(callId);
    if (told === undefined && this.#actor.getSnapshot().context.inFlight.includes(callId)) return undefined;
    return toRefusal(told ?? 'session_unknown');
  }

  async #pass(command: CallCommand, route: Route | undefined): Promise<CallOutcome> {
    if (route === undefined) {
      const message = toUnknownSentence(command.name, this.#room.routes.unlisted?.());
      return { outcome: 'refused', code: 'tool_unknown', message, retryAfterMs: undefined };
    }
    const watched = this.#room.watch(command);
    try {
      const own = { principal: this.principal.id, signal: watched.signal };
      // Not a spread, which costs a call more here than all else in it (see `answerMessage`).
      return await route.call(Object.assign({}, command, own), this.namespace);
    } catch (error) {
      this.#room.log.error({ err: String(error), tool: command.name }, 'a call broke inside the node');
      const message = 'the call broke inside Drey';
      return { outcome: 'failed', code: 'unexpected', message, error: undefined, countsAgainst: false };
    } finally {
      watched.done();
    }
  }

  /** States the session's task; one that is open ends without outcome. Throws when the session is over. */
  startTask(text: string, source: TaskSource, traceparent?: string): { taskId: string } {
    const { announcer, clock, redactor } = this.#room;
    if (this.state === 'closed' || this.state === 'expired')
      throw new DreyError('session_unknown', 'this session is over; open a new one');
    this.touch();
    const task = redactor.in(this.namespace).redactText(text).slice(0, limits.taskTextMax);
    const taskId = createId('task', clock);
    this.#task = { taskId, task, source, calls: 0, since: clock.now() };
    this.#steps.clear();
    this.#send({ type: 'task.start', taskId, at: clock.now() });
    announcer.announce(
      'task.started',
      this.#name,
      { taskId, task, principal: this.principal.id, source },
      { id: `${taskId}:started`, correlation: taskId, traceparent },
    );
    return { taskId };
  }

  /** Ends the open task; undefined when there is none. */
  finishTask(
    outcome: Outcome,
    notes?: string,
    traceparent?: string,
  ): { taskId: string; calls: number } | undefined {
    const { announcer, clock, redactor } = this.#room;
    const task = this.#task;
    if (task === null) return undefined;
    this.#task = null;
    this.#steps.clear();
    this.touch();
    this.#send({ type: 'task.finish', taskId: task.taskId, at: clock.now() });
    const said =
      notes === undefined ? {} : { notes: redactor.in(this.namespace).redactText(notes).slice(0, 2_000) };
    announcer.announce(
      'task.finished',
      this.#name,
      { taskId: task.taskId, outcome, calls: task.calls, ...said },
      { id: `${task.taskId}:finished`, correlation: task.taskId, traceparent },
    );
    return { taskId: task.taskId, calls: task.calls };
  }

  touch(): void {
    this.#use(this.#room.clock.now());
    // Only an idle session is woken: one that is draining must end.
    if (this.state === 'ready' && this.inFlight === 0) this.#send({ type: 'resume', at: this.lastUsedAt });
  }

  /** What was let go of is another's: its time stands still here. The row hears of use now and then, not with each call. */
  #use(at: number): void {
    if (this.#stopped) return;
    this.lastUsedAt = at;
    if (at - this.#toldAt < inUseEveryMs) return;
    this.#toldAt = at;
    this.#room.changed(this);
  }

  /** Takes nothing new; what `goesOn` elsewhere is let go of in the end, everything else is closed. */
  drain(reason: string, goesOn: boolean): void {
    this.#send({ type: 'drain', reason, goesOn, at: this.#room.clock.now() });
  }

  close(reason: string): void {
    this.#send({ type: 'close', reason, at: this.#room.clock.now() });
  }

  /** A session that is over hears nothing any more. */
  #send(event: SessionEvent): void {
    if (!this.#stopped) this.#actor.send(event);
  }

  #announceEdge({ type, ...edge }: ToldEdge): void {
    const { announcer } = this.#room;
    const { transport, revision, client, principal } = this.facts;
    if (type === 'session.opened' || type === 'session.resumed') {
      const told = this.#isTaken ? 'session.resumed' : type;
      announcer.announce(told, this.#name, { ...edge, principal: principal.id, transport, revision, client });
      return;
    }
    const { reason } = edge.cause;
    const end = typeof reason === 'string' ? { ...edge, reason } : edge;
    announcer.announce(type as 'session.closed', this.#name, end);
    if (type !== 'session.drained') this.#room.ended(this);
  }

  /** Stops the actor; only after its end, or where it goes on elsewhere. */
  stop(): void {
    this.#stopped = true;
    this.#actor.stop();
  }
}
