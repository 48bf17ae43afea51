/**
 * Procedures as people and other programs change them: what is edited or written back is held, so that learning goes on
 * counting and no longer rewrites it. Whoever changes says which version was looked at.
 */
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import type { LearnedSop, SopApproval, SopStatus } from '../../../machines/words/sops.ts';
import { toNewLines } from '../../../machines/words/step-lines.ts';
import type { Trx } from '../trx.ts';
import { toContent, toDigestOf } from '../sop-content.ts';
import type { SopCause } from '../sop-content.ts';
import { assertUuid } from '../sop-ids.ts';
import { toJsonb } from '../text.ts';
import { getSop } from './sop-lists.ts';
import type { StoredSop } from './sop-lists.ts';
import { lockStoredSop } from './sop-status.ts';
import type { SavedSop } from './sops.ts';
import { saveSop } from './sops.ts';

export interface SopRevision {
  readonly sopId: string;
  /** The version that was looked at. */
  readonly version: number;
  readonly change: (now: StoredSop) => Partial<LearnedSop>;
  /** Whether whoever changes it may approve: without that, another content of what is in use is a candidate. */
  readonly mayActivate: boolean;
  readonly cause: SopCause & { readonly at: string };
}

/** What a change did, and what it was before. */
export interface Revised {
  readonly saved: SavedSop;
  readonly sop: StoredSop;
  readonly before: StoredSop;
  /** True where its content is another one, whatever its status. */
  readonly isRewritten: boolean;
}

/** Changes a procedure; undefined when it is unknown, throws `revision_conflict` where another version stands. */
export async function reviseSop(trx: Trx, revision: SopRevision): Promise<Revised | undefined> {
  const before = await lockStoredSop(trx, revision.sopId);
  if (before === undefined) return undefined;
  const id = assertUuid('sop', before.sopId);
  if (before.version !== revision.version) {
    throw new DreyError(
      'revision_conflict',
      `the SOP is at version ${before.version}, not ${revision.version}: look at it again, then repeat the change`,
      { details: { version: before.version } },
    );
  }
  const asked = toWholeChange(before, withLines(before, revision.change(before)));
  const isRewritten = toLineDigest({ ...before, ...asked }) !== toLineDigest(before);
  const isInUse = before.status === 'active' && asked.status === undefined;
  const isWithdrawn = isRewritten && isInUse && !revision.mayActivate;
  const change = isWithdrawn ? { ...asked, status: 'candidate' as const } : asked;
  // What is in use with another content is so by somebody's word, and no longer by evidence.
  const held = before.held || change.status !== undefined || (isRewritten && isInUse);
  const saved = await saveSop(
    trx,
    { ...before, ...change },
    { cause: { ...revision.cause, holds: held, edits: true } },
  );
  const edited =
    before.edited || Object.keys(change).some((part) => part !== 'status' && part !== 'confidence');
  const approval = isRewritten
    ? toFreshApproval(change.status ?? before.status, saved, revision)
    : toApproval(before, change, revision);
  await sql`
    update acontext_sops set metadata = metadata || ${toJsonb({ held, edited, approval })}::jsonb
    where namespace = ${trx.namespace} and id = ${id}`.execute(trx.db);
  const sop = await getSop(trx, id);
  return sop === undefined ? undefined : { saved, sop, before, isRewritten };
}

/** Other steps have other lines, where nobody wrote these. */
function withLines(before: StoredSop, change: Partial<LearnedSop>): Partial<LearnedSop> {
  const { procedure, steps = before.steps } = change;
  if (procedure === undefined || !isDeepStrictEqual(steps, before.steps)) return change;
  if (isDeepStrictEqual(procedure, before.procedure)) return change;
  const lines = toNewLines(before, procedure);
  return lines === undefined ? change : { ...change, steps: lines };
}

/** Whoever approves what waits for a second principal is that second one: it is as sure as its evidence then. */
function toWholeChange(before: StoredSop, change: Partial<LearnedSop>): Partial<LearnedSop> {
  if (change.status !== 'active' || before.quorum === undefined) return change;
  return { ...change, confidence: Math.max(before.confidence, before.quorum.confidence) };
}

/** An approval is for the version that was looked at; another status takes it back. */
function toApproval(
  { approval, version }: StoredSop,
  { status }: Partial<LearnedSop>,
  { cause }: SopRevision,
): SopApproval | null {
  if (status === undefined) return approval ?? null;
  if (status !== 'active') return null;
  return { by: cause.by, version, at: cause.at };
}

/** What was approved was another content; the new one is as soon as somebody who may approve puts it to use. */
function toFreshApproval(
  status: SopStatus,
  { version }: SavedSop,
  { cause }: SopRevision,
): SopApproval | null {
  return status === 'active' ? { by: cause.by, version, at: cause.at } : null;
}

/** Equal where the content is, whatever its status. */
function toLineDigest(sop: LearnedSop): string {
  return toDigestOf(toContent({ ...sop, status: 'candidate' }));
}

/** Writes a procedure that another program made; what it says besides is kept as given. */
export async function writeSop(
  trx: Trx,
  sop: LearnedSop,
  options: { readonly cause: SopCause; readonly given: Readonly<Record<string, unknown>> },
): Promise<SavedSop> {
  const saved = await saveSop(trx, sop, { cause: options.cause });
  const facts = {
    edited: true,
    ...(Object.keys(options.given).length === 0 ? {} : { given: options.given }),
  };
  await sql`
    update acontext_sops set metadata = metadata || ${toJsonb(facts)}::jsonb
    where namespace = ${trx.namespace} and id = ${assertUuid('sop', sop.sopId)}`.execute(trx.db);
  return saved;
}
