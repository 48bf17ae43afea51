/**
 * Durable actors: snapshot, timers and outbox are committed in one transaction, by compare-and-set on the revision.
 * Of several hosts that act on the same revision exactly one wins; the others learn the revision that stands.
 */
import { sql } from 'kysely';
import type { DreyEvent } from '../../../machines/words/events.ts';
import type { Trx } from '../schema.ts';
import { assertName, toJson } from '../text.ts';
import { addToOutbox } from './outbox.ts';
import { replaceTimers } from './timers.ts';
import type { TimerToSet } from './timers.ts';

export interface ActorCommit {
  readonly kind: string;
  readonly id: string;
  /** The revision that was read; 0 for an actor that is new. */
  readonly revision: number;
  readonly snapshot: unknown;
  readonly machineVersion: string;
  /** All moments the actor waits for from now on; what is not named here is taken back. */
  readonly timers: readonly TimerToSet[];
  readonly outbox: readonly DreyEvent[];
}

export type ActorCommitted =
  | { readonly ok: true; readonly revision: number }
  /** Somebody else committed; `revision` is the one that stands, 0 when the actor is gone. */
  | { readonly ok: false; readonly revision: number };

export interface StoredActor {
  readonly kind: string;
  readonly id: string;
  readonly revision: number;
  readonly snapshot: unknown;
  readonly machineVersion: string;
  readonly updatedAt: string;
}

/** Commits an actor's step; nothing of it is written when the revision has moved. */
export async function commitActor(trx: Trx, commit: ActorCommit): Promise<ActorCommitted> {
  const written = commit.revision === 0 ? await insertActor(trx, commit) : await updateActor(trx, commit);
  if (!written) {
    const standing = await readActor(trx, commit);
    return { ok: false, revision: standing?.revision ?? 0 };
  }
  await replaceTimers(trx, commit, commit.timers);
  await addToOutbox(trx, commit.outbox);
  return { ok: true, revision: commit.revision + 1 };
}

/** An actor's last commit, or undefined. */
export async function readActor(
  trx: Trx,
  actor: { readonly kind: string; readonly id: string },
): Promise<StoredActor | undefined> {
  const row = await trx.db
    .selectFrom('actors')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('kind', '=', actor.kind)
    .where('id', '=', actor.id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    kind: row.kind,
    id: row.id,
    revision: row.revision,
    snapshot: row.snapshot,
    machineVersion: row.machine_version,
    updatedAt: row.updated_at,
  };
}

/** Removes an actor and its timers; false when there was none. */
export async function dropActor(
  trx: Trx,
  actor: { readonly kind: string; readonly id: string },
): Promise<boolean> {
  const rows = await trx.db
    .deleteFrom('actors')
    .where('namespace', '=', trx.namespace)
    .where('kind', '=', actor.kind)
    .where('id', '=', actor.id)
    .returning('id')
    .execute();
  return rows.length > 0;
}

async function insertActor(trx: Trx, commit: ActorCommit): Promise<boolean> {
  const rows = await trx.db
    .insertInto('actors')
    .values({
      namespace: trx.namespace,
      kind: assertName('an actor kind', commit.kind, 40),
      id: assertName('an actor id', commit.id, 128),
      revision: 1,
      snapshot: toJson(commit.snapshot),
      machine_version: commit.machineVersion,
    })
    .onConflict((conflict) => conflict.columns(['namespace', 'kind', 'id']).doNothing())
    .returning('id')
    .execute();
  return rows.length > 0;
}

async function updateActor(trx: Trx, commit: ActorCommit): Promise<boolean> {
  const rows = await trx.db
    .updateTable('actors')
    .set({
      revision: commit.revision + 1,
      snapshot: toJson(commit.snapshot),
      machine_version: commit.machineVersion,
      updated_at: sql<string>`now()`,
    })
    .where('namespace', '=', trx.namespace)
    .where('kind', '=', commit.kind)
    .where('id', '=', commit.id)
    .where('revision', '=', commit.revision)
    .returning('id')
    .execute();
  return rows.length > 0;
}
