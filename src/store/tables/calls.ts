/** Calls in the archive. Their values are kept as JSON text that Postgres does not rewrite. */
import { sql } from 'kysely';
import type { EpisodeCall } from '../../../machines/words/episodes.ts';
import type { Trx } from '../schema.ts';
import { assertName, toBoundedText, toJson } from '../text.ts';

export interface ArchivedCall extends EpisodeCall {
  readonly episodeId: string;
  /** The call's place in its episode, from 0. */
  readonly position: number;
}

const rowsPerInsert = 500;

/**
 * Adds calls; those that are there already stay as they are. Their episode must exist when the transaction commits.
 * Answers how many were new.
 */
export async function saveCalls(trx: Trx, calls: readonly ArchivedCall[]): Promise<number> {
  let added = 0;
  for (let from = 0; from < calls.length; from += rowsPerInsert) {
    const rows = await trx.db
      .insertInto('calls')
      .values(calls.slice(from, from + rowsPerInsert).map((call) => toRow(trx, call)))
      .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
      .returning('id')
      .execute();
    added += rows.length;
  }
  return added;
}

/** The calls of episodes, in their order. */
export async function readCalls(
  trx: Trx,
  episodeIds: readonly string[],
): Promise<ReadonlyMap<string, readonly EpisodeCall[]>> {
  const byEpisode = new Map<string, EpisodeCall[]>();
  if (episodeIds.length === 0) return byEpisode;
  const rows = await trx.db
    .selectFrom('calls')
    .select(['id', 'episode_id', 'server', 'tool', 'name', 'args', 'result', 'error', 'at'])
    .select([
      sql<boolean>`args is not null`.as('args_known'),
      sql<boolean>`result is not null`.as('result_known'),
    ])
    .where('namespace', '=', trx.namespace)
    .where('episode_id', 'in', [...episodeIds])
    .orderBy('episode_id')
    .orderBy('position')
    .orderBy('id')
    .execute();
  for (const row of rows) {
    const calls = byEpisode.get(row.episode_id) ?? [];
    calls.push({
      callId: row.id,
      server: row.server,
      tool: row.tool,
      name: row.name,
      // SQL's null means "not known", JSON's null is a value.
      args: row.args_known ? row.args : undefined,
      result: row.result_known ? row.result : undefined,
      error: row.error,
      at: row.at,
    });
    byEpisode.set(row.episode_id, calls);
  }
  return byEpisode;
}

function toRow(trx: Trx, call: ArchivedCall) {
  return {
    namespace: trx.namespace,
    id: assertName('a call id', call.callId, 128),
    episode_id: assertName('an episode id', call.episodeId, 128),
    position: call.position,
    server: toBoundedText(call.server, 100),
    tool: toBoundedText(call.tool, 300),
    name: toBoundedText(call.name, 300),
    args: call.args === undefined ? null : toJson(call.args),
    result: call.result === undefined ? null : toJson(call.result),
    error: call.error,
    at: call.at,
  };
}
