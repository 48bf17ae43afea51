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
  /** The shared context to which it is attached; '' where there is none. */
  readonly contextId: string;
}

/**
 * Writes rows of several sessions, each of them once, in one statement: they are written every few seconds for all that
 * is open. An older state (by `lastSeenAt`) never replaces a newer one. Where `by` is named, nor does a row change that
 * names another node than that one: only a claim makes it another's.
 */
export async function saveSessions(trx: Trx, sessions: readonly SessionRow[], by?: string): Promise<void> {
  if (sessions.length === 0) return;
  // Always in the same order, so that two nodes that write the same sessions never wait for each other in a circle.
  const rows = sessions.toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  const column = (of: (session: SessionRow) => string): string[] => rows.map(of);
  await sql`insert into sessions as s (namespace, id, principal, transport, revision, client, node, status, opened_at,
      last_seen_at, calls, capabilities, wishes, context_id)
    select ${trx.namespace}, * from unnest(
      ${column(({ sessionId }) => assertName('a session id', sessionId, 128))}::text[],
      ${column(({ principal }) => assertName('a principal', principal, 300))}::text[],
      ${column(({ transport }) => transport)}::text[],
      ${column(({ revision }) => toBoundedText(revision, 40))}::text[],
      ${column(({ client }) => toBoundedText(trx.hide(client), 300))}::text[],
      ${column(({ node }) => node)}::text[],
      ${column(({ status }) => status)}::text[],
      ${column(({ openedAt }) => openedAt)}::timestamptz[],
      ${column(({ lastSeenAt }) => lastSeenAt)}::timestamptz[],
      ${rows.map(({ calls }) => calls)}::integer[],
      ${column(({ capabilities }) => toWhole(trx.hide(capabilities), capabilitiesMax))}::text[],
      ${column(({ wishes }) => toWhole(trx.hide(wishes), wishesCharactersMax))}::text[],
      ${column(({ contextId }) => contextId)}::text[])
    on conflict (namespace, id) do update set
      node = excluded.node, status = excluded.status, client = excluded.client, revision = excluded.revision,
      last_seen_at = excluded.last_seen_at, calls = excluded.calls, wishes = excluded.wishes,
      context_id = excluded.context_id
    where s.last_seen_at <= excluded.last_seen_at
      and (${by ?? null}::text is null or s.node in (${by ?? null}, ''))`.execute(trx.db);
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

/**
 * Sessions that may be nobody's any more, the longest unseen first: let go of before `leftBefore`, or with a node and
 * written before `heldBefore`. Whether that node lives is not for the database to say.
 */
export async function listUnseenSessions(
  trx: Trx,
  options: {
    readonly leftBefore: string;
    readonly heldBefore: string;
    /** Nodes that are known to live. */
    readonly butOf: readonly string[];
    readonly limit: number;
  },
): Promise<readonly SessionRow[]> {
  const rows = await trx.db
    .selectFrom('sessions')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    // In the words of the index: what is over is most of all rows.
    .where(sql<boolean>`status not in ('closed', 'expired')`)
    .where(sql<boolean>`node <> all(${[...options.butOf]})`)
    .where((row) =>
      row.or([
        row('node', '=', '').and('last_seen_at', '<', options.leftBefore),
        row('last_seen_at', '<', options.heldBefore),
      ]),
    )
    .orderBy('last_seen_at')
    .orderBy('id')
    .limit(toLimit(options.limit))
    .execute();
  return rows.map(toSession);
}

/** Ends a session that is nobody's, unless somebody took it since it was read; false then. */
export async function endLeftSession(
  trx: Trx,
  { sessionId, node, lastSeenAt }: SessionRow,
): Promise<boolean> {
  const rows = await trx.db
    .updateTable('sessions')
    .set({ status: 'closed', node: '' })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', sessionId)
    .where('node', '=', node)
    .where('last_seen_at', '=', lastSeenAt)
    .where('status', 'not in', ['closed', 'expired'])
    .returning('id')
    .execute();
  return rows.length > 0;
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
    contextId: row.context_id,
  };
}
