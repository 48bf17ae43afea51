/** Episodes as their assembly needs them: those still open in some sessions, or named; without their calls. */
import { sql } from 'kysely';
import type { EpisodeEnd, Outcome } from '../../../machines/words/episodes.ts';
import type { Trx } from '../trx.ts';

/** An episode's own facts and how many calls it has. */
export interface EpisodeDraft {
  readonly episodeId: string;
  readonly namespace: string;
  readonly session: string;
  /** Null where nobody stated a task. */
  readonly taskId: string | null;
  readonly principal: string;
  readonly task: string;
  readonly outcome: Outcome;
  readonly end: EpisodeEnd;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly calls: number;
}

/** Drafts in order of their start; at most as many as are asked for can be open. */
export async function readDrafts(
  trx: Trx,
  which: { readonly sessions: readonly string[]; readonly episodeIds: readonly string[] },
): Promise<readonly EpisodeDraft[]> {
  const { rows } = await sql<EpisodeDraft>`
    select e.id as "episodeId", e.namespace, e.session, e.task_id as "taskId", e.principal, e.task, e.outcome,
      e.ended_by as "end", e.started_at as "startedAt", e.ended_at as "endedAt",
      (select count(*) from calls c where c.namespace = e.namespace and c.episode_id = e.id) as calls
    from episodes e
    where e.namespace = ${trx.namespace}
      and ((e.ended_by = 'open' and e.session = any(${[...which.sessions]}::text[]))
        or e.id = any(${[...which.episodeIds]}::text[]))
    order by e.started_at, e.id`.execute(trx.db);
  return rows;
}
