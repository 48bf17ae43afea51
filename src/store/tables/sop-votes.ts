/**
 * What reports make of a procedure's confidence: what learning derived weighs as much as the tasks behind it, and each
 * report one, of one principal on one application that happened. The derived confidence is kept beside it, so that
 * deriving anew forgets no report, and a procedure that nobody reported on is not touched at all.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import type { Trx } from '../trx.ts';

export interface Votes {
  readonly helpful: number;
  readonly all: number;
}

/** Tasks beyond these weigh no more: old success must not drown what is said now. */
const tasksWeighedMax = 20;
/** The newest reports of one principal that count: nobody outvotes everybody by asking often. */
export const votesOfOneMax = 3;
/** What a procedure weighs beside its tasks. */
const priorTasks = 2;
const confidenceMax = 0.99;
const digits = 4;

const Derived = z.object({ derivedConfidence: z.number() });

/** What learning derived, where reports have moved the confidence since; undefined where none ever did. */
export function readDerived(metadata: unknown): number | undefined {
  return Derived.safeParse(metadata).data?.derivedConfidence;
}

/** A derived confidence (0 to 1) of so many tasks, with the reports on it. */
export function weighVotes(derived: number, tasks: number, { helpful, all }: Votes): number {
  if (all === 0) return derived;
  const weight = Math.min(tasks, tasksWeighedMax) + priorTasks;
  const weighed = (derived * weight + helpful) / (weight + all);
  return Number(Math.min(confidenceMax, Math.max(0, weighed)).toFixed(digits));
}

/** The reports on a procedure that count: each is about an answer in which the procedure was given to who reports. */
export async function countVotes(trx: Trx, id: string): Promise<Votes> {
  const { rows } = await sql<Votes>`
    select count(*) filter (where helpful)::int as helpful, count(*)::int as all from (
      select f.helpful, row_number() over (partition by f.principal order by f.updated_at desc, f.application) as nth
      from feedback f where f.namespace = ${trx.namespace} and f.target_id = ${id}
        and exists (select from injections i where i.namespace = f.namespace and i.target_id = f.target_id
          and i.principal = f.principal and i.id = f.application)
    ) ranked where nth <= ${votesOfOneMax}`.execute(trx.db);
  return rows[0] ?? { helpful: 0, all: 0 };
}

/** Puts the reports into the confidence of a procedure whose row is locked. */
export async function applyVotes(trx: Trx, id: string): Promise<void> {
  const row = await trx.db
    .selectFrom('acontext_sops')
    .select(['confidence', 'occurrences', 'metadata'])
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return;
  const votes = await countVotes(trx, id);
  const known = readDerived(row.metadata);
  if (votes.all === 0 && known === undefined) return;
  const derived = known ?? row.confidence;
  const confidence = weighVotes(derived, row.occurrences, votes);
  await sql`
    update acontext_sops set confidence = ${confidence}, updated_at = now(),
      metadata = jsonb_set(metadata, '{derivedConfidence}', to_jsonb(${derived}::float8))
    where namespace = ${trx.namespace} and id = ${id}
      and (confidence is distinct from ${confidence}::float8 or not metadata ? 'derivedConfidence')`.execute(
    trx.db,
  );
}
