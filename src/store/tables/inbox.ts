/** The inbox: ids of events whose effect is committed, so that an event delivered twice has its effect once. */
import { sql } from 'kysely';
import type { SystemTrx, Trx } from '../trx.ts';

/**
 * Takes ids for a consumer and answers those that were new; effects belong into the same transaction. Of two
 * transactions with the same id the second one waits for the first.
 */
export async function takeInbox(
  trx: Trx,
  consumer: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  // Sorted, so that two transactions with common ids wait for each other in one direction only.
  const sorted = [...new Set(ids)].sort();
  const { rows } = await sql<{ id: string }>`
    insert into inbox (namespace, consumer, id)
    select ${trx.namespace}, ${consumer}, id from unnest(${sorted}::text[]) as given (id)
    on conflict (namespace, consumer, id) do nothing
    returning id`.execute(trx.db);
  return new Set(rows.map((row) => row.id));
}

/** Lets a consumer take everything again: the first step of learning anew from the stream. */
export async function clearInbox(trx: Trx, consumer: string): Promise<void> {
  await trx.db
    .deleteFrom('inbox')
    .where('namespace', '=', trx.namespace)
    .where('consumer', '=', consumer)
    .execute();
}

/** Forgets ids older than anything the stream could still deliver; answers how many. */
export async function sweepInbox(
  trx: SystemTrx,
  options: { readonly olderThan: string; readonly limit: number },
): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    delete from inbox where ctid in
      (select ctid from inbox where taken_at < ${options.olderThan} limit ${options.limit})
    returning id`.execute(trx.db);
  return rows.length;
}
