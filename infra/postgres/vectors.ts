/**
 * Search by meaning, made ready at a node's start and not by a migration: the extension `vector` may come later than the
 * tables, and the index belongs to one model. It runs as the tables' owner; whoever searches only calls the function.
 */
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { DreyError } from '../../machines/words/errors.ts';
import { currentNamespace, definer, onlyForApp } from './walls.ts';

/** Vectors that can be compared with each other: those of one model and length. */
export interface VectorSpace {
  /** What its rows are marked with. */
  readonly name: string;
  readonly dimensions: number;
}

/** What the server has of the extension. */
export type VectorExtension =
  | { readonly state: 'installed'; readonly version: string; readonly schema: string }
  | { readonly state: 'available' }
  | { readonly state: 'missing'; readonly server: string };

/** Namespaces of so many vectors are compared one by one, which misses nothing; in larger ones an index is asked. */
const comparedMax = 2_000;
/** Places that the index looks at; more than are answered, since rows of others are among them. */
const lookedAtMax = 400;
/** `hnsw` came with 0.5, going on until enough rows of a namespace are found with 0.8. */
const versionMin = 5;
const iterativeMin = 8;

/** Looks whether the extension is there, or could be. */
export async function findVectorExtension(
  db: Kysely<unknown> | Transaction<unknown>,
): Promise<VectorExtension> {
  const { rows } = await sql<{
    version: string | null;
    schema: string | null;
    available: boolean;
    server: string;
  }>`
    select e.extversion as version, n.nspname as schema, current_setting('server_version') as server,
      exists (select from pg_available_extensions where name = 'vector') as available
    from (select 1) one left join pg_extension e on e.extname = 'vector'
      left join pg_namespace n on n.oid = e.extnamespace`.execute(db);
  const [found] = rows;
  if (found?.version != null && found.schema !== null)
    return { state: 'installed', version: found.version, schema: found.schema };
  return found?.available === true
    ? { state: 'available' }
    : { state: 'missing', server: found?.server ?? '' };
}

/** Makes extension, function and index where they are missing; throws what keeps them away, in one sentence. */
export async function prepareVectors(db: Kysely<unknown>, space: VectorSpace): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('drey vectors', 0))`.execute(trx);
    const { schema, version } = await ensureExtension(trx);
    const minor = toMinor(version);
    if (minor < versionMin)
      throw away(`its extension vector is ${version}; 0.5 or newer is needed, 0.8 is best`);
    await sql.raw(toFunction(schema, minor >= iterativeMin)).execute(trx);
    await ensureIndex(trx, schema, space);
  });
}

async function ensureExtension(
  trx: Transaction<unknown>,
): Promise<{ readonly schema: string; readonly version: string }> {
  const found = await findVectorExtension(trx);
  if (found.state === 'installed') return found;
  if (found.state === 'missing') throw away(toMissing(found.server));
  try {
    await sql
      .raw('create schema if not exists drey_vectors; create extension vector with schema drey_vectors')
      .execute(trx);
  } catch (cause) {
    throw away(
      'its extension vector may not be installed by this user; let an administrator run: create extension vector',
      cause,
    );
  }
  const now = await findVectorExtension(trx);
  if (now.state === 'installed') return now;
  throw away('its extension vector could not be installed');
}

/** What is said where the server has no such extension. */
export function toMissing(server: string): string {
  const major = server.split('.')[0] ?? '';
  return (
    `Postgres ${server} has no extension vector; use one with pgvector (Debian: postgresql-${major}-pgvector) by ` +
    'DATABASE_URL, or take "embeddings" out of drey.json'
  );
}

async function ensureIndex(trx: Transaction<unknown>, schema: string, space: VectorSpace): Promise<void> {
  const { rows } = await sql<{ name: string; wanted: string }>`
    select 'memory_vectors_near_' || left(md5(${space.name}), 12) as wanted, c.relname as name
    from (select 1) one left join pg_class c on c.relkind = 'i' and c.relname like 'memory\\_vectors\\_near\\_%'
      and pg_table_is_visible(c.oid)`.execute(trx);
  const wanted = rows[0]?.wanted ?? '';
  for (const { name } of rows)
    if (name && name !== wanted) await sql`drop index ${sql.id(name)}`.execute(trx);
  if (rows.some(({ name }) => name === wanted)) return;
  await sql`create index ${sql.id(wanted)} on memory_vectors
    using hnsw ((embedding::${sql.id(schema)}.vector(${sql.lit(space.dimensions)})) ${sql.id(schema)}.vector_cosine_ops)
    where space = ${sql.lit(space.name)}`.execute(trx);
}

/** Whoever is under the wall may not look into an index by an operator that is not leakproof: hence a function. */
function toFunction(schema: string, iterative: boolean): string {
  const place = `"${schema.replaceAll('"', '""')}"`;
  const distance = `v.embedding::${place}.vector(%1$s) operator(${place}.<=>) $1::${place}.vector(%1$s)`;
  const best = `select m.id, 1 - n.distance from near n
    join public.memories m on m.namespace = $2 and m.id = n.one
    where n.digest is not distinct from m.digest and m.owner in ('''', $4)
      and (m.expires_at is null or m.expires_at > $5)
      and ($6::text[] is null or m.kind = any ($6))
    order by n.distance, m.id limit $7`;
  return `
  create or replace function drey_search_memory_vectors(
      asked real[], sought text, viewer text, moment timestamptz, kinds text[], rows_max int)
    returns table (id uuid, likeness float8) language plpgsql stable ${definer} as $$
    declare
      mine text := ${currentNamespace};
      wanted int := least(greatest(rows_max, 0), 200);
      many int;
      question text;
    begin
      select count(*)::int into many from (
        select from public.memory_vectors v where v.namespace = mine limit ${comparedMax + 1}) counted;
      if many <= ${comparedMax} then
        question := format('with near as materialized (
          select v.memory_id as one, v.digest, ${distance} as distance from public.memory_vectors v
          where v.namespace = $2 and v.space = $3 and v.embedding is not null) ${best}', cardinality(asked));
      else
        perform set_config('hnsw.ef_search', '${lookedAtMax}', true);
        ${iterative ? "perform set_config('hnsw.iterative_scan', 'relaxed_order', true);" : ''}
        question := format('with near as materialized (
          select v.memory_id as one, v.digest, ${distance} as distance from public.memory_vectors v
          where v.namespace = $2 and v.space = %2$L and v.embedding is not null
          order by ${distance} limit ${lookedAtMax}) ${best}', cardinality(asked), sought);
      end if;
      return query execute question using asked, mine, sought, viewer, moment, kinds, wanted;
    end
  $$;
  ${onlyForApp('drey_search_memory_vectors(real[], text, text, timestamptz, text[], int)')}`;
}

function toMinor(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 ? Number.POSITIVE_INFINITY : minor;
}

function away(why: string, cause?: unknown): DreyError {
  return new DreyError(
    'resource_unavailable',
    `memories are searched by words alone: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
