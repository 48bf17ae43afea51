/** Calls in the archive. Their values are kept as JSON text that Postgres does not rewrite. */
import { sql } from 'kysely';
import type { EpisodeCall } from '../../../machines/words/episodes.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText, toJson, toMoment } from '../text.ts';

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

/** As `saveCalls`, but what is there and differs is corrected. Answers the episodes whose calls were. */
export async function correctCalls(trx: Trx, calls: readonly ArchivedCall[]): Promise<ReadonlySet<string>> {
  const corrected = new Set<string>();
  for (let from = 0; from < calls.length; from += rowsPerInsert) {
    const rows = await trx.db
      .insertInto('calls')
      .values(calls.slice(from, from + rowsPerInsert).map((call) => toRow(trx, call)))
      .onConflict((conflict) =>
        conflict
          .columns(['namespace', 'id'])
          .doUpdateSet((row) => ({
            episode_id: row.ref('excluded.episode_id'),
            position: row.ref('excluded.position'),
            server: row.ref('excluded.server'),
            tool: row.ref('excluded.tool'),
            name: row.ref('excluded.name'),
            args: row.ref('excluded.args'),
            result: row.ref('excluded.result'),
            error: row.ref('excluded.error'),
            at: row.ref('excluded.at'),
          }))
          .where(differs),
      )
      .returning('episode_id')
      .execute();
    for (const row of rows) corrected.add(row.episode_id);
  }
  return corrected;
}

const differs = sql<boolean>`
  (calls.episode_id, calls.position, calls.server, calls.tool, calls.name, calls.args::text, calls.result::text,
    calls.error, calls.at) is distinct from
  (excluded.episode_id, excluded.position, excluded.server, excluded.tool, excluded.name, excluded.args::text,
    excluded.result::text, excluded.error, excluded.at)`;

/** A call as it is read back once it was saved. */
export function toArchivedCall({ callId, args, result, error, ...call }: EpisodeCall): EpisodeCall {
  return {
    callId,
    server: toBoundedText(call.server, 100),
    tool: toBoundedText(call.tool, 300),
    name: toBoundedText(call.name, 300),
    args: args === undefined ? undefined : JSON.parse(toJson(args)),
    result: result === undefined ? undefined : JSON.parse(toJson(result)),
    error,
    at: toMoment(call.at),
  };
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
