/**
 * Actors that live in a process and leave their state here from time to time, so that the next process can go on with
 * it. Nothing is compared: whoever writes last is right. Durable actors never come this way; see `actors.ts`.
 */
import { sql } from 'kysely';
import type { Trx } from '../trx.ts';
import { assertName, toJson } from '../text.ts';

export interface KeptActor {
  readonly kind: string;
  readonly id: string;
  readonly snapshot: unknown;
  readonly machineVersion: string;
}

/** Writes each of them over what was there, in one statement; no id may occur twice. */
export async function keepActors(trx: Trx, actors: readonly KeptActor[]): Promise<void> {
  if (actors.length === 0) return;
  await trx.db
    .insertInto('actors')
    .values(
      actors.map(({ kind, id, snapshot, machineVersion }) => ({
        namespace: trx.namespace,
        kind: assertName('an actor kind', kind, 40),
        id: assertName('an actor id', id, 128),
        revision: 1,
        snapshot: toJson(snapshot),
        machine_version: machineVersion,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['namespace', 'kind', 'id']).doUpdateSet((row) => ({
        revision: sql<number>`actors.revision + 1`,
        snapshot: row.ref('excluded.snapshot'),
        machine_version: row.ref('excluded.machine_version'),
        updated_at: sql<string>`now()`,
      })),
    )
    .execute();
}

/** What was kept of those named, in no order. */
export async function readKeptActors(
  trx: Trx,
  which: { readonly kind: string; readonly ids: readonly string[] },
): Promise<readonly KeptActor[]> {
  const rows = await trx.db
    .selectFrom('actors')
    .select(['kind', 'id', 'snapshot', 'machine_version'])
    .where('namespace', '=', trx.namespace)
    .where('kind', '=', which.kind)
    .where(sql<boolean>`id = any(${[...which.ids]})`)
    .execute();
  return rows.map(({ machine_version: machineVersion, ...row }) => ({ ...row, machineVersion }));
}
