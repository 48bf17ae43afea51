/**
 * Budgets of deeds in fixed windows, counted by the database's clock, so that all nodes share them. One statement
 * counts, begins a window and begins a block: there is no moment in which only a part of it is true.
 */
import { sql } from 'kysely';
import type { SystemTrx, Trx } from '../trx.ts';

/** A budget and what going over it costs. */
export interface RateBudget {
  readonly max: number;
  readonly windowMs: number;
  /** 0 means that whoever went over only waits for the next window. */
  readonly blockMs: number;
}

/** Whose budget of what: a digest, so that no text of a caller can be too long or odd for the key. */
export interface RateKey {
  readonly subject: string;
  readonly operation: string;
}

export interface RateState {
  readonly allowed: boolean;
  /** Points used in this window, those of refused attempts included. */
  readonly used: number;
  /** Until the next attempt can be allowed; 0 when this one was. */
  readonly retryAfterMs: number;
  /** True for the one attempt that went over the budget. */
  readonly isFirstRefusal: boolean;
}

const usedMax = 1_000_000_000;

/**
 * Takes points. A block is never extended by further attempts, and a window that begins after it begins with this
 * attempt alone. The commit is not waited for on disk: a crash of the database itself may forget the last counts.
 */
export async function takeRate(trx: Trx, key: RateKey, budget: RateBudget, points = 1): Promise<RateState> {
  const { max } = budget;
  const windowMs = sql`make_interval(secs => ${budget.windowMs / 1_000}::float8)`;
  const blockMs = sql`make_interval(secs => ${budget.blockMs / 1_000}::float8)`;
  const isBlocking = budget.blockMs > 0;
  const at = sql`(select at from clock)`;
  // A window is over when its time is, or when the block that ended it early is.
  const isOver = sql`(case when r.blocked_until is null then r.window_ends_at else r.blocked_until end <= ${at})`;
  const used = sql`least(case when ${isOver} then 0 else r.used end + ${points}::int, ${usedMax}::int)`;
  const until = (overall: typeof used) =>
    sql`case when ${isBlocking}::boolean and ${overall} > ${max}::int then ${at} + ${blockMs} end`;
  const { rows } = await sql<{ used: number; waitMs: number }>`
    with clock as materialized (
      select date_trunc('milliseconds', clock_timestamp()) as at,
        set_config('synchronous_commit', 'off', true)
    ), taken as (
      insert into rate_limits as r (namespace, subject, operation, used, window_ends_at, blocked_until)
      select ${trx.namespace}, ${key.subject}, ${key.operation}, ${points}::int, at + ${windowMs},
        ${until(sql`${points}::int`)} from clock
      on conflict (namespace, subject, operation) do update set
        used = ${used},
        window_ends_at = case when ${isOver} then ${at} + ${windowMs} else r.window_ends_at end,
        blocked_until = case when ${isOver} or r.blocked_until is null then ${until(used)} else r.blocked_until end
      returning used, window_ends_at, blocked_until
    )
    select taken.used, ceil(extract(epoch from coalesce(blocked_until, window_ends_at) - clock.at) * 1000)::float8
      as "waitMs" from taken, clock`.execute(trx.db);
  return toState(rows[0] ?? { used: 0, waitMs: 0 }, max, points);
}

/** What is left of a budget; takes nothing. */
export async function readRate(trx: Trx, key: RateKey, budget: RateBudget): Promise<RateState> {
  const { rows } = await sql<{ used: number; waitMs: number }>`
    select used,
      ceil(extract(epoch from coalesce(blocked_until, window_ends_at) - clock_timestamp()) * 1000)::float8 as "waitMs"
    from rate_limits where namespace = ${trx.namespace} and subject = ${key.subject}
      and operation = ${key.operation}`.execute(trx.db);
  const [row] = rows;
  if (row === undefined || row.waitMs <= 0) {
    return { allowed: true, used: 0, retryAfterMs: 0, isFirstRefusal: false };
  }
  const isFree = row.used < budget.max;
  return { allowed: isFree, used: row.used, retryAfterMs: isFree ? 0 : row.waitMs, isFirstRefusal: false };
}

function toState(
  { used, waitMs }: { readonly used: number; readonly waitMs: number },
  max: number,
  points: number,
): RateState {
  const allowed = used <= max;
  return {
    allowed,
    used,
    retryAfterMs: allowed ? 0 : Math.max(1, waitMs),
    isFirstRefusal: !allowed && used - points <= max,
  };
}

/** Forgets budgets whose window and block are long over; answers how many. */
export async function sweepRates(
  trx: SystemTrx,
  options: { readonly olderThanMs: number; readonly limit: number },
): Promise<number> {
  const { rows } = await sql<{ operation: string }>`
    delete from rate_limits where ctid in (
      select ctid from rate_limits
      where window_ends_at < now() - make_interval(secs => ${options.olderThanMs / 1_000}::float8)
        and (blocked_until is null or blocked_until < now()) limit ${options.limit})
    returning operation`.execute(trx.db);
  return rows.length;
}
