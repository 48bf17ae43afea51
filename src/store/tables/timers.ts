/**
 * The moments durable actors wait for. Taking a due timer leases it and does not remove it: it goes when its actor
 * commits the step it caused, so a process that dies in between loses nothing.
 */
import { sql } from 'kysely';
import type { SystemTrx, Trx } from '../schema.ts';
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

/** How long a taken timer is nobody else's; then it is due again. */
const leaseMs = 30_000;
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

/** Takes timers that are due, of all namespaces; what another node is taking at this moment is passed over. */
export async function takeDueTimers(
  trx: SystemTrx,
  options: { readonly now: string; readonly limit: number },
): Promise<readonly DueTimer[]> {
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
