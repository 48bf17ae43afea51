/**
 * Learned procedures: saved with a version whenever their content changed, listed, served, retired. What the learner
 * derives again never overrides a status that a person has set.
 */
import { sql } from 'kysely';
import { hideInSop } from '../../../machines/sop-hiding.ts';
import type { AuditEntry } from '../../../machines/words/audit.ts';
import type { LearnedSop, SopStatus } from '../../../machines/words/sops.ts';
import type { Trx } from '../trx.ts';
import { assertUuid, toUuid } from '../sop-ids.ts';
import { assertStorableSop, toColumns, toContent, toDigestOf } from '../sop-content.ts';
import type { SopCause } from '../sop-content.ts';
import { toStandingSop } from '../sop-standing.ts';
import { appendAudit } from './audit.ts';
import { saveEvidence } from './evidence.ts';
import { getSop } from './sop-lists.ts';
import { countVotes, readDerived, weighVotes } from './sop-votes.ts';
import { isEdited, isHeld, lockSop } from './sop-status.ts';
import type { LockedSop } from './sop-status.ts';
import { addSopVersion, newestSopVersion } from './sop-versions.ts';

/** What a save did. */
export interface SavedSop {
  /** True when the content changed and a version was written. */
  readonly changed: boolean;
  /** True when it is another content than before, whatever its status. */
  readonly isRewritten: boolean;
  /** True when the row was written at all: confidence, occurrences or evidence may move without a new version. */
  readonly written: boolean;
  readonly version: number;
  /** The status that now stands; differs from the one given where a person holds another. */
  readonly status: SopStatus;
  /** The status before; undefined for a procedure that is new. */
  readonly was: SopStatus | undefined;
  /** Whether a person holds the status, by the row that was locked. */
  readonly held: boolean;
  /** How many of the evidence's calls are in the archive and were linked. */
  readonly linked: number;
}

/** Inserts or updates one procedure; writes a version when its content (not its figures) changed. */
export async function saveSop(
  trx: Trx,
  given: LearnedSop,
  options: { readonly cause: SopCause },
): Promise<SavedSop> {
  const { cause } = options;
  const sop = hideInSop(given, trx.hide);
  const id = assertUuid('sop', sop.sopId);
  assertStorableSop(trx.namespace, sop);
  const fresh = await insertSop(trx, id, sop, cause);
  const before = fresh ? undefined : await lockSop(trx, id);
  const standing = await keepWord(trx, id, sop, { cause, before });
  const { status } = standing;
  const newest = before === undefined ? undefined : await newestSopVersion(trx, id);
  const content = toContent(standing);
  const digest = toDigestOf(content);
  const changed = newest?.digest !== digest;
  const version = (newest?.version ?? 0) + (changed ? 1 : 0);
  let written = fresh;
  if (before !== undefined) written = await updateSop(trx, id, standing, { cause, before });
  if (changed) {
    await addSopVersion(trx, { id, version, digest, sop: standing, cause });
    await appendAudit(trx, toStoredEntry(standing, { cause, version, before }));
  }
  const evidence = await saveEvidence(trx, id, sop.evidence);
  await touchSop(trx, id, { cause, moved: evidence.moved, written });
  return {
    changed,
    isRewritten: changed && isAnother(standing, before, newest),
    written: written || changed || evidence.moved,
    version,
    status,
    linked: evidence.linked,
    was: before?.status,
    held: cause.holds === true || isHeld(before?.metadata),
  };
}

/** Whether its content differs from that of the digest, whatever its status. */
function isAnother(
  sop: LearnedSop,
  before: LockedSop | undefined,
  newest: { readonly digest: string } | undefined,
): boolean {
  return before !== undefined && newest?.digest !== toDigestOf(toContent({ ...sop, status: before.status }));
}

function toStoredEntry(
  sop: LearnedSop,
  { cause, version, before }: { cause: SopCause; version: number; before: LockedSop | undefined },
): AuditEntry {
  const { sopId, confidence, occurrences, status } = sop;
  const figures = { sop_id: sopId, confidence, occurrences, step_count: sop.steps.length };
  const was =
    before === undefined || before.status === status ? {} : { was: before.status, reason: cause.reason };
  return {
    action: 'acontext_sop_stored',
    severity: 'MEDIUM',
    principal: cause.by,
    object: sopId,
    outcome: 'done',
    details: { ...figures, version, status, ...was },
  };
}

/** What people have said stays; a word of theirs is taken as it is. */
async function keepWord(
  trx: Trx,
  id: string,
  sop: LearnedSop,
  { cause, before }: { readonly cause: SopCause; readonly before: LockedSop | undefined },
): Promise<LearnedSop> {
  if (before === undefined || cause.edits === true) return sop;
  if (!isHeld(before.metadata) && !isEdited(before.metadata)) return sop;
  const row = await getSop(trx, id);
  if (row === undefined) return sop;
  const standing = toStandingSop(sop, row);
  return cause.holds === true ? { ...standing, status: sop.status, confidence: sop.confidence } : standing;
}

/** Notes that procedures were served or followed; unknown ids are passed over. */
export async function touchUsedSops(
  trx: Trx,
  options: { readonly sopIds: readonly string[]; readonly at: string },
): Promise<void> {
  const ids = options.sopIds.flatMap((sopId) => toUuid('sop', sopId) ?? []).sort();
  if (ids.length === 0) return;
  await sql`
    update acontext_sops set last_used_at = greatest(last_used_at, ${options.at}::timestamptz)
    where namespace = ${trx.namespace} and id = any(${ids}::uuid[])`.execute(trx.db);
}

/** Whoever keeps a copy sees by the row that what belongs to it has moved. */
async function touchSop(
  trx: Trx,
  id: string,
  { cause, moved, written }: { readonly cause: SopCause; readonly moved: boolean; readonly written: boolean },
): Promise<void> {
  if (written || !moved) return;
  await sql`
    update acontext_sops set updated_at = coalesce(${cause.at ?? null}::timestamptz, now())
    where namespace = ${trx.namespace} and id = ${id}`.execute(trx.db);
}

async function insertSop(trx: Trx, id: string, sop: LearnedSop, cause: SopCause): Promise<boolean> {
  const rows = await trx.db
    .insertInto('acontext_sops')
    .values({
      namespace: trx.namespace,
      id,
      agent_id: null,
      last_used_at: null,
      ...toColumns(sop, cause.holds === true),
      ...(cause.at === undefined ? {} : { created_at: cause.at, updated_at: cause.at }),
    })
    .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
    .returning('id')
    .execute();
  return rows.length > 0;
}

/** Writes only what differs, so that a second derivation of the same thing leaves `updated_at` alone. */
async function updateSop(
  trx: Trx,
  id: string,
  sop: LearnedSop,
  options: { readonly cause: SopCause; readonly before: LockedSop },
): Promise<boolean> {
  const { cause, before } = options;
  // An edit hands back the confidence that reports have moved already.
  const derived =
    cause.edits === true || readDerived(before.metadata) === undefined ? undefined : sop.confidence;
  const confidence =
    derived === undefined ? sop.confidence : weighVotes(derived, sop.occurrences, await countVotes(trx, id));
  const held = cause.holds === true || isHeld(before.metadata);
  const row = toColumns({ ...sop, confidence }, held, derived);
  const { rows } = await sql<{ id: string }>`
    update acontext_sops set trigger = ${row.trigger}, steps = ${row.steps}::jsonb,
      procedure = ${row.procedure}::jsonb, status = ${row.status}, confidence = ${row.confidence},
      occurrences = ${row.occurrences}, metadata = metadata || ${row.metadata}::jsonb,
      updated_at = coalesce(${cause.at ?? null}::timestamptz, now())
    where namespace = ${trx.namespace} and id = ${id}
      and (trigger, steps, procedure, status, confidence, occurrences, metadata) is distinct from
          (${row.trigger}, ${row.steps}::jsonb, ${row.procedure}::jsonb, ${row.status}, ${row.confidence}::float8,
           ${row.occurrences}::int, metadata || ${row.metadata}::jsonb)
    returning id`.execute(trx.db);
  return rows.length > 0;
}
