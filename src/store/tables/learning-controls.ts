/**
 * What is not to be learned: pauses of a namespace, and who or what is left out. Forgetting and taking in are kept apart
 * by a lock, so that nothing is taken in beside the moment in which it is forgotten.
 */
import { sql } from 'kysely';
import type { Trx } from '../trx.ts';
import { assertName } from '../text.ts';

export type ExclusionKind = 'session' | 'task' | 'principal';

export interface LearningPause {
  readonly beganAt: string;
  /** Null while it lasts. */
  readonly endedAt: string | null;
  readonly principal: string;
}

/** Left out, for ever or what it did until a moment. */
export interface LearningExclusion {
  readonly kind: ExclusionKind;
  readonly id: string;
  readonly until: string | null;
}

/** What of a namespace is not to be learned. */
export interface LearningRules {
  readonly pauses: readonly LearningPause[];
  readonly exclusions: readonly LearningExclusion[];
}

/** The key of the lock between taking in and forgetting; any fixed number. */
const learningLock = 7_333_003;
/** Pauses and exclusions read at once. */
const rulesMax = 50_000;

/** Held by who takes events in, together with others of its kind. */
export async function holdLearning(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(${trx.namespace}, ${learningLock}))`.execute(
    trx.db,
  );
}

/** Held by who forgets, alone. */
export async function stopLearning(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${trx.namespace}, ${learningLock}))`.execute(
    trx.db,
  );
}

/** From now on nothing of this namespace is learned; false when that was so already. */
export async function pauseLearning(
  trx: Trx,
  o: { readonly principal: string; readonly at: string },
): Promise<boolean> {
  const { rows } = await sql`
    insert into learning_pauses (namespace, began_at, principal)
    values (${trx.namespace}, ${o.at}, ${assertName('a principal', o.principal, 300)})
    on conflict do nothing returning 1`.execute(trx.db);
  return rows.length > 0;
}

/** Learning goes on; false when it was not paused. */
export async function resumeLearning(trx: Trx, o: { readonly at: string }): Promise<boolean> {
  const { rows } = await sql`
    update learning_pauses set ended_at = greatest(${o.at}::timestamptz, began_at)
    where namespace = ${trx.namespace} and ended_at is null returning 1`.execute(trx.db);
  return rows.length > 0;
}

/** The pause that lasts; undefined when there is none. */
export async function readPause(trx: Trx): Promise<LearningPause | undefined> {
  const { rows } = await sql<LearningPause>`
    select began_at as "beganAt", ended_at as "endedAt", principal from learning_pauses
    where namespace = ${trx.namespace} and ended_at is null`.execute(trx.db);
  return rows[0];
}

/** Every pause there was, and what is left out; of exclusions only those of the given ids, where they are given. */
export async function readLearningRules(trx: Trx, ids?: readonly string[]): Promise<LearningRules> {
  const { rows: pauses } = await sql<LearningPause>`
    select began_at as "beganAt", ended_at as "endedAt", principal from learning_pauses
    where namespace = ${trx.namespace} order by began_at desc limit ${rulesMax}`.execute(trx.db);
  const wanted = ids === undefined ? null : [...ids];
  const { rows: exclusions } = await sql<LearningExclusion>`
    select kind, id, until from learning_exclusions where namespace = ${trx.namespace}
      and (${wanted}::text[] is null or id = any (${wanted}::text[])) limit ${rulesMax}`.execute(trx.db);
  return { pauses, exclusions };
}

/** Leaves out from now on; what was left out until a moment may be so until a later one, or for ever. */
export async function excludeFromLearning(trx: Trx, exclusions: readonly LearningExclusion[]): Promise<void> {
  if (exclusions.length === 0) return;
  await sql`
    insert into learning_exclusions as x (namespace, kind, id, until)
    select ${trx.namespace}, given.* from unnest(${exclusions.map(({ kind }) => kind)}::text[],
      ${exclusions.map(({ id }) => assertName('an id', id, 300))}::text[],
      ${exclusions.map(({ until }) => until)}::timestamptz[]) as given (kind, id, until)
    on conflict (namespace, kind, id) do update set until =
      case when x.until is null or excluded.until is null then null else greatest(x.until, excluded.until) end`.execute(
    trx.db,
  );
}

/** What forgetting took out of the archive. */
export interface Forgotten {
  readonly episodeIds: readonly string[];
  readonly calls: number;
  readonly memories: number;
}

/** Takes a session, or all that a principal did, out of the archive: episodes, calls, evidence, tasks, injections, links. */
export async function forgetLearned(
  trx: Trx,
  { kind, id }: { readonly kind: 'session' | 'principal'; readonly id: string },
): Promise<Forgotten> {
  const whose = sql.ref(kind);
  const { rows: calls } = await sql<{ n: number }>`
    select count(*)::int as n from calls c join episodes e on e.namespace = c.namespace and e.id = c.episode_id
    where e.namespace = ${trx.namespace} and e.${whose} = ${id}`.execute(trx.db);
  const { rows: episodes } = await sql<{ id: string }>`
    delete from episodes where namespace = ${trx.namespace} and ${whose} = ${id} returning id`.execute(
    trx.db,
  );
  const ofTask = kind === 'session' ? sql.ref('session_id') : whose;
  const { rows: tasks } = await sql<{ id: string }>`
    delete from tasks where namespace = ${trx.namespace} and ${ofTask} = ${id} returning id`.execute(trx.db);
  await sql`delete from injections where namespace = ${trx.namespace} and ${whose} = ${id}`.execute(trx.db);
  await sql`delete from held_out where namespace = ${trx.namespace} and ${whose} = ${id}`.execute(trx.db);
  const places = [...tasks.map((task) => task.id), ...(kind === 'session' ? [id] : [])];
  await sql`
    delete from memory_edges where namespace = ${trx.namespace}
      and ((from_kind = 'task' and from_id = any (${places}::text[]))
        or (to_kind = 'task' and to_id = any (${places}::text[])))`.execute(trx.db);
  const memories = kind === 'principal' ? await forgetMemoriesOf(trx, id) : 0;
  return { episodeIds: episodes.map((row) => row.id), calls: calls[0]?.n ?? 0, memories };
}

/** A principal that is forgotten takes along what it stored, and what it said of procedures. */
async function forgetMemoriesOf(trx: Trx, principal: string): Promise<number> {
  await sql`delete from feedback where namespace = ${trx.namespace} and principal = ${principal}`.execute(
    trx.db,
  );
  const { rows } = await sql<{ n: number }>`
    with gone as (delete from memories where namespace = ${trx.namespace} and principal = ${principal} returning id),
      links as (delete from memory_edges e where e.namespace = ${trx.namespace} and (
        (e.from_kind = 'memory' and e.from_id in (select 'm-' || id from gone))
        or (e.to_kind = 'memory' and e.to_id in (select 'm-' || id from gone))))
    select count(*)::int as n from gone`.execute(trx.db);
  return rows[0]?.n ?? 0;
}
