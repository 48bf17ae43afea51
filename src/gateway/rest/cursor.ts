/** Where a list goes on: the last row's place as text that only we read. A cursor of another list is told as such. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';

/** Characters of a cursor. */
const cursorCharsMax = 1_000;

/** The query's field. */
export const cursorField = z
  .string()
  .max(cursorCharsMax, { error: 'must be a cursor: the "next" of the page before' })
  .optional()
  .describe('The "next" of the page before; leave it out for the first one.');

/** The answer's field. */
export const nextField = z.string().nullable().describe('The cursor of the next page; null after the last.');

/** The cursor behind a row; null where the page was not full, since then it was the last. */
export function toNext<Row>(
  rows: readonly Row[],
  limit: number,
  toPlace: (row: Row) => readonly (string | number)[],
): string | null {
  const last = rows.at(-1);
  if (last === undefined || rows.length < limit) return null;
  return Buffer.from(JSON.stringify(toPlace(last))).toString('base64url');
}

/** Reads a cursor back; undefined where there is none. */
export function readCursor<S extends z.ZodType>(
  place: S,
  cursor: string | undefined,
): z.output<S> | undefined {
  if (cursor === undefined) return undefined;
  const parsed = place.safeParse(toValue(cursor));
  if (parsed.success) return parsed.data;
  throw new DreyError('argument_invalid', 'cursor must be the "next" that a page of this list answered', {
    details: { field: 'cursor' },
  });
}

function toValue(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

const placeId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\0]*$/);

/** An id that says by itself when the thing was made. */
export const idAlone = z.tuple([placeId]).transform(([id]) => id);

/** A moment and an id, as most lists are ordered. */
export const momentAndId = z.tuple([z.iso.datetime(), placeId]).transform(([at, id]) => ({ at, id }));
