/**
 * What memories mean, as numbers: which of them have none yet, keeping them, and finding those near to a question. The
 * search is a function of the database that is there only once the store was prepared for it (infra/postgres/vectors.ts).
 */
import { sql } from 'kysely';
import type { MemoryKind } from '../../../machines/words/memories.ts';
import { toMemoryId, toMemoryUuid } from '../memory-ids.ts';
import { toLimit } from '../pages.ts';
import type { Trx } from '../trx.ts';
import type { Viewer } from './memories.ts';

/** A memory whose meaning is not known in a space of vectors. */
export interface Unembedded {
  readonly memoryId: string;
  readonly content: string;
  /** Of what it says now: a vector of anything else is out of date. */
  readonly digest: string | null;
}

/** What was found out of a memory; null where nobody could, which is not asked again. */
export interface MemoryVector extends Pick<Unembedded, 'memoryId' | 'digest'> {
  readonly vector: readonly number[] | null;
}

/** A memory and the cosine between its meaning and what was asked for. */
export interface NearMemory {
  readonly memoryId: string;
  readonly likeness: number;
}

/** Memories without a vector of this space, in the order of their ids: named ones, or those after an id. */
export async function readUnembedded(
  trx: Trx,
  o: {
    readonly space: string;
    readonly now: string;
    readonly limit: number;
    readonly memoryIds?: readonly string[];
    readonly after?: string;
  },
): Promise<readonly Unembedded[]> {
  const ids = o.memoryIds?.map(toMemoryUuid).filter((id) => id !== undefined) ?? null;
  const { rows } = await sql<{ id: string; content: string; digest: string | null }>`
    select m.id, m.content, m.digest from memories m
      left join memory_vectors v on v.namespace = m.namespace and v.memory_id = m.id
    where m.namespace = ${trx.namespace} and (${ids}::uuid[] is null or m.id = any (${ids}::uuid[]))
      and m.id > ${(o.after === undefined ? undefined : toMemoryUuid(o.after)) ?? '00000000-0000-0000-0000-000000000000'}::uuid
      and (m.expires_at is null or m.expires_at > ${o.now}::timestamptz)
      and (v.memory_id is null or v.space <> ${o.space} or v.digest is distinct from m.digest)
    order by m.id limit ${toLimit(o.limit)}`.execute(trx.db);
  return rows.map(({ id, ...rest }) => ({ memoryId: toMemoryId(id), ...rest }));
}

/** Keeps vectors; that of a memory which is gone, or says something else by now, is dropped. */
export async function saveVectors(trx: Trx, space: string, vectors: readonly MemoryVector[]): Promise<void> {
  const known = vectors.filter(({ memoryId }) => toMemoryUuid(memoryId) !== undefined);
  await sql`
    insert into memory_vectors as v (namespace, memory_id, space, digest, embedding)
    select m.namespace, m.id, ${space}, m.digest, g.embedding::real[]
    from unnest(${known.map(({ memoryId }) => toMemoryUuid(memoryId))}::uuid[],
        ${known.map(({ digest }) => digest)}::text[],
        ${known.map(({ vector }) => (vector === null ? null : `{${vector.join(',')}}`))}::text[]) as g (id, digest, embedding)
      join memories m on m.namespace = ${trx.namespace} and m.id = g.id and m.digest is not distinct from g.digest
    order by m.id
    on conflict (namespace, memory_id)
    do update set space = excluded.space, digest = excluded.digest, embedding = excluded.embedding`.execute(
    trx.db,
  );
}

/** Those nearest in meaning that are there for the viewer, best first. */
export async function searchVectors(
  trx: Trx,
  viewer: Viewer,
  o: {
    readonly space: string;
    readonly vector: readonly number[];
    readonly kinds?: readonly MemoryKind[] | undefined;
    readonly limit: number;
  },
): Promise<readonly NearMemory[]> {
  const { rows } = await sql<{ id: string; likeness: number }>`
    select id, likeness from drey_search_memory_vectors(${`{${o.vector.join(',')}}`}::real[], ${o.space},
      ${viewer.principal}, ${viewer.now}::timestamptz, ${o.kinds === undefined ? null : [...o.kinds]}::text[],
      ${o.limit})`.execute(trx.db);
  return rows.map(({ id, likeness }) => ({ memoryId: toMemoryId(id), likeness }));
}
