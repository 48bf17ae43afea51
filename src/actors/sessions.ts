/**
 * All sessions of a node: one root actor each, found by id and principal. Somebody else's session and an unknown one
 * are the same to a caller. Rows are written lazily, never in a call's path.
 */
import { sessionEdges, sessionMachine } from '../../machines/session.machine.ts';
import type { CallCommand } from '../../machines/words/calls.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';
import { DreyError, toPlainError } from '../../machines/words/errors.ts';
import { createId } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Principal, Redactor } from '../access/access.ts';
import type { Announcer } from './announcer.ts';
import type { Clock, Log } from './clock.ts';
import { toIso } from './clock.ts';
import { LiveSession } from './session.ts';
import type { SessionFacts } from './session.ts';
import { toTimerSource } from './timer-source.ts';
import { createToldRoot } from './told-root.ts';
import type { ToldEdge } from './told-root.ts';
import type { Upstreams } from './upstreams.ts';

export interface SessionsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly redactor: Redactor;
  readonly routes: Pick<Upstreams, 'resolve'>;
  /** Waits for the disk before a reply leaves; only where power cuts must not matter. */
  readonly settled?: () => Promise<void>;
  /** Hears of every session whose row should be written. */
  readonly changed: (session: LiveSession) => void;
  readonly idleMs?: number;
  readonly sessionsMax?: number;
}

/** What every session of the room shares. */
export interface SessionRoom extends SessionsOptions {
  /** Calls the chart refused just now, and why. */
  readonly refusals: Map<string, ErrorCode>;
  /** Ties a call to its session, so that closing the session cancels it. */
  watch(command: CallCommand): { readonly signal: AbortSignal; done(): void };
  ended(session: LiveSession): void;
}

export interface OpenSession {
  readonly principal: Principal;
  readonly transport: 'http' | 'stdio';
  readonly revision: string;
  readonly client: string;
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
}

export interface Sessions {
  open(session: OpenSession): LiveSession;
  find(id: string, principal: Principal): LiveSession | undefined;
  list(namespace: string): readonly SessionView[];
  readonly size: number;
  /** Refuses new calls, waits for those in flight, closes all. */
  drain(reason: string): Promise<void>;
}

const idleMsDefault = 30 * 60_000;
const drainMs = 8_000;

/** Opens the room for sessions. */
export function openSessions(options: SessionsOptions): Sessions {
  const { clock, log } = options;
  const live = new Map<string, LiveSession>();
  const aborts = new Map<string, AbortController>();
  const refusals = new Map<string, ErrorCode>();
  const emptied = new Set<() => void>();
  let draining = false;
  const settings = { callsMax: limits.sessionCallsMax, idleMs: options.idleMs ?? idleMsDefault, drainMs };
  const machine = sessionMachine.provide({
    actions: {
      refuseCall: (_, { callId, code }) => refusals.set(callId, code),
      cancelCalls: (_, { callIds }) => {
        for (const callId of callIds) aborts.get(callId)?.abort(new Error('the session was closed'));
      },
    },
  });
  const room: SessionRoom = {
    ...options,
    refusals,
    watch(command) {
      const controller = new AbortController();
      const cancel = (): void => controller.abort(command.signal.reason);
      if (command.signal.aborted) cancel();
      command.signal.addEventListener('abort', cancel, { once: true });
      aborts.set(command.callId, controller);
      return {
        signal: controller.signal,
        done() {
          command.signal.removeEventListener('abort', cancel);
          aborts.delete(command.callId);
        },
      };
    },
    ended(session) {
      leave(session.id);
      options.changed(session);
      // The actor is still inside its last transition here.
      queueMicrotask(() => session.stop());
    },
  };
  const leave = (id: string): void => {
    live.delete(id);
    if (live.size > 0) return;
    for (const resolve of emptied) resolve();
    emptied.clear();
  };

  const create = (facts: SessionFacts): LiveSession => {
    const openActor = (onEdge: (edge: ToldEdge) => void) =>
      createToldRoot(machine, {
        edges: sessionEdges,
        onEdge,
        input: { sessionId: facts.id, settings },
        clock: toTimerSource(clock),
        onError: (error) => {
          log.error({ session: facts.id, err: toPlainError(error) }, 'a session actor broke');
          leave(facts.id);
        },
        log,
      });
    const session = new LiveSession(facts, room, openActor);
    live.set(facts.id, session);
    options.changed(session);
    return session;
  };

  return {
    open({ sessionId, ...facts }) {
      const known = sessionId === undefined ? undefined : live.get(sessionId);
      if (known !== undefined) {
        if (isSame(known.principal, facts.principal)) return known;
        throw new DreyError('session_unknown', `there is no session ${sessionId}; open a new one`);
      }
      if (draining) throw new DreyError('node_draining', 'this node is being stopped; try again in a moment');
      if (live.size >= (options.sessionsMax ?? limits.actorsMax)) {
        throw new DreyError(
          'limit_reached',
          `this node holds ${live.size} sessions and takes no more now; try again later`,
        );
      }
      return create({ ...facts, id: sessionId ?? createId('session', clock) });
    },
    find(id, principal) {
      const session = live.get(id);
      return session !== undefined && isSame(session.principal, principal) ? session : undefined;
    },
    list: (namespace) => [...live.values()].filter((session) => session.namespace === namespace).map(toView),
    get size() {
      return live.size;
    },
    async drain(reason) {
      draining = true;
      for (const session of [...live.values()]) session.drain(reason);
      if (live.size > 0) await new Promise<void>((resolve) => emptied.add(resolve));
    },
  };
}

/** A principal may act in several namespaces; a session belongs to one. */
function isSame(a: Principal, b: Principal): boolean {
  return a.id === b.id && a.namespace === b.namespace;
}

function toView(session: LiveSession): SessionView {
  const { facts } = session;
  return {
    id: session.id,
    namespace: session.namespace,
    principal: session.principal.id,
    transport: facts.transport,
    revision: facts.revision,
    client: facts.client,
    state: session.inFlight > 0 ? 'working' : session.state === 'ready' ? 'idle' : session.state,
    task: session.task?.task ?? null,
    calls: session.calls,
    openedAt: toIso(session.openedAt),
    lastUsedAt: toIso(session.lastUsedAt),
  };
}
