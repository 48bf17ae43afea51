/** The status of a procedure: who may change it, by whom it is held, and which event an edge is. */
import { sql } from 'kysely';
import type { EventType } from '../../../machines/words/events.ts';
import type { SopStatus } from '../../../machines/words/sops.ts';
import type { Trx } from '../schema.ts';
import { toContent, toDigestOf } from '../sop-content.ts';
import type { SopCause } from '../sop-content.ts';
import { toUuid } from '../sop-ids.ts';
import { appendAudit } from './audit.ts';
import { getSop } from './sop-lists.ts';
import { addSopVersion } from './sop-versions.ts';

export type SopEvent = Extract<EventType, `sop.${string}`>;

export interface SopStatusChange {
  /** False when the status was that already. */
  readonly changed: boolean;
  readonly version: number;
  readonly event: SopEvent | undefined;
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
  const id = toUuid('sop', options.sopId);
  if (id === undefined || (await lockSop(trx, id)) === undefined) return undefined;
  const before = await getSop(trx, id);
  if (before === undefined) return undefined;
  const held = cause.holds ?? true;
  await sql`
    update acontext_sops set status = ${status}, updated_at = coalesce(${cause.at ?? null}::timestamptz, now()),
      metadata = jsonb_set(metadata, '{held}', to_jsonb(${held}::boolean))
    where namespace = ${trx.namespace} and id = ${id}`.execute(trx.db);
  if (before.status === status) return { changed: false, version: before.version, event: undefined };
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
  return { changed: true, version, event: toSopEvent(before.status, status, true) };
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

/** True when a person has set the status. */
export function isHeld(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && Reflect.get(metadata, 'held') === true;
}

/** True when a person has changed the content, or another program wrote it. */
export function isEdited(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && Reflect.get(metadata, 'edited') === true;
}

/** Which event a change is; none when the content stayed. */
export function toSopEvent(
  before: SopStatus | undefined,
  now: SopStatus,
  changed: boolean,
): SopEvent | undefined {
  if (!changed) return undefined;
  if (before === now) return 'sop.revised';
  return now === 'candidate' && before !== undefined ? 'sop.revised' : edgeEvents[now];
}

/** As the `sop` chart tells its edges; what comes back to `candidate` is no edge of it. */
const edgeEvents: Readonly<Record<SopStatus, SopEvent>> = {
  candidate: 'sop.proposed',
  shadow: 'sop.shadowed',
  active: 'sop.activated',
  quarantined: 'sop.quarantined',
  deprecated: 'sop.deprecated',
  retired: 'sop.retired',
};
