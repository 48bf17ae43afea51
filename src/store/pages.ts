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
