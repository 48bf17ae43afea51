/** Every content that a procedure has had, with who changed it and why: for differences and for going back. */
import { sql } from 'kysely';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { toLimit } from '../pages.ts';
import type { Trx } from '../trx.ts';
import type { SopCause } from '../sop-content.ts';
import { toUuid } from '../sop-ids.ts';
import { toJsonb } from '../text.ts';

export interface SopVersion {
  readonly version: number;
  /** The whole procedure as it was saved then. */
  readonly content: unknown;
  readonly cause: unknown;
  readonly createdAt: string;
}

/** Adds a version; the caller has locked the procedure's row. */
export async function addSopVersion(
  trx: Trx,
  entry: {
    readonly id: string;
    readonly version: number;
    readonly digest: string;
    readonly sop: LearnedSop;
    readonly cause: SopCause;
  },
): Promise<void> {
  await trx.db
    .insertInto('acontext_sop_versions')
    .values({
      namespace: trx.namespace,
      sop_id: entry.id,
      version: entry.version,
      digest: entry.digest,
      content: toJsonb(toVersionContent(entry.sop)),
      cause: toJsonb(entry.cause),
      ...(entry.cause.at === undefined ? {} : { created_at: entry.cause.at }),
    })
    .execute();
}

/** Number and digest of the newest version. */
export async function newestSopVersion(
  trx: Trx,
  id: string,
): Promise<{ readonly version: number; readonly digest: string } | undefined> {
  return trx.db
    .selectFrom('acontext_sop_versions')
    .select(['version', 'digest'])
    .where('namespace', '=', trx.namespace)
    .where('sop_id', '=', id)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** A procedure's versions, the newest first. */
export async function listSopVersions(
  trx: Trx,
  options: { readonly sopId: string; readonly limit: number; readonly below?: number },
): Promise<readonly SopVersion[]> {
  const id = toUuid('sop', options.sopId);
  if (id === undefined) return [];
  const { rows } = await sql<SopVersion>`
    select version, content, cause, created_at as "createdAt" from acontext_sop_versions
    where namespace = ${trx.namespace} and sop_id = ${id}
      and version < ${options.below ?? 2_147_483_647}::int
    order by version desc limit ${toLimit(options.limit)}`.execute(trx.db);
  return rows;
}

/** One version, or undefined. */
export async function getSopVersion(
  trx: Trx,
  options: { readonly sopId: string; readonly version: number },
): Promise<SopVersion | undefined> {
  const [found] = await listSopVersions(trx, { sopId: options.sopId, limit: 1, below: options.version + 1 });
  return found?.version === options.version ? found : undefined;
}

/** Everything but the row's own facts and the evidence, which has a table. */
function toVersionContent(sop: LearnedSop) {
  const {
    sopId,
    trigger,
    triggerFrom,
    steps,
    procedure,
    status,
    confidence,
    occurrences,
    pitfalls,
    wordings,
  } = sop;
  return {
    sopId,
    trigger,
    triggerFrom,
    steps,
    procedure,
    status,
    confidence,
    occurrences,
    pitfalls,
    wordings,
  };
}
