/**
 * Procedures as people and other programs change them: what is edited or written back is held, so that learning goes on
 * counting and no longer rewrites it. Whoever changes says which version was looked at.
 */
import { sql } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import type { Trx } from '../schema.ts';
import type { SopCause } from '../sop-content.ts';
import { assertUuid, toUuid } from '../sop-ids.ts';
import { toJsonb } from '../text.ts';
import { getSop } from './sop-lists.ts';
import type { StoredSop } from './sop-lists.ts';
import { lockSop } from './sop-status.ts';
import type { SavedSop } from './sops.ts';
import { saveSop } from './sops.ts';

export interface SopRevision {
  readonly sopId: string;
  /** The version that was looked at. */
  readonly version: number;
  readonly change: (now: StoredSop) => Partial<LearnedSop>;
  readonly cause: SopCause;
}

/** Changes a procedure; undefined when it is unknown, throws `revision_conflict` where another version stands. */
export async function reviseSop(
  trx: Trx,
  revision: SopRevision,
): Promise<{ readonly saved: SavedSop; readonly sop: StoredSop } | undefined> {
  const id = toUuid('sop', revision.sopId);
  if (id === undefined || (await lockSop(trx, id)) === undefined) return undefined;
  const before = await getSop(trx, id);
  if (before === undefined) return undefined;
  if (before.version !== revision.version) {
    throw new DreyError(
      'revision_conflict',
      `the SOP is at version ${before.version}, not ${revision.version}: look at it again, then repeat the change`,
      { details: { version: before.version } },
    );
  }
  const change = revision.change(before);
  const held = before.held || change.status !== undefined;
  const saved = await saveSop(
    trx,
    { ...before, ...change },
    { cause: { ...revision.cause, holds: held, edits: true } },
  );
  const edited = before.edited || Object.keys(change).some((part) => part !== 'status');
  await sql`
    update acontext_sops set metadata = metadata || ${toJsonb({ held, edited })}::jsonb
    where namespace = ${trx.namespace} and id = ${id}`.execute(trx.db);
  const sop = await getSop(trx, id);
  return sop === undefined ? undefined : { saved, sop };
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
