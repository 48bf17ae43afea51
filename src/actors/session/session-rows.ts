/**
 * Writes session rows lazily: what changed since the last turn, in one transaction a namespace. A call never waits for
 * it; while the database is away the newest state of each session is kept and written later. A session that this node
 * lets go of is written as nobody's, once and last.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import { writeWishes } from '../../../machines/words/wishes.ts';
import type { Store } from '../../store/store.ts';
import { ensureNamespace, saveSessions } from '../../store/store.ts';
import type { SessionRow } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { writeAbilities } from './client-abilities.ts';
import type { LiveSession } from './session.ts';

export interface SessionRows {
  /** `isUrgent` is what another node must know soon. */
  note(session: LiveSession, isUrgent?: boolean): void;
  /** Writes that nobody has it now; resolves once that is written. */
  letGo(session: LiveSession): Promise<void>;
  /** Whether what the row says of this session is not the newest. */
  isWaiting(sessionId: string): boolean;
  /** Writes what is left, once. */
  close(): Promise<void>;
}

/** How often the row of a session in use is told so: what is older may be left, were its node gone. */
export const inUseEveryMs = 5 * 60_000;
const everyMs = 2_000;
/** A new session's row is written soon: without it no other node could take the session over. */
const soonMs = 100;
/** Sessions waiting to be written; beyond it the oldest state is dropped, the events still have it. */
const waitingMax = 20_000;

/** Starts writing rows for one node. */
export function openSessionRows(options: {
  store: Pick<Store, 'inNamespace'>;
  node: string;
  clock: Clock;
  log: Log;
}): SessionRows {
  const { store, node, clock, log } = options;
  const waiting = new Map<string, LiveSession>();
  const leaving = new Map<string, Leave>();
  /** In the turn that runs. */
  let writing: ReadonlySet<string> = new Set();
  const write = createWriter(store, node);
  let cancel = (): void => undefined;
  let running: Promise<void> = Promise.resolve();
  /** Whether the next turn was brought forward. */
  let isSoon = false;
  let isFlushing = false;

  const flush = async (): Promise<void> => {
    const sessions = [...waiting.values()];
    writing = new Set(waiting.keys());
    waiting.clear();
    for (const [namespace, group] of byNamespace(sessions)) {
      // Who is let go of from now on is written once more.
      const left = new Set(group.filter(({ id }) => leaving.has(id)));
      try {
        await write(namespace, group, left);
        for (const session of left) leaving.get(session.id)?.done();
      } catch (error) {
        log.debug({ namespace, err: toPlainError(error) }, 'session rows wait for the database');
        for (const session of group) if (!waiting.has(session.id)) waiting.set(session.id, session);
      }
    }
    writing = new Set();
  };
  const turn = (): void => {
    isSoon = false;
    isFlushing = true;
    running = flush().finally(() => {
      isFlushing = false;
      cancel = clock.schedule(isSoon ? soonMs : everyMs, turn);
    });
  };
  cancel = clock.schedule(everyMs, turn);
  const note: SessionRows['note'] = (session, isUrgent = session.calls === 0) => {
    waiting.set(session.id, session);
    const [oldest] = waiting.keys();
    if (waiting.size > waitingMax && oldest !== undefined) waiting.delete(oldest);
    if (isSoon || !isUrgent) return;
    isSoon = true;
    // A turn that runs sees to the next one itself.
    if (isFlushing) return;
    cancel();
    cancel = clock.schedule(soonMs, turn);
  };

  return {
    note,
    letGo(session) {
      const known = leaving.get(session.id);
      if (known !== undefined) return known.written;
      const leave = toLeave();
      leaving.set(session.id, leave);
      note(session, true);
      return leave.written;
    },
    isWaiting: (sessionId) => waiting.has(sessionId) || writing.has(sessionId),
    async close() {
      isSoon = true;
      cancel();
      await running;
      cancel();
      await flush();
    },
  };
}

/**
 * Writes a namespace's rows: those in `left` as nobody's. A session that may move is another node's once that has claimed
 * it, whatever is still told of it here; the id of any other follows from what it is, so whoever opens it has it.
 */
function createWriter(store: Pick<Store, 'inNamespace'>, node: string) {
  return (namespace: string, group: readonly LiveSession[], left: ReadonlySet<LiveSession>): Promise<void> =>
    store.inNamespace(namespace, async (trx) => {
      await ensureNamespace(trx);
      const toRows = (movable: boolean): SessionRow[] =>
        group
          .filter(({ facts }) => (facts.isMovable === true) === movable)
          .map((session) => toRow(session, left.has(session) ? '' : node));
      await saveSessions(trx, toRows(true), node);
      await saveSessions(trx, toRows(false));
    });
}

interface Leave {
  readonly written: Promise<void>;
  readonly done: () => void;
}

function toLeave(): Leave {
  let done = (): void => undefined;
  const written = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { written, done };
}

function byNamespace(sessions: readonly LiveSession[]): Map<string, LiveSession[]> {
  const groups = new Map<string, LiveSession[]>();
  for (const session of sessions) {
    const group = groups.get(session.namespace) ?? [];
    group.push(session);
    groups.set(session.namespace, group);
  }
  return groups;
}

function toRow(session: LiveSession, node: string): SessionRow {
  const { facts } = session;
  return {
    sessionId: session.id,
    principal: session.principal.id,
    transport: facts.transport,
    revision: facts.revision,
    client: facts.client,
    node,
    status: session.state,
    openedAt: toIso(session.openedAt),
    lastSeenAt: toIso(session.lastUsedAt),
    calls: session.calls,
    capabilities: writeAbilities(facts.capabilities),
    wishes: writeWishes(session.wishes),
    contextId: session.contextId ?? '',
  };
}
