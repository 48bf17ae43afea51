/**
 * The outbox: events that are committed together with what they tell of. The relay publishes and then deletes them in
 * one transaction; a crash between the two publishes again with the same id, which bus and inbox recognise.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { DreyEvent } from '../../../machines/words/events.ts';
import type { Address } from '../../../machines/words/ids.ts';
import type { Store } from '../open.ts';
import type { Trx } from '../trx.ts';
import { assertName, toJson } from '../text.ts';

const rowsPerInsert = 500;
/** The key of the lock that makes one relay at a time work on a database; any fixed number. */
const relayLock = 7_333_001;
/** Seeds the lock of one effect; any fixed number. */
const effectLock = 7_333_002;
/** For this long an open transaction may hold back what younger ones wrote; then order gives way to progress. */
const orderMaxMs = 2_000;

/** Adds events to the transaction; an event that waits there already is not added twice. */
export async function addToOutbox(trx: Trx, events: readonly DreyEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += rowsPerInsert) {
    await trx.db
      .insertInto('outbox')
      .values(
        events.slice(from, from + rowsPerInsert).map((event) => ({
          namespace: trx.namespace,
          id: assertName('an event id', event.id, 200),
          event: toJson(toTold(trx, event)),
        })),
      )
      .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
      .execute();
  }
}

/** Something an actor wants done in the world: it waits in the outbox as well, but never goes to the bus as it is. */
export interface OutboxEffect {
  /** `<actor>/<revision>:<n>`: the same effect has the same id whenever it is tried. */
  readonly id: string;
  readonly effect: string;
  readonly address: Address;
  /** The inbox that takes the id once the effect is done. */
  readonly by: string;
  readonly params: unknown;
  /** The trace of the step that wanted it. */
  readonly traceparent?: string;
}

/** What everybody may be told; an effect keeps what it needs, and goes to nobody but who runs it. */
function toTold<T extends DreyEvent | OutboxEffect>({ hide }: Pick<Trx, 'hide'>, row: T): T {
  return 'effect' in row ? row : { ...row, data: hide(row.data) };
}

/** Events and effects as parts of a step's statement, which selects from `step`. */
export function toOutboxParts(
  trx: Pick<Trx, 'namespace' | 'hide'>,
  rows: readonly (DreyEvent | OutboxEffect)[],
): readonly RawBuilder<unknown>[] {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => assertName('an event id', id, 200));
  return [
    sql`sent as (insert into outbox (namespace, id, event)
      select ${trx.namespace}, given.id, given.event::json
      from step, unnest(${ids}::text[], ${rows.map((row) => toJson(toTold(trx, row)))}::text[]) with ordinality as given (id, event, n)
      order by given.n on conflict (namespace, id) do nothing)`,
  ];
}

/**
 * Takes waiting effects, each of them this caller's alone for as long as the transaction lasts, and removes those that
 * `run` says are done. `isDone` is true for one whose completion was taken before. Answers how many there were.
 */
export async function runOutboxEffects(
  store: Store,
  run: (effect: OutboxEffect, isDone: boolean) => Promise<boolean>,
  options: { readonly limit: number; readonly except: readonly string[] },
): Promise<number> {
  return store.inSystem(async ({ db }) => {
    const { rows } = await sql<{ namespace: string; id: string; event: OutboxEffect; done: boolean }>`
      with waiting as materialized (
        select namespace, id, event from outbox
        where event->>'effect' is not null and id <> all(${options.except}::text[])
        order by position limit ${Math.max(1, options.limit)}
      )
      select namespace, id, event, exists (select 1 from inbox where inbox.namespace = waiting.namespace
        and inbox.consumer = waiting.event->>'by' and inbox.id = waiting.id) as done
      from waiting where pg_try_advisory_xact_lock(hashtextextended(namespace || '/' || id, ${effectLock}))`.execute(
      db,
    );
    const ended = await Promise.all(rows.map(async (row) => ((await run(row.event, row.done)) ? [row] : [])));
    const done = ended.flat();
    if (done.length > 0) {
      await sql`
        delete from outbox
        using unnest(${done.map((row) => row.namespace)}::text[], ${done.map((row) => row.id)}::text[])
          as done (namespace, id)
        where outbox.namespace = done.namespace and outbox.id = done.id`.execute(db);
    }
    return rows.length;
  });
}

/**
 * Publishes the oldest waiting events in order and removes them. `publishAll` must resolve only when the bus has
 * acknowledged every one. Answers how many went; 0 also when another relay is at work.
 */
export async function relayOutbox(
  store: Store,
  publishAll: (events: readonly DreyEvent[]) => Promise<void>,
  options: { readonly limit: number },
): Promise<number> {
  return store.inSystem(async ({ db }) => {
    const { rows: locks } = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(${relayLock}::bigint) as mine`.execute(db);
    if (locks[0]?.mine !== true) return 0;
    // Positions are given before the commit: only rows below every open transaction are surely in order.
    const { rows } = await sql<{ namespace: string; id: string; event: DreyEvent }>`
      select namespace, id, event from outbox
      where event->>'effect' is null and (transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        or created_at < now() - make_interval(secs => ${orderMaxMs / 1_000}::float8))
      order by position limit ${Math.max(1, options.limit)}`.execute(db);
    if (rows.length === 0) return 0;
    await publishAll(rows.map((row) => row.event));
    const namespaces = rows.map((row) => row.namespace);
    const ids = rows.map((row) => row.id);
    await sql`
      delete from outbox
      using unnest(${namespaces}::text[], ${ids}::text[]) as done (namespace, id)
      where outbox.namespace = done.namespace and outbox.id = done.id`.execute(db);
    return rows.length;
  });
}

/** How many events wait, and for how long the oldest has. */
export async function measureOutbox(
  store: Store,
): Promise<{ readonly waiting: number; readonly oldestMs: number }> {
  return store.inSystem(async ({ db }) => {
    const { rows } = await sql<{ waiting: number; oldestMs: number }>`
      select count(*) as waiting,
        coalesce(extract(epoch from now() - min(created_at)) * 1000, 0)::float8 as "oldestMs" from outbox`.execute(
      db,
    );
    return rows[0] ?? { waiting: 0, oldestMs: 0 };
  });
}
