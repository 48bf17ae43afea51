/** Long lists in pages. The cursor says what came last, so that a list that changes meanwhile loses and repeats little. */
import { DreyError } from '../../../machines/words/errors.ts';

/** Entries of one answer. */
export const pageItemsMax = 1_000;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | undefined;
}

interface Place {
  readonly after: string;
  readonly at: number;
}

/** The page that a cursor asks for; throws `argument_invalid` for a cursor that is none of ours. */
export function toPage<T extends { readonly key: string }>(
  items: readonly T[],
  cursor: unknown,
  size: number = pageItemsMax,
): Page<T> {
  const start = cursor === undefined ? 0 : findStart(items, readCursor(cursor));
  const page = items.slice(start, start + size);
  const last = page.at(-1);
  const end = start + page.length;
  const isMore = last !== undefined && end < items.length;
  return { items: page, nextCursor: isMore ? writeCursor({ after: last.key, at: end }) : undefined };
}

/** Behind what came last; where that is gone, at the same distance from the beginning. */
function findStart(items: readonly { readonly key: string }[], { after, at }: Place): number {
  if (items[at - 1]?.key === after) return at;
  const found = items.findIndex(({ key }) => key === after);
  return found === -1 ? at : found + 1;
}

function writeCursor({ after, at }: Place): string {
  return Buffer.from(JSON.stringify([at, after])).toString('base64url');
}

function readCursor(cursor: unknown): Place {
  try {
    const read: unknown = JSON.parse(Buffer.from(String(cursor), 'base64url').toString('utf8'));
    const [at, after]: unknown[] = Array.isArray(read) ? read : [];
    if (typeof after === 'string' && Number.isSafeInteger(at) && Number(at) > 0)
      return { after, at: Number(at) };
  } catch {
    // It is told below what is wrong with it.
  }
  throw new DreyError(
    'argument_invalid',
    'params.cursor is not one that this server gave; begin without one',
  );
}
