/**
 * Where a session lives that this node does not hold: with another node, which is asked to answer, or with nobody any
 * more, and then here. The row says who had it last; comparing and setting it lets exactly one node take it over.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DreyError, isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import { readWishes } from '../../../machines/words/wishes.ts';
import type { Principal } from '../../access/access.ts';
import { claimSession, getSession } from '../../store/store.ts';
import type { SessionRow, Store } from '../../store/store.ts';
import type { Wire } from '../../wire/wire.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { readAbilities } from './client-abilities.ts';
import type { OpenTask, TaskSource } from './open-task.ts';
import type { SessionRows } from './session-rows.ts';
import type { Sessions } from './sessions.ts';

export type SessionHome =
  | { readonly where: 'nowhere' }
  /** It was taken over just now, or always was here. */
  | { readonly where: 'here' }
  | { readonly where: 'there'; readonly node: string };

export interface SessionHomesOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly wire: Pick<Wire, 'ask' | 'readEvents'>;
  readonly sessions: Pick<Sessions, 'find' | 'takeOver' | 'assertRoom'>;
  readonly sessionRows: Pick<SessionRows, 'isWaiting'>;
  /** This node. */
  readonly node: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** The address under which a node answers other nodes. */
export function toNodeAddress(node: string): { namespace: string; kind: 'node'; id: string } {
  return { namespace: '_system', kind: 'node', id: node };
}

/** A node that lives says so within this time; one that is slower is busy, not dead. */
const aliveMs = 1_000;
/** A node whom nobody hears so often is gone. Between two questions nodes find their way back to the bus (`wire/connect.ts`). */
const unheardMax = 3;
const unheardMs = 300;
/** The row may change hands while it is looked at. */
const triesMax = 3;

/** Finds a session's home; takes it over from a node that is gone. Rejects while database or owner do not answer. */
export async function findSessionHome(
  options: SessionHomesOptions,
  sessionId: string,
  principal: Principal,
): Promise<SessionHome> {
  const { store, node, sessions, sessionRows } = options;
  const { namespace } = principal;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const row = await store.inNamespace(namespace, (trx) => getSession(trx, sessionId));
    // Somebody else's session and one that is over are as unknown as one that never was.
    if (row === undefined || row.principal !== principal.id || isOver(row)) return { where: 'nowhere' };
    if (row.node === node) {
      if (sessions.find(sessionId, principal) !== undefined) return { where: 'here' };
      // It is over, and its row does not say so yet. What else is named as ours and is not here broke, and goes on.
      if (sessionRows.isWaiting(sessionId)) return { where: 'nowhere' };
    } else if (row.node !== '' && (await isAlive(options, row.node)))
      return { where: 'there', node: row.node };
    // What this node cannot hold, or finds while it stops, is for others to take.
    sessions.assertRoom();
    if (await takeOver(options, row, principal)) return { where: 'here' };
  }
  return { where: 'nowhere' };
}

function isOver({ status, transport }: SessionRow): boolean {
  // A stream of bytes ends with its process; there is nobody who could come back.
  return status === 'closed' || status === 'expired' || transport !== 'http';
}

/**
 * Nobody listening is told at once, and asked again: a bus that has just come back has not every node back yet. A node
 * that is frozen may still come back, so it keeps its sessions; nobody waits for it longer than this, though.
 */
async function isAlive(options: SessionHomesOptions, node: string): Promise<boolean> {
  for (let unheard = 0; unheard < unheardMax; unheard += 1) {
    if (unheard > 0) await pause(unheardMs);
    if (await isHeard(options, node)) return true;
  }
  return false;
}

async function isHeard({ wire }: SessionHomesOptions, node: string): Promise<boolean> {
  try {
    await wire.ask(toNodeAddress(node), 'alive', undefined, { timeoutMs: aliveMs });
    return true;
  } catch (error) {
    if (isDreyError(error) && error.code === 'node_unreachable') return false;
    if (isDreyError(error) && error.code === 'call_timeout') {
      const sentence = 'the node that holds this session does not answer now; try again in a moment';
      throw new DreyError('node_unreachable', sentence, { cause: error });
    }
    throw error;
  }
}

async function takeOver(
  options: SessionHomesOptions,
  row: SessionRow,
  principal: Principal,
): Promise<boolean> {
  const { store, wire, sessions, node, clock, log } = options;
  const { sessionId } = row;
  const { namespace } = principal;
  const task = await readOpenTask(wire, namespace, sessionId);
  const claimed = await store.inNamespace(namespace, (trx) =>
    claimSession(trx, { sessionId, from: row.node, node, at: toIso(clock.now()) }),
  );
  if (claimed === undefined) return false;
  const { revision, client } = row;
  const capabilities = readAbilities(row.capabilities);
  const facts = {
    sessionId,
    principal,
    transport: 'http',
    revision,
    client,
    capabilities,
    isMovable: true,
  } as const;
  // What the row that was claimed says is the newest.
  try {
    const contextId = claimed.contextId === '' ? null : claimed.contextId;
    sessions.takeOver(facts, { task, wishes: readWishes(claimed.wishes), contextId });
  } catch (error) {
    await giveBack(options, namespace, sessionId);
    throw error;
  }
  log.info({ session: sessionId, from: row.node }, 'a session that nobody has goes on here');
  return true;
}

/** The room was taken while the row was claimed: others may have it. Where that fails, whoever asks here finds it again. */
async function giveBack(
  { store, node, clock, log }: SessionHomesOptions,
  namespace: string,
  sessionId: string,
): Promise<void> {
  const back = { sessionId, from: node, node: '', at: toIso(clock.now()) };
  try {
    await store.inNamespace(namespace, (trx) => claimSession(trx, back));
  } catch (error) {
    log.warn({ session: sessionId, err: toPlainError(error) }, 'a session could not be given back');
  }
}

/** The task that was open, from the session's own events. */
async function readOpenTask(
  wire: SessionHomesOptions['wire'],
  namespace: string,
  sessionId: string,
): Promise<OpenTask | null> {
  let open: OpenTask | null = null;
  const types = ['task.started', 'task.finished'] as const;
  await wire.readEvents({
    filters: { namespace, kind: 'session', id: sessionId, types: [...types] },
    onEvent: async ({ type, data }) => {
      if (type === 'task.started') {
        const { taskId, task, source } = data;
        open = { taskId, task, source: toOwnSource(source), calls: 0 };
      }
      if (type === 'task.finished') open = null;
      return Promise.resolve(true);
    },
  });
  return open;
}

function toOwnSource(source: string): TaskSource {
  return source === 'current_task' || source === 'trigger_pattern' ? source : 'task';
}
