/** What ranking looks at in procedures, for an index over all of a namespace: whole at first, then what changed. */
import { sql } from 'kysely';
import type { SopStatus } from '../../../machines/words/sops.ts';
import { toLimit } from '../pages.ts';
import { toId, toUuid } from '../sop-ids.ts';
import type { Trx } from '../trx.ts';

export interface SopDigest {
  readonly sopId: string;
  readonly trigger: string;
  readonly wordings: readonly string[];
  /** The tools of its steps, in their order. */
  readonly tools: readonly string[];
  readonly confidence: number;
  readonly status: SopStatus;
  /** A part of procedures is no answer to a task. */
  readonly isPart: boolean;
  /** The transaction that changed it last. */
  readonly changed: string;
}

export interface DigestPage {
  /** Only what changed at or behind this horizon; the order is that of the changes then. */
  readonly since?: string | undefined;
  /** Goes on behind this one. */
  readonly after?: Pick<SopDigest, 'sopId' | 'changed'> | undefined;
  readonly limit: number;
}

/**
 * All transactions before it have ended. Asked for first, procedures read afterwards hold whatever these changed, and what
 * others commit later is found by it.
 */
export async function readSopHorizon(trx: Trx): Promise<string> {
  const { rows } = await sql<{ horizon: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`.execute(trx.db);
  return rows[0]?.horizon ?? '0';
}

/** A page of digests. */
export async function listSopDigests(
  trx: Trx,
  { since, after, limit }: DigestPage,
): Promise<readonly SopDigest[]> {
  const id = (after && toUuid('sop', after.sopId)) ?? '00000000-0000-0000-0000-000000000000';
  // A database that was brought over from another server holds numbers of that one: what is not begun here is no change.
  const which =
    since === undefined
      ? sql`s.id > ${id}::uuid`
      : sql`s.changed >= ${since}::xid8 and s.changed < pg_snapshot_xmax(pg_current_snapshot())
          and (s.changed, s.id) > (${after?.changed ?? '0'}::xid8, ${id}::uuid)`;
  const { rows } = await sql<Omit<SopDigest, 'sopId'> & { id: string }>`
    select s.id, s.trigger, coalesce(s.metadata -> 'wordings', '[]') as wordings,
      jsonb_path_query_array(s.procedure, '$[*].tool') as tools, s.confidence, s.status,
      coalesce(jsonb_typeof(s.metadata -> 'partOf'), 'null') <> 'null' as "isPart", s.changed::text as changed
    from acontext_sops s where s.namespace = ${trx.namespace} and (${which})
    order by ${since === undefined ? sql`s.id` : sql`s.changed, s.id`} limit ${toLimit(limit)}`.execute(
    trx.db,
  );
  return rows.map(({ id: uuid, ...digest }) => ({ ...digest, sopId: toId('sop', uuid) }));
}
