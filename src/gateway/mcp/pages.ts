/**
 * Long lists in pages. The cursor says what came last, so that it goes on at the right place when a list changes; where
 * that is gone, nobody knows what the client has seen, and it is told to list anew.
 */
import { DreyError } from '../../../machines/words/errors.ts';

/** Entries of one answer: many clients read the first page only, so it holds all of nearly every list. */
export const pageItemsMax = 1_000;
/** Characters of one answer's entries; a single one that has more is a page by itself. */
export const pageCharactersMax = 4 * 1024 * 1024;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | undefined;
}

/** An entry of a list that is paged; its key is its own in the list. */
export interface Listed {
  readonly key: string;
  readonly definition: object;
}

interface Place {
  readonly after: string;
  readonly at: number;
}

/** The page that a cursor asks for; throws `argument_invalid` for one that is none of ours or that is outdated. */
export function toPage<T extends Listed>(
  items: readonly T[],
  cursor: unknown,
  { itemsMax = pageItemsMax, charactersMax = pageCharactersMax } = {},
): Page<T> {
  const start = cursor === undefined ? 0 : findStart(items, readCursor(cursor));
  const page = fill(items.slice(start, start + itemsMax), charactersMax);
  const last = page.at(-1);
  const end = start + page.length;
  const isMore = last !== undefined && end < items.length;
  return { items: page, nextCursor: isMore ? writeCursor({ after: last.key, at: end }) : undefined };
}

/** As many from the beginning as there is room for, and one at least. */
function fill<T extends Listed>(items: readonly T[], charactersMax: number): readonly T[] {
  let characters = 0;
  const end = items.findIndex(({ definition }, index) => {
    characters += measure(definition);
    return index > 0 && characters > charactersMax;
  });
  return end === -1 ? items : items.slice(0, end);
}

/** Definitions stay the same objects from list to list. */
const measured = new WeakMap<object, number>();

function measure(definition: object): number {
  const known = measured.get(definition);
  if (known !== undefined) return known;
  const { length } = JSON.stringify(definition);
  measured.set(definition, length);
  return length;
}

/** Behind what came last. */
function findStart(items: readonly Listed[], { after, at }: Place): number {
  if (items[at - 1]?.key === after) return at;
  const found = items.findIndex(({ key }) => key === after);
  if (found !== -1) return found + 1;
  throw new DreyError(
    'argument_invalid',
    'params.cursor is outdated, since the list has changed; list anew without a cursor',
  );
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
    'params.cursor is not one that this server gave; list anew without a cursor',
  );
}
