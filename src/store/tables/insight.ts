/**
 * Figures about what was learned and served in a period, tasks that were held out, and how often the learning layer
 * answered. Counts only; what is counted stands in other tables.
 */
import { sql } from 'kysely';
import { limits } from '../../../machines/words/limits.ts';
import type { Trx } from '../trx.ts';
import { votesOfOneMax } from './sop-votes.ts';
import { assertName, toBoundedText } from '../text.ts';

/** A task for which something would have been served. */
export interface HeldOutTask {
  readonly id: string;
  readonly principal: string;
  readonly session: string;
  readonly task: string;
  readonly at: string;
}

/** Notes it; the same id again changes nothing. */
export async function addHeldOut(trx: Trx, { id, principal, session, task, at }: HeldOutTask): Promise<void> {
  await sql`
    insert into held_out (namespace, id, principal, session, task, at)
    values (${trx.namespace}, ${assertName('an id', id, 128)}, ${assertName('a principal', principal, 300)},
      ${toBoundedText(session, 128)}, ${toBoundedText(trx.hide(task), limits.taskTextMax)}, ${at})
    on conflict do nothing`.execute(trx.db);
}

/**
 * Removes what no report looks back to any more: answers that nobody followed or reported on, tasks that were held out, and
 * what was said so long ago, but for the last words of each principal on each target. These are what confidence is made of,
 * and stay with the answers that they are about, as what was followed does.
 */
export async function sweepServed(
  trx: Trx,
  { olderThan, limit }: { readonly olderThan: string; readonly limit: number },
): Promise<{ readonly injections: number; readonly heldOut: number; readonly feedback: number }> {
  const isAbout = (
    row: string,
  ) => sql`exists (select from injections i where i.namespace = ${sql.ref(`${row}.namespace`)}
    and i.target_id = ${sql.ref(`${row}.target_id`)} and i.principal = ${sql.ref(`${row}.principal`)}
    and i.id = ${sql.ref(`${row}.application`)})`;
  const { rows } = await sql<{ injections: number; heldOut: number; feedback: number }>`
    with old_injections as (
      delete from injections where ctid in (
        select i.ctid from injections i
        where i.namespace = ${trx.namespace} and i.served_at < ${olderThan} and i.followed_at is null
          and not exists (select from feedback f where f.namespace = i.namespace and f.target_id = i.target_id
            and f.principal = i.principal and f.application = i.id)
        limit ${limit})
      returning 1
    ), old_held_out as (
      delete from held_out where ctid in (
        select ctid from held_out where namespace = ${trx.namespace} and at < ${olderThan} limit ${limit})
      returning 1
    ), old_feedback as (
      delete from feedback where ctid in (
        select f.ctid from feedback f
        where f.namespace = ${trx.namespace} and f.updated_at < ${olderThan}
          and not (${isAbout('f')} and ${votesOfOneMax} > (
            select count(*) from feedback n
            where n.namespace = f.namespace and n.target_id = f.target_id and n.principal = f.principal
              and (n.updated_at > f.updated_at or (n.updated_at = f.updated_at and n.application < f.application))
              and ${isAbout('n')}))
        limit ${limit})
      returning 1
    )
    select (select count(*)::int from old_injections) as injections,
      (select count(*)::int from old_held_out) as "heldOut",
      (select count(*)::int from old_feedback) as feedback`.execute(trx.db);
  return rows[0] ?? { injections: 0, heldOut: 0, feedback: 0 };
}

/** Everything that is counted of a period. */
export interface PeriodCounts {
  readonly sopsDiscovered: number;
  readonly sopsApplied: number;
  readonly patternsDiscovered: number;
  readonly patternsApplied: number;
  readonly served: number;
  readonly followed: number;
  readonly told: number;
  readonly succeeded: number;
  readonly reports: number;
  readonly helpful: number;
}

/** Applied is what was followed or reported on, each application once. */
export async function countPeriod(trx: Trx, since: string): Promise<PeriodCounts> {
  const applied = (kind: 'sop' | 'pattern') => sql`(
    select count(*) from (
      select target_id, principal, id from injections
        where namespace = ${trx.namespace} and target_kind = ${kind} and followed_at >= ${since}
      union
      select target_id, principal, application from feedback
        where namespace = ${trx.namespace} and target_kind = ${kind} and updated_at >= ${since}
    ) applications)`;
  const { rows } = await sql<PeriodCounts>`
    select
      (select count(*) from acontext_sops where namespace = ${trx.namespace} and created_at >= ${since})
        as "sopsDiscovered",
      ${applied('sop')} as "sopsApplied",
      (select count(*) from acontext_patterns where namespace = ${trx.namespace} and created_at >= ${since})
        as "patternsDiscovered",
      ${applied('pattern')} as "patternsApplied",
      count(distinct id) as served,
      count(distinct id) filter (where followed_at is not null) as followed,
      count(distinct id) filter (where followed_at is not null and succeeded is not null) as told,
      count(distinct id) filter (where followed_at is not null and succeeded) as succeeded,
      (select count(*) from feedback where namespace = ${trx.namespace} and updated_at >= ${since}) as reports,
      (select count(*) from feedback where namespace = ${trx.namespace} and updated_at >= ${since} and helpful)
        as helpful
    from injections where namespace = ${trx.namespace} and served_at >= ${since}`.execute(trx.db);
  return (
    rows[0] ?? {
      sopsDiscovered: 0,
      sopsApplied: 0,
      patternsDiscovered: 0,
      patternsApplied: 0,
      served: 0,
      followed: 0,
      told: 0,
      succeeded: 0,
      reports: 0,
      helpful: 0,
    }
  );
}

/** How tasks went for which something was there: served, or held out. */
export interface LiftCounts {
  readonly isHeldOut: boolean;
  readonly tasks: number;
  readonly told: number;
  readonly successes: number;
  readonly calls: number | null;
  readonly seconds: number | null;
}

/**
 * Both groups; a task that was held out once is never counted as served. What was asked belongs to a task whose words it
 * has, or during which it was asked: agents ask in words of their own, and `followed.ts` goes by the same.
 */
export async function countLift(trx: Trx, since: string): Promise<readonly LiftCounts[]> {
  const { rows } = await sql<LiftCounts>`
    with asked as (
      select session, task, at, true as held from held_out
        where namespace = ${trx.namespace} and at >= ${since} and session <> ''
      union
      select session, task, served_at, false from injections
        where namespace = ${trx.namespace} and served_at >= ${since} and session <> ''
    ), tasks as (
      select bool_or(asked.held) as held, episodes.outcome, episodes.ended_at - episodes.started_at as took,
        (select count(*) from calls
          where calls.namespace = ${trx.namespace} and calls.episode_id = episodes.id) as made
      from asked join episodes on episodes.namespace = ${trx.namespace} and episodes.session = asked.session
        and (episodes.task = asked.task or asked.at between episodes.started_at and episodes.ended_at)
      where episodes.ended_by <> 'open' and episodes.ended_at >= ${since}
      group by episodes.id, episodes.outcome, took
    )
    select held as "isHeldOut", count(*) as tasks, count(*) filter (where outcome <> 'unknown') as told,
      count(*) filter (where outcome = 'success') as successes, avg(made)::float8 as calls,
      avg(extract(epoch from took))::float8 as seconds
    from tasks group by held order by held`.execute(trx.db);
  return rows;
}

export interface Uptime {
  readonly asked: number;
  readonly answered: number;
}

/** Adds to an hour; the transaction is one of the node's own namespace. */
export async function addUptime(
  trx: Trx,
  { asked, answered, at }: Uptime & { readonly at: string },
): Promise<void> {
  await sql`
    insert into learning_uptime (namespace, hour, asked, answered)
    values (${trx.namespace}, date_trunc('hour', ${at}::timestamptz), ${asked}, ${answered})
    on conflict (namespace, hour) do update set asked = learning_uptime.asked + excluded.asked,
      answered = learning_uptime.answered + excluded.answered`.execute(trx.db);
  await sql`delete from learning_uptime where namespace = ${trx.namespace}
    and hour < ${at}::timestamptz - make_interval(days => ${limits.reportDaysMax})`.execute(trx.db);
}

/** Since an hour. */
export async function readUptime(trx: Trx, since: string): Promise<Uptime> {
  const { rows } = await sql<Uptime>`
    select coalesce(sum(asked), 0)::int as asked, coalesce(sum(answered), 0)::int as answered from learning_uptime
    where namespace = ${trx.namespace} and hour >= date_trunc('hour', ${since}::timestamptz)`.execute(trx.db);
  return rows[0] ?? { asked: 0, answered: 0 };
}
