/** The status of a procedure: who may change it, and by whom it is held. */
import { sql } from 'kysely';
import type { SopStatus } from '../../../machines/words/sops.ts';
import type { Trx } from '../trx.ts';
import { toContent, toDigestOf } from '../sop-content.ts';
import type { SopCause } from '../sop-content.ts';
import { assertUuid, toUuid } from '../sop-ids.ts';
import { toJsonb } from '../text.ts';
import { appendAudit } from './audit.ts';
import { getSop } from './sop-lists.ts';
import type { StoredSop } from './sop-lists.ts';
import { addSopVersion } from './sop-versions.ts';

export interface SopStatusChange {
  /** False when the status was that already. */
  readonly changed: boolean;
  readonly version: number;
  readonly was: SopStatus;
}

/**
 * Sets a procedure's status and writes a version; undefined when it is unknown. Unless `cause.holds` is false, the
 * status is held from now on: learning no longer changes it.
 */
export async function setSopStatus(
  trx: Trx,
  options: { readonly sopId: string; readonly status: SopStatus; readonly cause: SopCause },
): Promise<SopStatusChange | undefined> {
  const { status, cause } = options;
  const before = await lockStoredSop(trx, options.sopId);
  if (before === undefined) return undefined;
  const id = assertUuid('sop', before.sopId);
  const held = cause.holds ?? true;
  await sql`
    update acontext_sops set status = ${status}, updated_at = coalesce(${cause.at ?? null}::timestamptz, now()),
      metadata = metadata || ${toJsonb({ held, approval: null })}::jsonb
    where namespace = ${trx.namespace} and id = ${id}`.execute(trx.db);
  if (before.status === status) return { changed: false, version: before.version, was: before.status };
  const sop = { ...before, status };
  const version = before.version + 1;
  await addSopVersion(trx, { id, version, digest: toDigestOf(toContent(sop)), sop, cause });
  await appendAudit(trx, {
    action: 'acontext_sop_status_changed',
    severity: 'MEDIUM',
    principal: cause.by,
    object: before.sopId,
    outcome: 'done',
    details: { sop_id: before.sopId, was: before.status, status, version },
  });
  return { changed: true, version, was: before.status };
}

/** Retires a procedure for good, held by whoever says so; undefined when it is unknown. */
export async function retireSop(
  trx: Trx,
  options: { readonly sopId: string; readonly cause: SopCause },
): Promise<SopStatusChange | undefined> {
  return setSopStatus(trx, { ...options, status: 'retired' });
}

export interface LockedSop {
  readonly status: SopStatus;
  readonly metadata: unknown;
}

/** Locks a procedure's row until the transaction ends; undefined when there is none. */
export async function lockSop(trx: Trx, id: string): Promise<LockedSop | undefined> {
  return trx.db
    .selectFrom('acontext_sops')
    .select(['status', 'metadata'])
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** A procedure as it stands, its row locked until the transaction ends; undefined when it is unknown. */
export async function lockStoredSop(trx: Trx, sopId: string): Promise<StoredSop | undefined> {
  const id = toUuid('sop', sopId);
  if (id === undefined || (await lockSop(trx, id)) === undefined) return undefined;
  return getSop(trx, id);
}

/** True when a person has set the status. */
export function isHeld(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && Reflect.get(metadata, 'held') === true;
}

/** True when a person has changed the content, or another program wrote it. */
export function isEdited(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && Reflect.get(metadata, 'edited') === true;
}
