/**
 * Ending sessions that nobody came back for: those that a node let go of. One whose node is gone is let go of on its
 * behalf first, so its client has as long to come back, and a node that was only not heard takes it back by using it. The
 * end is told, so that the task that was open ends as well. It never ends a session that a node's name stands at.
 */
import { isDreyError, toPlainError } from '../../machines/words/errors.ts';
import { toIso, toNodeAddress } from '../actors/actors.ts';
import type { Announcer, Clock, Log } from '../actors/actors.ts';
import { claimSession, endLeftSession, listNamespaces, listUnseenSessions } from '../store/store.ts';
import type { SessionRow, Store } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';
import { openSweep } from './sweep.ts';
import type { Sweep } from './sweep.ts';

export interface SessionSweepOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly wire: Pick<Wire, 'ask'>;
  readonly announcer: Pick<Announcer, 'announce'>;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

const minuteMs = 60_000;

/** How often a node looks, and how soon after its start. */
export const sessionSweepEveryMs = 10 * minuteMs;
export const firstSessionSweepMs = 3 * minuteMs;
/** A session that was let go of waits as long for its client as one that is idle. */
export const leftKeptMs = 30 * minuteMs;
/** One whose node is gone is let go of after so long; nodes of an older version write rows of sessions in use this seldom. */
export const heldKeptMs = 24 * 60 * minuteMs;
/** Sessions looked at in one namespace at a time. */
export const sessionsPerLook = 200;
/** Looks in one namespace; what is left then is for the next time. */
const looksMax = 50;
const aliveMs = 1_000;

/** Begins; nothing is done before the first pause is over. */
export function openSessionSweep(options: SessionSweepOptions): Sweep {
  const { store, wire } = options;
  return openSweep({
    ...options,
    name: 'sessions',
    firstMs: firstSessionSweepMs,
    everyMs: sessionSweepEveryMs,
    run: async (isStopped) => {
      const look = createLook(wire);
      let ended = 0;
      for (const { namespace } of await store.inSystem(listNamespaces)) {
        if (isStopped()) return ended;
        ended += await sweepNamespace(options, namespace, look);
      }
      return ended;
    },
  });
}

async function sweepNamespace(options: SessionSweepOptions, namespace: string, look: Look): Promise<number> {
  const { store, clock } = options;
  const leftBefore = toIso(clock.now() - leftKeptMs);
  const heldBefore = toIso(clock.now() - heldKeptMs);
  let ended = 0;
  for (let looks = 0; looks < looksMax; looks += 1) {
    const butOf = look.alive();
    const rows = await store.inNamespace(namespace, (trx) =>
      listUnseenSessions(trx, { leftBefore, heldBefore, butOf, limit: sessionsPerLook }),
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.node !== '') await letGo(options, namespace, row, look);
      else if (await end(options, namespace, row)) ended += 1;
    }
  }
  return ended;
}

interface Look {
  isGone(node: string): Promise<boolean>;
  alive(): readonly string[];
}

/** On behalf of its node, where that is gone; whoever claims it meanwhile, or uses it, has it. */
async function letGo(
  { store, clock, log }: SessionSweepOptions,
  namespace: string,
  { sessionId, node }: SessionRow,
  look: Look,
): Promise<void> {
  if (!(await look.isGone(node))) return;
  const left = { sessionId, from: node, node: '', at: toIso(clock.now()) };
  await store.inNamespace(namespace, (trx) => claimSession(trx, left));
  log.info({ session: sessionId, from: node }, 'a session whose node is gone waits for its client');
}

/** A node that lives is asked once; that one is gone is not remembered, and one that does not answer may only be frozen. */
function createLook(wire: Pick<Wire, 'ask'>): Look {
  const alive = new Set<string>();
  const ask = (node: string): Promise<boolean> =>
    wire.ask(toNodeAddress(node), 'alive', undefined, { timeoutMs: aliveMs }).then(
      () => false,
      (error: unknown) => isDreyError(error) && error.code === 'node_unreachable',
    );
  return {
    isGone: async (node) => {
      if (alive.has(node)) return false;
      const isGone = await ask(node);
      if (!isGone) alive.add(node);
      return isGone;
    },
    alive: () => [...alive],
  };
}

async function end(
  { store, announcer, clock, log }: SessionSweepOptions,
  namespace: string,
  row: SessionRow,
): Promise<boolean> {
  const { sessionId, status } = row;
  if (!(await store.inNamespace(namespace, (trx) => endLeftSession(trx, row)))) return false;
  const reason = 'its client did not come back';
  const cause = { type: 'close', reason, at: clock.now() };
  const from = status === 'draining' ? status : 'ready';
  try {
    const edge = { from, to: 'closed', cause, reason };
    announcer.announce('session.closed', { namespace, kind: 'session', id: sessionId }, edge);
  } catch (error) {
    log.warn({ session: sessionId, err: toPlainError(error) }, 'the end of a session could not be told');
  }
  return true;
}
