/**
 * Episodes that are to be learned from. They are noted in the transaction that archives them and go when a learner has
 * learned from that very revision of them: none is lost on the way from one process to another.
 */
import { sql } from 'kysely';
import type { SystemTrx, Trx } from '../trx.ts';

export interface DueRow {
  readonly namespace: string;
  readonly episodeId: string;
  /** Open episodes are learned from after a quiet while, ended ones at once. */
  readonly open: boolean;
  /** It was left out, and somebody wants it tried again. */
  readonly isRetried: boolean;
  /** Grows with every change of any episode. */
  readonly revision: number;
}

/** What is due of a namespace: the first of it, and how many there are. */
export interface DueOfNamespace {
  readonly rows: readonly DueRow[];
  readonly total: number;
}

/** Notes episodes that changed; one that is noted already gets a new revision. */
export async function addDue(
  trx: Trx,
  episodes: readonly Pick<DueRow, 'episodeId' | 'open' | 'isRetried'>[],
): Promise<void> {
  // Sorted, so that two transactions with common ids wait for each other in one direction only; the last word on each counts.
  const last = new Map(episodes.map((one) => [one.episodeId, one]));
  const sorted = [...last.values()].sort((a, b) => (a.episodeId < b.episodeId ? -1 : 1));
  if (sorted.length === 0) return;
  await sql`
    insert into due_episodes (namespace, episode_id, open, retried)
    select ${trx.namespace}, id, open, retried
      from unnest(${sorted.map((one) => one.episodeId)}::text[], ${sorted.map(({ open }) => open)}::boolean[],
                  ${sorted.map(({ isRetried }) => isRetried)}::boolean[]) as given (id, open, retried)
    on conflict (namespace, episode_id) do update
      set open = excluded.open, retried = due_episodes.retried or excluded.retried, revision = excluded.revision`.execute(
    trx.db,
  );
}

/** What is due of each of these namespaces, ended ones before open ones, the oldest first, at most so many of each. */
export async function readDue(
  trx: SystemTrx,
  namespaces: readonly string[],
  perNamespace: number,
): Promise<ReadonlyMap<string, DueOfNamespace>> {
  const { rows } = await sql<DueRow & { total: number }>`
    select due.* from unnest(${[...namespaces]}::text[]) as wanted (name)
      cross join lateral (
        select namespace, episode_id as "episodeId", open, retried as "isRetried", revision, count(*) over () as total
          from due_episodes where namespace = wanted.name order by open, revision limit ${perNamespace}
      ) as due`.execute(trx.db);
  const found = new Map<string, { rows: DueRow[]; total: number }>();
  for (const { total, ...row } of rows) {
    const one = found.get(row.namespace) ?? { rows: [], total };
    found.set(row.namespace, one);
    one.rows.push(row);
  }
  return found;
}

/** How many episodes of all namespaces are due. */
export async function countDue(trx: SystemTrx): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from due_episodes`.execute(trx.db);
  return rows[0]?.count ?? 0;
}

/** They were learned from; what has a newer revision stays. */
export async function dropDue(
  trx: Trx,
  done: readonly Pick<DueRow, 'episodeId' | 'revision'>[],
): Promise<void> {
  if (done.length === 0) return;
  // Locked in the order in which they are noted: the intake may be at the same ones.
  await sql`
    with learned as (
      select due.episode_id
        from due_episodes as due
        join unnest(${done.map(({ episodeId }) => episodeId)}::text[],
                    ${done.map(({ revision }) => revision)}::bigint[]) as given (id, revision)
          on due.episode_id = given.id and due.revision = given.revision
       where due.namespace = ${trx.namespace}
       order by due.episode_id collate "C" for update of due)
    delete from due_episodes using learned
     where namespace = ${trx.namespace} and due_episodes.episode_id = learned.episode_id`.execute(trx.db);
}
