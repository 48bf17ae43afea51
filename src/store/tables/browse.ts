/**
 * Lists that people and programs read page by page, the newest first, each page behind the last row of the one before.
 * A page costs the same wherever it lies, and rows that come meanwhile move nothing.
 */
import { sql } from 'kysely';
import type { Expression, SqlBool } from 'kysely';
import type { Outcome } from '../../../machines/words/episodes.ts';
import { toLimit } from '../pages.ts';
import type { Behind } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { toUuid } from '../sop-ids.ts';
import { toPattern } from './patterns.ts';
import type { StoredPattern } from './patterns.ts';
import { toSession } from './sessions.ts';
import type { SessionRow } from './sessions.ts';
import { toTask } from './tasks.ts';
import type { TaskRow } from './tasks.ts';

interface Page {
  readonly limit: number;
  readonly after?: Behind | undefined;
}

/** Tasks, the latest first. */
export async function pageTasks(
  trx: Trx,
  { limit, after, ...only }: Page & { readonly sessionId?: string | undefined; readonly open?: boolean },
): Promise<readonly TaskRow[]> {
  let query = trx.db.selectFrom('tasks').selectAll().where('namespace', '=', trx.namespace);
  if (only.sessionId !== undefined) query = query.where('session_id', '=', only.sessionId);
  if (only.open === true) query = query.where('finished_at', 'is', null);
  if (after !== undefined) query = query.where(isBehind('started_at', after));
  const rows = await query
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(toLimit(limit))
    .execute();
  return rows.map(toTask);
}

/** Rows of sessions on all nodes, the last seen first. */
export async function pageSessions(trx: Trx, { limit, after }: Page): Promise<readonly SessionRow[]> {
  let query = trx.db.selectFrom('sessions').selectAll().where('namespace', '=', trx.namespace);
  if (after !== undefined) query = query.where(isBehind('last_seen_at', after));
  const rows = await query
    .orderBy('last_seen_at', 'desc')
    .orderBy('id', 'desc')
    .limit(toLimit(limit))
    .execute();
  return rows.map(toSession);
}

export interface BrowsedEpisode {
  readonly episodeId: string;
  readonly principal: string;
  readonly session: string;
  readonly task: string;
  readonly outcome: Outcome;
  readonly end: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** Episodes without their calls, the latest first. */
export async function pageEpisodes(trx: Trx, { limit, after }: Page): Promise<readonly BrowsedEpisode[]> {
  let query = trx.db
    .selectFrom('episodes')
    .select(['principal', 'session', 'task', 'outcome'])
    .select((row) => [
      row.ref('id').as('episodeId'),
      row.ref('ended_by').as('end'),
      row.ref('started_at').as('startedAt'),
      row.ref('ended_at').as('endedAt'),
    ])
    .where('namespace', '=', trx.namespace);
  if (after !== undefined) query = query.where(isBehind('started_at', after));
  return query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(toLimit(limit)).execute();
}

export interface BrowsedCall {
  readonly callId: string;
  readonly episodeId: string;
  readonly position: number;
  readonly server: string;
  readonly tool: string;
  readonly name: string;
  /** As it was recorded: redacted, and null where nothing is known. */
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
  readonly at: string;
  /** Its place among a SOP's evidence. */
  readonly place: number;
}

/** Archived calls that prove a SOP, the newest first, or the one with this id. */
export async function pageCalls(
  trx: Trx,
  which: { readonly sopId: string; readonly limit: number; readonly below?: number } | { callId: string },
): Promise<readonly BrowsedCall[]> {
  const columns = sql`c.id as "callId", c.episode_id as "episodeId", c.position, c.server, c.tool, c.name,
    c.args, c.result, c.error, c.at`;
  if ('callId' in which) {
    const { rows } = await sql<BrowsedCall>`
      select ${columns}, 0 as place from calls c
      where c.namespace = ${trx.namespace} and c.id = ${which.callId}`.execute(trx.db);
    return rows;
  }
  const id = toUuid('sop', which.sopId);
  if (id === undefined) return [];
  const { rows } = await sql<BrowsedCall>`
    select ${columns}, e.position as place from evidence e
    join calls c on c.namespace = e.namespace and c.id = e.call_id
    where e.namespace = ${trx.namespace} and e.sop_id = ${id} and e.position < ${which.below ?? 2_147_483_647}::int
    order by e.position desc limit ${toLimit(which.limit)}`.execute(trx.db);
  return rows;
}

/** Patterns, the most effective first, then the most certain. */
export async function pagePatterns(
  trx: Trx,
  page: {
    readonly limit: number;
    readonly patternType?: string | undefined;
    readonly activeOnly: boolean;
    readonly after?: {
      readonly effectiveness: number;
      readonly confidence: number;
      readonly patternId: string;
    };
  },
): Promise<readonly StoredPattern[]> {
  let query = trx.db.selectFrom('acontext_patterns').selectAll().where('namespace', '=', trx.namespace);
  if (page.patternType !== undefined) query = query.where('pattern_type', '=', page.patternType);
  if (page.activeOnly) query = query.where('active', '=', true);
  if (page.after !== undefined) {
    const { effectiveness, confidence, patternId } = page.after;
    const id = toUuid('pattern', patternId) ?? '00000000-0000-0000-0000-000000000000';
    query = query.where(sql<SqlBool>`effectiveness <= ${effectiveness}::float8 and (
      effectiveness < ${effectiveness}::float8 or confidence < ${confidence}::float8
      or (confidence = ${confidence}::float8 and id > ${id}::uuid))`);
  }
  const rows = await query
    .orderBy('effectiveness', 'desc')
    .orderBy('confidence', 'desc')
    .orderBy('id')
    .limit(toLimit(page.limit))
    .execute();
  return rows.map(toPattern);
}

function isBehind(moment: 'started_at' | 'last_seen_at', { at, id }: Behind): Expression<SqlBool> {
  return sql<SqlBool>`(${sql.ref(moment)}, id) < (${at}::timestamptz, ${id})`;
}
