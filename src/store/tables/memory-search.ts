/** The searches for memories: each is a function of the database, because of the wall (see infra/postgres/0004). */
import { sql } from 'kysely';
import type { MemoryKind } from '../../../machines/words/memories.ts';
import { toMemoryId } from '../memory-ids.ts';
import type { Trx } from '../schema.ts';
import { toStorableText } from '../text.ts';
import type { Viewer } from './memories.ts';

/** How often a word was met in a sample, and about how many memories there are in all. */
export interface WeighedWord {
  readonly word: string;
  readonly hits: number;
  readonly sampled: number;
  readonly about: number;
}

/** A memory that has some of the words. */
export interface FoundMemory {
  readonly memoryId: string;
  readonly score: number;
  readonly matched: readonly string[];
}

/** Memories that words are weighed against. */
const sampleMax = 400;

/** The words of a question as the index has them, each weighed in a sample of the namespace. */
export async function weighMemoryWords(
  trx: Trx,
  o: { readonly text: string; readonly terms: readonly string[] },
): Promise<readonly WeighedWord[]> {
  const { rows } = await sql<WeighedWord>`
    select word, hits, sampled, about
    from drey_weigh_memory_words(${toStorableText(o.text)}, ${toStorableText(o.terms.join(' '))}, ${sampleMax})`.execute(
    trx.db,
  );
  return rows;
}

/** Memories with any (or all) of the chosen words, best first. */
export async function searchMemories(
  trx: Trx,
  viewer: Viewer,
  o: {
    readonly words: readonly string[];
    readonly together: boolean;
    readonly every: readonly string[];
    readonly kinds?: readonly MemoryKind[] | undefined;
    readonly limit: number;
  },
): Promise<readonly FoundMemory[]> {
  if (o.words.length === 0) return [];
  const { rows } = await sql<{ id: string; score: number; matched: string[] }>`
    select id, score, matched from drey_search_memories(${[...o.words]}::text[], ${o.together}, ${[...o.every]}::text[],
      ${viewer.principal}, ${viewer.now}::timestamptz, ${o.kinds === undefined ? null : [...o.kinds]}::text[],
      ${o.limit})`.execute(trx.db);
  return rows.map(({ id, score, matched }) => ({ memoryId: toMemoryId(id), score, matched }));
}
