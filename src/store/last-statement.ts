/**
 * The mark of a transaction's last statement: the commit travels with it, and it is planned once a connection. Its text
 * must not vary with its values, and nothing may be asked after it.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { DreyError } from '../../machines/words/errors.ts';
import type { Trx } from './trx.ts';

/** What the text begins with; one whose answer is lost may have been committed, and is not sent again. */
export const lastOfTransaction = '/* last of its transaction */';
/** The same for a statement that only reads: sent again it does no harm. */
const lastToRead = '/* last of its transaction, which only read */';

/** Whether a statement is marked as its transaction's last. */
export function isLastOf(text: string): boolean {
  return text.startsWith(lastOfTransaction) || text.startsWith(lastToRead);
}

/** The mark, to begin a statement with; nothing where audit rows follow and it is not the last one. */
export function toLastMark({ audited }: Pick<Trx, 'audited'>, kind: 'reads' | 'writes'): RawBuilder<unknown> {
  if (audited.length > 0) return sql.raw('');
  return sql.raw(kind === 'reads' ? lastToRead : lastOfTransaction);
}

/**
 * A value that cannot be written fails only while it is sent, when the commit is on its way behind it: so only such
 * values are let through of which nothing has to be made. Throws `unexpected`.
 */
export function assertPlain(values: readonly unknown[]): void {
  if (values.every((value) => (Array.isArray(value) ? value.every(isPlain) : isPlain(value)))) return;
  throw new DreyError(
    'unexpected',
    "a transaction's last statement takes texts, numbers, booleans, dates, bytes, null and lists of those",
  );
}

function isPlain(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
    value instanceof Date ||
    value instanceof Uint8Array
  );
}
