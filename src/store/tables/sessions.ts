/** Sessions as rows: written lazily by their actors, read for lists and for taking a session over. */
import { sql } from 'kysely';
import { wishesCharactersMax } from '../../../machines/words/wishes.ts';
import { toLimit, toOffset } from '../pages.ts';
import type { SessionsTable } from '../schema.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText } from '../text.ts';

export interface SessionRow {
  readonly sessionId: string;
  readonly principal: string;
  readonly transport: string;
  /** The protocol revision spoken; '' where there is none. */
  readonly revision: string;
  readonly client: string;
  /** The node that serves it; '' when nobody does. */
  readonly node: string;
  readonly status: string;
  readonly openedAt: string;
  readonly lastSeenAt: string;
  readonly calls: number;
  /** What its client said that it can do, as JSON; '' where it said nothing. */
  readonly capabilities: string;
  /** What its client wants to hear without asking, as JSON; '' where that is nothing. */
  readonly wishes: string;
}

/** Writes a session's row; an older state (by `lastSeenAt`) never replaces a newer one. */
export async function saveSession(trx: Trx, session: SessionRow): Promise<void> {
  const { namespace } = trx;
  await trx.db
    .insertInto('sessions')
    .values({
      namespace,
      id: assertName('a session id', session.sessionId, 128),
      principal: assertName('a principal', session.principal, 300),
      transport: session.transport,
      revision: toBoundedText(session.revision, 40),
      client: toBoundedText(trx.hide(session.client), 300),
      node: session.node,
      status: session.status,
      opened_at: session.openedAt,
      last_seen_at: session.lastSeenAt,
      calls: session.calls,
      capabilities: toWhole(trx.hide(session.capabilities), capabilitiesMax),
      wishes: toWhole(trx.hide(session.wishes), wishesCharactersMax),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['namespace', 'id'])
        .doUpdateSet((row) => ({
          node: row.ref('excluded.node'),
          status: row.ref('excluded.status'),
          client: row.ref('excluded.client'),
          revision: row.ref('excluded.revision'),
          last_seen_at: row.ref('excluded.last_seen_at'),
          calls: row.ref('excluded.calls'),
          wishes: row.ref('excluded.wishes'),
        }))
        .whereRef('sessions.last_seen_at', '<=', 'excluded.last_seen_at'),
    )
    .execute();
}

/** Hiding makes text longer; a part of JSON says nothing, and too much would keep the rows of others back. */
function toWhole(text: string, charactersMax: number): string {
  return Array.from(text).length <= charactersMax ? text : '';
}

/** Characters that the column takes. */
const capabilitiesMax = 4_096;

/** Marks a session as ended; false when it is unknown. */
export async function closeSession(
  trx: Trx,
  end: { readonly sessionId: string; readonly status: 'closed' | 'expired'; readonly at: string },
): Promise<boolean> {
  const rows = await trx.db
    .updateTable('sessions')
    .set({ status: end.status, last_seen_at: end.at, node: '' })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', end.sessionId)
    .returning('id')
    .execute();
  return rows.length > 0;
}

/**
 * Makes a session another node's. Of several that try, one gets it: who names an owner that it has no more, or a session
 * that is over, gets undefined.
 */
export async function claimSession(
  trx: Trx,
  claim: { readonly sessionId: string; readonly from: string; readonly node: string; readonly at: string },
): Promise<SessionRow | undefined> {
  const row = await trx.db
    .updateTable('sessions')
    .set({ node: claim.node, last_seen_at: sql<string>`greatest(last_seen_at, ${claim.at}::timestamptz)` })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', claim.sessionId)
    .where('node', '=', claim.from)
    .where('status', 'not in', ['closed', 'expired'])
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toSession(row);
}

/** One session, or undefined. */
export async function getSession(trx: Trx, sessionId: string): Promise<SessionRow | undefined> {
  const row = await trx.db
    .selectFrom('sessions')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '=', sessionId)
    .executeTakeFirst();
  return row === undefined ? undefined : toSession(row);
}

/** Sessions, the last seen first. */
export async function listSessions(
  trx: Trx,
  options: { readonly statuses?: readonly string[]; readonly limit: number; readonly offset?: number },
): Promise<readonly SessionRow[]> {
  let query = trx.db.selectFrom('sessions').selectAll().where('namespace', '=', trx.namespace);
  if (options.statuses !== undefined)
    query = query.where(sql<boolean>`status = any(${[...options.statuses]})`);
  const rows = await query
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .limit(toLimit(options.limit))
    .offset(toOffset(options.offset))
    .execute();
  return rows.map(toSession);
}

/** A row as it is read. */
export function toSession(row: SessionsTable): SessionRow {
  return {
    sessionId: row.id,
    principal: row.principal,
    transport: row.transport,
    revision: row.revision,
    client: row.client,
    node: row.node,
    status: row.status,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    calls: row.calls,
    capabilities: row.capabilities,
    wishes: row.wishes,
  };
}
