/** Pages: how large one may be, and where it begins. */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** Behind which row a page begins: its moment and id. */
export interface Behind {
  readonly at: string;
  readonly id: string;
}

/** For lists with the latest first and equal moments by id; the first comparison is the one that an index can use. */
export function isPageBehind(
  moment: RawBuilder<unknown>,
  id: RawBuilder<unknown>,
  after: Behind | undefined,
): RawBuilder<boolean> {
  if (after === undefined) return sql`true`;
  const at = sql`${after.at}::timestamptz`;
  return sql`(${moment} <= ${at} and (${moment} < ${at} or ${id} > ${after.id}))`;
}

/** The size of a page: whatever is asked for, no list answers with more rows than this. */
export const pageMax = 1_000;

/** A limit between 0 and the maximum; what is no number gives the maximum. */
export function toLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 0), pageMax) : pageMax;
}

/** Where a page starts; never negative. */
export function toOffset(offset: number | undefined): number {
  return offset !== undefined && Number.isSafeInteger(offset) ? Math.max(offset, 0) : 0;
}
