/** Which archived calls prove a procedure. A call that is forgotten takes its proof with it. */
import { sql } from 'kysely';
import type { Trx } from '../trx.ts';

/** Makes a procedure's evidence exactly these calls, as far as the archive holds them. */
export async function saveEvidence(
  trx: Trx,
  sopId: string,
  callIds: readonly string[],
): Promise<{ readonly linked: number; readonly moved: boolean }> {
  const ids = [...new Set(callIds)];
  const dropped = await sql<{ call_id: string }>`
    delete from evidence
    where namespace = ${trx.namespace} and sop_id = ${sopId} and call_id <> all(${ids}::text[])
    returning call_id`.execute(trx.db);
  const added = await sql<{ call_id: string }>`
    insert into evidence (namespace, sop_id, call_id, position)
    select c.namespace, ${sopId}::uuid, c.id, given.position
    from unnest(${ids}::text[]) with ordinality as given (call_id, position)
    join calls c on c.namespace = ${trx.namespace} and c.id = given.call_id
    on conflict (namespace, sop_id, call_id) do update set position = excluded.position
      where evidence.position <> excluded.position
    returning call_id`.execute(trx.db);
  const { rows } = await sql<{ linked: number }>`
    select count(*) as linked from evidence
    where namespace = ${trx.namespace} and sop_id = ${sopId}`.execute(trx.db);
  return { linked: rows[0]?.linked ?? 0, moved: dropped.rows.length + added.rows.length > 0 };
}
