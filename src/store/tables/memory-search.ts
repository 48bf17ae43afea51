/** The search for memories by their words: a function of the database, because of the wall (see infra/postgres/0004). */
import { sql } from 'kysely';
import type { MemoryKind } from '../../../machines/words/memories.ts';
import { relations } from '../../../machines/words/memories.ts';
import { toMemoryId, toMemoryUuid } from '../memory-ids.ts';
import { toLastMark } from '../last-statement.ts';
import type { Trx } from '../trx.ts';
import { toStorableText } from '../text.ts';
import { isVisible, memoryColumns, toMemory } from './memories.ts';
import type { MemoryRow, StoredMemory, Viewer } from './memories.ts';

/** How often a word was met in a sample of a namespace's memories. */
export interface WeighedWord {
  readonly word: string;
  readonly hits: number;
  readonly sampled: number;
}

/** A memory that has some of the words. */
export interface FoundMemory {
  readonly memoryId: string;
  readonly score: number;
  readonly matched: readonly string[];
}

/** A word that was asked for and that nothing has, and one that memories of the namespace have. */
export interface SimilarWord {
  readonly wanted: string;
  readonly word: string;
}

/** What one look answers. */
export interface MemoriesLook {
  /** The question's words as the index has them. */
  readonly weights: readonly WeighedWord[];
  /** Best first. */
  readonly found: readonly FoundMemory[];
  /** Known words like those that nothing was found by; only where some were to be checked. */
  readonly similar: readonly SimilarWord[];
}

interface Row {
  readonly weights: readonly (readonly [string, number])[];
  readonly sampled: number;
  readonly ranked: readonly (readonly [string, number, readonly number[]])[];
  readonly alike: readonly (readonly [string, string])[];
}

/** Weighs the words of a text in a sample, and looks for memories with the rarest of them, in one statement. */
export async function lookForMemories(
  trx: Trx,
  viewer: Viewer,
  o: {
    readonly text: string;
    readonly terms: readonly string[];
    /** Words that may be misspelt, as they stand in `terms`. */
    readonly spelled?: readonly string[] | undefined;
    readonly kinds?: readonly MemoryKind[] | undefined;
    readonly limit: number;
  },
): Promise<MemoriesLook> {
  const spelled = o.spelled === undefined ? null : o.spelled.map(toStorableText);
  const { rows } = await sql<Row>`
    select weights, sampled, ranked, alike from drey_look_for_memories(${toStorableText(o.text)},
      ${toStorableText(o.terms.join(' '))}, ${spelled}::text[], ${viewer.principal}, ${viewer.now}::timestamptz,
      ${o.kinds === undefined ? null : [...o.kinds]}::text[], ${o.limit}::int)`.execute(trx.db);
  const [row] = rows;
  if (row === undefined) return { weights: [], found: [], similar: [] };
  const { sampled } = row;
  const words = row.weights.map(([word]) => word);
  return {
    weights: row.weights.map(([word, hits]) => ({ word, hits, sampled })),
    found: row.ranked.map(([id, score, places]) => ({
      memoryId: toMemoryId(id),
      score,
      matched: places.flatMap((place) => words[place] ?? []),
    })),
    similar: row.alike.map(([wanted, word]) => ({ wanted, word })),
  };
}

/** A memory as a search shows it. */
export interface ShownMemory extends StoredMemory {
  /** Ids of memories that seem to say the opposite, as far as the viewer may see them. */
  readonly contradicts: readonly string[];
}

/** Contradictions told of one memory, on each side of the link. */
const contradictionsMax = 10;

/** Those of these memories that are there for the viewer, in order: a transaction's last question. */
export async function showMemories(
  trx: Trx,
  viewer: Viewer,
  memoryIds: readonly string[],
): Promise<readonly ShownMemory[]> {
  const ids = memoryIds.map(toMemoryUuid).filter((id) => id !== undefined);
  if (ids.length === 0) return [];
  const toOthers = (own: 'from' | 'to', other: 'from' | 'to') => sql`
    (select ${sql.ref(`e.${other}_id`)} as id from memory_edges e
     where e.namespace = ${trx.namespace} and e.relation = ${relations.contradicts}
       and ${sql.ref(`e.${own}_kind`)} = 'memory' and ${sql.ref(`e.${own}_id`)} = ${toMemoryId('')} || wanted.id::text
       and ${sql.ref(`e.${other}_kind`)} = 'memory'
     order by e.weight desc limit ${contradictionsMax}::int)`;
  const { rows } = await sql<MemoryRow & { contradicts: string[] }>`${toLastMark(trx, 'reads')}
    select ${memoryColumns}, array(
        select distinct o.id from (${toOthers('from', 'to')} union all ${toOthers('to', 'from')}) o
          join memories m on m.namespace = ${trx.namespace} and m.id = right(o.id, 36)::uuid
        where ${isVisible(viewer)}) as contradicts
    from unnest(${ids}::uuid[]) with ordinality as wanted (id, place)
      join memories m on m.namespace = ${trx.namespace} and m.id = wanted.id
    where ${isVisible(viewer)} order by wanted.place`.execute(trx.db);
  return rows.map((row) => ({ ...toMemory(row), contradicts: row.contradicts }));
}
