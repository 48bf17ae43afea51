/**
 * All sessions of a node: one root actor each, found by id and principal. Somebody else's session and an unknown one
 * are the same to a caller. Rows are written lazily, never in a call's path.
 */
import { sessionEdges, sessionMachine } from '../../../machines/session.machine.ts';
import type { CallCommand } from '../../../machines/words/calls.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { createId } from '../../../machines/words/ids.ts';
import { limits } from '../../../machines/words/limits.ts';
import { Pending } from '../../../machines/words/pending.ts';
import type { Wishes } from '../../../machines/words/wishes.ts';
import { Stop } from '../../../machines/words/stop.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { Principal, Redaction } from '../../access/access.ts';
import type { Announcer } from '../announcer.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { toBoundedAbilities } from './client-abilities.ts';
import type { ClientAbilities } from './client-abilities.ts';
import { LiveSession } from './session.ts';
import type { SessionDoing } from './session-doing.ts';
import type { SessionFacts } from './session-facts.ts';
import type { OpenTask } from './open-task.ts';
import type { Roots } from '../roots.ts';
import { toTimerSource } from '../durable/timer-source.ts';
import { createToldRoot } from '../told-root.ts';
import type { ToldEdge } from '../told-root.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';

export interface SessionsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
  readonly redactor: Redaction;
  readonly routes: Pick<Upstreams, 'resolve'> & Partial<Pick<Upstreams, 'unlisted'>>;
  /** Waits for the disk before a reply leaves; only where power cuts must not matter. */
  readonly settled?: () => Promise<void>;
  /** Hears of every session whose row should be written. */
  readonly changed: (session: LiveSession, isUrgent?: boolean) => void;
  /** Makes it known that a session is nobody's now; resolves once other nodes can know. Without it, at once. */
  readonly letGo?: (session: LiveSession) => Promise<void>;
  readonly idleMs?: number;
  readonly sessionsMax?: number;
}

/** What every session of the room shares. */
export interface SessionRoom extends SessionsOptions {
  /** Calls the chart refused just now, and why. */
  readonly refusals: Map<string, ErrorCode>;
  /** Ties a call to its session, so that closing the session cancels it. */
  watch(command: CallCommand): { readonly signal: StopSignal; done(): void };
  ended(session: LiveSession): void;
}

export interface OpenSession {
  readonly principal: Principal;
  readonly transport: 'http' | 'stdio' | 'hook';
  readonly revision: string;
  readonly client: string;
  readonly capabilities?: ClientAbilities | undefined;
  readonly sessionId?: string;
  /** See `SessionFacts`. */
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

/** What a session brings along from the node that had it. */
export interface Taken {
  readonly task: OpenTask | null;
  readonly wishes: Wishes;
  /** The shared context to which it is attached. */
  readonly contextId: string | null;
}

export interface Sessions {
  open(session: OpenSession): LiveSession;
  /** Goes on with another node's session: with the task that was open in it, and what its client wants to hear. */
  takeOver(session: OpenSession & { readonly sessionId: string }, taken: Taken): LiveSession;
  find(id: string, principal: Principal): LiveSession | undefined;
  list(namespace: string): readonly SessionView[];
  readonly size: number;
  /** Throws where this node takes no more sessions now. */
  assertRoom(): void;
  /** Refuses new calls and waits for those in flight. What can go on elsewhere is let go of then, the others are closed. */
  drain(reason: string): Promise<void>;
}

const idleMsDefault = 30 * 60_000;
const drainMs = 8_000;

/** Opens the room for sessions. */
export function openSessions(options: SessionsOptions): Sessions {
  return new LiveSessions(options);
}

class LiveSessions implements Sessions {
  readonly #options: SessionsOptions;
  readonly #live = new Map<string, LiveSession>();
  /** One for each call in flight. */
  readonly #aborts = new Pending<Stop>();
  readonly #refusals = new Map<string, ErrorCode>();
  readonly #emptied = new Set<() => void>();
  readonly #machine: typeof sessionMachine;
  readonly #room: SessionRoom;
  #draining = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#machine = sessionMachine.provide({
      actions: {
        refuseCall: (_, { callId, code }) => this.#refusals.set(callId, code),
        cancelCalls: (_, { callIds }) => {
          for (const callId of callIds)
            this.#aborts.get(callId)?.abort(new DreyError('call_cancelled', 'the session was closed'));
        },
        letGo: (_, { sessionId }) => void this.#letGo(sessionId),
      },
    });
    this.#room = {
      ...options,
      refusals: this.#refusals,
      watch: (command) => this.#watch(command),
      ended: (session) => {
        this.#leave(session.id);
        options.changed(session);
        // The actor is still inside its last transition here.
        queueMicrotask(() => session.stop());
      },
    };
  }

  get size(): number {
    return this.#live.size;
  }

  open({ sessionId, ...facts }: OpenSession): LiveSession {
    const known = this.#findKnown(sessionId, facts.principal);
    if (known !== undefined) return known;
    this.assertRoom();
    return this.#create(this.#toFacts(facts, sessionId ?? createId('session', this.#options.clock)));
  }

  takeOver({ sessionId, ...facts }: OpenSession & { readonly sessionId: string }, taken: Taken) {
    const known = this.#findKnown(sessionId, facts.principal);
    if (known !== undefined) return known;
    this.assertRoom();
    return this.#create(this.#toFacts(facts, sessionId), taken);
  }

  #findKnown(sessionId: string | undefined, principal: Principal): LiveSession | undefined {
    const known = sessionId === undefined ? undefined : this.#live.get(sessionId);
    if (known === undefined || isSame(known.principal, principal)) return known;
    throw new DreyError('session_unknown', `there is no session ${sessionId}; open a new one`);
  }

  assertRoom(): void {
    if (this.#draining)
      throw new DreyError('node_draining', 'this node is being stopped; try again in a moment');
    if (this.size >= (this.#options.sessionsMax ?? limits.actorsMax)) {
      throw new DreyError(
        'limit_reached',
        `this node holds ${this.size} sessions and takes no more now; try again later`,
      );
    }
  }

  find(id: string, principal: Principal): LiveSession | undefined {
    const session = this.#live.get(id);
    return session !== undefined && isSame(session.principal, principal) ? session : undefined;
  }

  list(namespace: string): readonly SessionView[] {
    return [...this.#live.values()].filter((session) => session.namespace === namespace).map(toView);
  }

  async drain(reason: string): Promise<void> {
    this.#draining = true;
    const emptied = new Promise<void>((resolve) => this.#emptied.add(resolve));
    // Their end takes sessions out of the map; those that are left are visited still.
    for (const session of this.#live.values()) session.drain(reason, session.facts.isMovable === true);
    if (this.size > 0) await emptied;
  }

  /** What a client says of itself is shown to others. */
  #toFacts(facts: Omit<OpenSession, 'sessionId'>, id: string): SessionFacts {
    const redactor = this.#options.redactor.in(facts.principal.namespace);
    const { client, capabilities } = facts;
    const can = capabilities === undefined ? {} : { capabilities: toBoundedAbilities(capabilities) };
    return { ...facts, ...can, id, client: redactor.redactText(client) };
  }

  #create(facts: SessionFacts, taken?: Taken): LiveSession {
    const { changed, clock, idleMs = idleMsDefault, log, roots } = this.#options;
    const settings = { callsMax: limits.sessionCallsMax, idleMs, drainMs };
    const openActor = (onEdge: (edge: ToldEdge) => void) =>
      createToldRoot(this.#machine, {
        edges: sessionEdges,
        onEdge,
        input: { sessionId: facts.id, settings },
        roots,
        address: { namespace: facts.principal.namespace, kind: 'session', id: facts.id },
        clock: toTimerSource(clock),
        onError: (error) => {
          log.error({ session: facts.id, err: toPlainError(error) }, 'a session actor broke');
          this.#leave(facts.id);
        },
        log,
      });
    const session = new LiveSession(facts, this.#room, openActor, taken);
    this.#live.set(facts.id, session);
    changed(session);
    return session;
  }

  /** It is held, and refuses calls, until others can know that it is theirs to take. */
  async #letGo(id: string): Promise<void> {
    const session = this.#live.get(id);
    if (session === undefined) return;
    await this.#options.letGo?.(session);
    this.#leave(id);
    session.stop();
  }

  #leave(id: string): void {
    this.#live.delete(id);
    if (this.size > 0) return;
    for (const resolve of this.#emptied) resolve();
    this.#emptied.clear();
  }

  #watch({ callId, signal }: CallCommand): { readonly signal: StopSignal; done(): void } {
    const controller = new Stop();
    const cancel = (): void => controller.abort(signal.reason);
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    this.#aborts.set(callId, controller);
    return {
      signal: controller.signal,
      done: () => {
        signal.removeEventListener('abort', cancel);
        this.#aborts.delete(callId);
      },
    };
  }
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
    doing: session.doing,
  };
}
