/**
 * The learner's archive: episodes and their calls. What is read back equals what was saved (moments are kept to the
 * millisecond), so learning from the archive gives the same procedures as learning from the stream.
 */
import { sql } from 'kysely';
import type { Episode } from '../../../machines/words/episodes.ts';
import { limits } from '../../../machines/words/limits.ts';
import type { EpisodesTable } from '../schema.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText, toMoment } from '../text.ts';
import { readCalls, toArchivedCall } from './calls.ts';

/** Where a page of the archive ended. */
export interface EpisodeCursor {
  readonly startedAt: string;
  readonly episodeId: string;
}

export interface EpisodePage {
  readonly episodes: readonly Episode[];
  /** Where to go on; undefined after the last page. */
  readonly next: EpisodeCursor | undefined;
}

/** Episodes carry their calls, each up to two recorded values: pages stay small. */
const episodesPageMax = 200;

/** Writes an episode's own facts (its calls go through `saveCalls`); a later save of the same one replaces them. */
export async function saveEpisode(
  trx: Trx,
  episode: Omit<Episode, 'calls' | 'namespace'> & { readonly taskId?: string | null },
): Promise<void> {
  await trx.db
    .insertInto('episodes')
    .values({
      namespace: trx.namespace,
      id: assertName('an episode id', episode.episodeId, 128),
      principal: assertName('a principal', episode.principal, 300),
      session: toBoundedText(episode.session, 128),
      task_id: episode.taskId ?? null,
      task: toBoundedText(episode.task, limits.taskTextMax),
      outcome: episode.outcome,
      ended_by: episode.end,
      started_at: episode.startedAt,
      ended_at: episode.endedAt,
    })
    .onConflict((conflict) =>
      conflict.columns(['namespace', 'id']).doUpdateSet((row) => ({
        principal: row.ref('excluded.principal'),
        task: row.ref('excluded.task'),
        outcome: row.ref('excluded.outcome'),
        ended_by: row.ref('excluded.ended_by'),
        started_at: row.ref('excluded.started_at'),
        ended_at: row.ref('excluded.ended_at'),
      })),
    )
    .execute();
}

/** An episode as it is read back once it was saved; of calls with one id the first counts. */
export function toArchived(episode: Episode): Episode {
  const once = new Set<string>();
  return {
    ...episode,
    session: toBoundedText(episode.session, 128),
    task: toBoundedText(episode.task, limits.taskTextMax),
    startedAt: toMoment(episode.startedAt),
    endedAt: toMoment(episode.endedAt),
    calls: episode.calls.filter(({ callId }) => !once.has(callId) && once.add(callId)).map(toArchivedCall),
  };
}

/** The next episodes after a cursor in order of (startedAt, episodeId), each with its calls. */
export async function readEpisodes(
  trx: Trx,
  options: { readonly after?: EpisodeCursor; readonly limit: number },
): Promise<EpisodePage> {
  const limit = Math.min(Math.max(Math.trunc(options.limit), 1), episodesPageMax);
  let query = trx.db.selectFrom('episodes').selectAll().where('namespace', '=', trx.namespace);
  if (options.after !== undefined) {
    const { startedAt, episodeId } = options.after;
    query = query.where(sql<boolean>`(started_at, id) > (${startedAt}::timestamptz, ${episodeId})`);
  }
  const rows = await query.orderBy('started_at').orderBy('id').limit(limit).execute();
  const episodes = await withCalls(trx, rows);
  const last = episodes.at(-1);
  return {
    episodes,
    next:
      last === undefined || rows.length < limit
        ? undefined
        : { startedAt: last.startedAt, episodeId: last.episodeId },
  };
}

/** Behind which episode the newest so many begin; undefined where there are no more than these. */
export async function findNewest(trx: Trx, count: number): Promise<EpisodeCursor | undefined> {
  const row = await trx.db
    .selectFrom('episodes')
    .select(['started_at', 'id'])
    .where('namespace', '=', trx.namespace)
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .offset(count)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : { startedAt: row.started_at, episodeId: row.id };
}

/** One episode with its calls, or undefined. */
export async function getEpisode(trx: Trx, episodeId: string): Promise<Episode | undefined> {
  const rows = await trx.db
    .selectFrom('episodes')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '=', episodeId)
    .execute();
  return (await withCalls(trx, rows))[0];
}

/** How many episodes and calls the archive of this namespace holds. */
export async function countArchive(trx: Trx): Promise<{ readonly episodes: number; readonly calls: number }> {
  const { rows } = await sql<{ episodes: number; calls: number }>`
    select (select count(*) from episodes where namespace = ${trx.namespace}) as episodes,
           (select count(*) from calls where namespace = ${trx.namespace}) as calls`.execute(trx.db);
  return rows[0] ?? { episodes: 0, calls: 0 };
}

async function withCalls(trx: Trx, rows: readonly EpisodesTable[]): Promise<readonly Episode[]> {
  const calls = await readCalls(
    trx,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({
    episodeId: row.id,
    namespace: row.namespace,
    principal: row.principal,
    session: row.session,
    task: row.task,
    outcome: row.outcome,
    end: row.ended_by,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    calls: calls.get(row.id) ?? [],
  }));
}
