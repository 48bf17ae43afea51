/** Known words that look like misspelt ones: a function of the database, because of the wall (see infra/postgres/0022). */
import { sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { toStorableText } from '../text.ts';

/** A word that was asked for, and one that memories of the namespace have. */
export interface SimilarWord {
  readonly wanted: string;
  readonly word: string;
}

/** Words that are looked up at once; the function takes no more. */
export const similarWordsMax = 8;

/** At most twelve for each word; none where the database has no `pg_trgm`. */
export async function findSimilarWords(trx: Trx, words: readonly string[]): Promise<readonly SimilarWord[]> {
  if (words.length === 0) return [];
  const asked = words.slice(0, similarWordsMax).map(toStorableText);
  const { rows } = await sql<SimilarWord>`
    select wanted, word from drey_similar_memory_words(${asked}::text[])`.execute(trx.db);
  return rows;
}
