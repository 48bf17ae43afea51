/**
 * The moments durable actors wait for. Taking a due timer leases it and does not remove it: it goes when its actor
 * commits the step it caused, so a process that dies in between loses nothing.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import type { SystemTrx, Trx } from '../trx.ts';
import { assertName, toJson } from '../text.ts';

export interface TimerToSet {
  readonly name: string;
  /** ISO 8601. */
  readonly dueAt: string;
  /** What the actor will consume. */
  readonly event: unknown;
}

export interface DueTimer extends TimerToSet {
  readonly namespace: string;
  readonly kind: string;
  readonly id: string;
}

/** How long a taken timer is nobody else's unless stated; then it is due again. */
const leaseMsDefault = 30_000;
const timersPerActorMax = 32;

/** Makes these an actor's timers, and no others. */
export async function replaceTimers(
  trx: Trx,
  actor: { readonly kind: string; readonly id: string },
  timers: readonly TimerToSet[],
): Promise<void> {
  await trx.db
    .deleteFrom('timers')
    .where('namespace', '=', trx.namespace)
    .where('kind', '=', actor.kind)
    .where('id', '=', actor.id)
    .execute();
  if (timers.length === 0) return;
  await trx.db
    .insertInto('timers')
    .values(
      timers.slice(0, timersPerActorMax).map((timer) => ({
        namespace: trx.namespace,
        kind: actor.kind,
        id: actor.id,
        name: assertName('a timer name', timer.name, 128),
        due_at: timer.dueAt,
        event: toJson(timer.event),
        leased_until: null,
      })),
    )
    .execute();
}

/** The same as parts of a step's statement, which selects from `step`; nothing when timers play no role. */
export function toTimerParts(
  namespace: string,
  actor: { readonly kind: string; readonly id: string; readonly timers: readonly TimerToSet[] | null },
): readonly RawBuilder<unknown>[] {
  const { kind, id, timers } = actor;
  if (timers === null) return [];
  if (timers.length > timersPerActorMax) {
    throw new DreyError('limit_reached', `an actor may wait for ${timersPerActorMax} moments at a time`);
  }
  const names = timers.map(({ name }) => assertName('a timer name', name, 128));
  return [
    sql`gone as (delete from timers where namespace = ${namespace} and kind = ${kind} and id = ${id}
      and name <> all(${names}::text[]) and exists (select 1 from step))`,
    // One that stays is written again: it is a new moment, and nobody's lease.
    sql`armed as (insert into timers (namespace, kind, id, name, due_at, event)
      select ${namespace}, ${kind}, ${id}, name, due_at, event::json
      from step, unnest(${names}::text[], ${timers.map(({ dueAt }) => dueAt)}::timestamptz[],
        ${timers.map(({ event }) => toJson(event))}::text[]) as given (name, due_at, event)
      on conflict (namespace, kind, id, name)
      do update set due_at = excluded.due_at, event = excluded.event, leased_until = null)`,
  ];
}

/** The next moment anybody waits for, or null. */
export async function readNextDue(trx: SystemTrx): Promise<string | null> {
  const { rows } = await sql<{ dueAt: string | null }>`
    select min(due_at) as "dueAt" from timers where leased_until is null`.execute(trx.db);
  return rows[0]?.dueAt ?? null;
}

/** Removes a timer that its actor knows nothing of; one that was set anew stays. */
export async function dropTimer(trx: Trx, timer: Omit<DueTimer, 'namespace' | 'event'>): Promise<void> {
  await sql`delete from timers where namespace = ${trx.namespace} and kind = ${timer.kind} and id = ${timer.id}
    and name = ${timer.name} and due_at = ${timer.dueAt}::timestamptz and leased_until is not null`.execute(
    trx.db,
  );
}

/** Takes timers that are due, of all namespaces; what another node is taking at this moment is passed over. */
export async function takeDueTimers(
  trx: SystemTrx,
  options: { readonly now: string; readonly limit: number; readonly leaseMs?: number },
): Promise<readonly DueTimer[]> {
  const leaseMs = options.leaseMs ?? leaseMsDefault;
  const { rows } = await sql<DueTimer>`
    update timers set leased_until = ${options.now}::timestamptz + make_interval(secs => ${leaseMs / 1_000}::float8)
    from (
      select namespace, kind, id, name from timers
      where due_at <= ${options.now}::timestamptz
        and (leased_until is null or leased_until <= ${options.now}::timestamptz)
      order by due_at limit ${Math.max(1, options.limit)} for update skip locked
    ) due
    where (timers.namespace, timers.kind, timers.id, timers.name) = (due.namespace, due.kind, due.id, due.name)
    returning timers.namespace, timers.kind, timers.id, timers.name, timers.due_at as "dueAt", timers.event`.execute(
    trx.db,
  );
  return [...rows].sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
}
