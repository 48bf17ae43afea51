/**
 * Durable actors: snapshot, timers and outbox are committed in one transaction, by compare-and-set on the revision.
 * Of several hosts that act on the same revision exactly one wins; the others learn the revision that stands.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { toLastMark } from '../last-statement.ts';
import type { Trx } from '../trx.ts';
import { assertName, toJson } from '../text.ts';
import { addToOutbox, toOutboxParts } from './outbox.ts';
import type { OutboxEffect } from './outbox.ts';
import { toListedValues } from './runs.ts';
import type { ListedRun } from './runs.ts';
import { replaceTimers, toTimerParts } from './timers.ts';
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

/** A step as the durable host commits it: one statement, with the id of what caused it. */
export interface StepCommit {
  readonly kind: string;
  readonly id: string;
  /** The revision that was read; 0 for an actor that is new. */
  readonly revision: number;
  /** The snapshot as JSON text. */
  readonly snapshot: string;
  readonly machineVersion: string;
  /** All moments the actor waits for from now on; null when there are none and were none. */
  readonly timers: readonly TimerToSet[] | null;
  readonly events: readonly DreyEvent[];
  readonly effects: readonly OutboxEffect[];
  /** What caused the step; it is taken with it, and never twice. */
  readonly inbox: InboxEntry;
  /** What it is listed by and as, for kinds that are: JSON may hold what no text can, so no list looks into a snapshot. */
  readonly listed?: ListedRun;
}

export interface InboxEntry {
  readonly consumer: string;
  readonly id: string;
}

/** `taken`: it had its effect before; `moved`: the revision is not the one that was read. */
export type StepOutcome = 'written' | 'taken' | 'moved';

/** Commits a step, and the transaction with it: nothing may follow. None of it is written unless all of it is. */
export async function commitStep(trx: Trx, commit: StepCommit): Promise<StepOutcome> {
  return writeStep(trx, commit, []);
}

/** The same with further parts, each of which selects from `step`: what a kind keeps beside its row. */
export async function writeStep(
  trx: Trx,
  commit: StepCommit,
  beside: readonly RawBuilder<unknown>[],
): Promise<StepOutcome> {
  const { namespace } = trx;
  const { kind, id, revision, inbox } = commit;
  const { owner, open, waiting, listed } = toListedValues(commit.listed);
  const known = sql`select 1 from inbox
    where namespace = ${namespace} and consumer = ${inbox.consumer} and id = ${inbox.id}`;
  const step =
    revision === 0
      ? sql`insert into actors (namespace, kind, id, revision, snapshot, machine_version, owner, open, waiting, listed)
          select ${namespace}, ${assertName('an actor kind', kind, 40)}, ${assertName('an actor id', id, 128)}, 1,
            ${commit.snapshot}::json, ${commit.machineVersion}, ${owner}, ${open},
            ${waiting}, ${listed}
          where not exists (${known}) on conflict (namespace, kind, id) do nothing returning 1`
      : sql`update actors set revision = revision + 1, snapshot = ${commit.snapshot}::json,
            machine_version = ${commit.machineVersion}, updated_at = now(), owner = coalesce(${owner}, owner),
            open = coalesce(${open}, open), waiting = coalesce(${waiting}, waiting),
            listed = coalesce(${listed}, listed)
          where namespace = ${namespace} and kind = ${kind} and id = ${id} and revision = ${revision}
            and not exists (${known}) returning 1`;
  const parts = [
    sql`taken as (insert into inbox (namespace, consumer, id)
      select ${namespace}, ${inbox.consumer}, ${assertName('a command id', inbox.id, 200)} from step)`,
    ...toTimerParts(namespace, commit),
    ...toOutboxParts(trx, [...commit.events, ...commit.effects]),
    ...beside,
  ];
  const { rows } = await sql<{
    written: boolean;
    known: boolean;
  }>`${toLastMark(trx, 'writes')}
    with step as (${step}), ${sql.join(parts)}
    select exists (select 1 from step) as written, exists (${known}) as known`.execute(trx.db);
  if (rows[0]?.written === true) return 'written';
  return rows[0]?.known === true ? 'taken' : 'moved';
}

/**
 * For a step that changes nothing: whether the revision still stands, and whether its cause had its effect before.
 * A refusal is not taken into the inbox: asked again, the actor may say something else, and that is then the truth.
 */
export async function confirmStep(
  trx: Trx,
  step: Pick<StepCommit, 'kind' | 'id' | 'revision' | 'inbox'>,
): Promise<'confirmed' | 'taken' | 'moved'> {
  const standing = await readActorLocked(trx, step);
  if ((standing?.revision ?? 0) !== step.revision) return 'moved';
  const { rows } = await sql`select 1 from inbox where namespace = ${trx.namespace}
    and consumer = ${step.inbox.consumer} and id = ${step.inbox.id}`.execute(trx.db);
  return rows.length === 0 ? 'confirmed' : 'taken';
}

/** An actor's last commit, held until the transaction ends. */
export async function readActorLocked(
  trx: Trx,
  actor: { readonly kind: string; readonly id: string },
): Promise<StoredActor | undefined> {
  const { rows } = await sql<StoredActor>`
    select kind, id, revision, snapshot, machine_version as "machineVersion", updated_at as "updatedAt"
    from actors where namespace = ${trx.namespace} and kind = ${actor.kind} and id = ${actor.id}
    for update`.execute(trx.db);
  return rows[0];
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
