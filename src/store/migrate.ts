/** Brings a database up to date as the URL's own user, who owns the tables. The open store never acts as that one. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import { isDreyError } from '../../machines/words/errors.ts';
import {
  findVectorExtension,
  migrateDown,
  migrateUp,
  prepareVectors,
} from '../../infra/postgres/migrations.ts';
import type { VectorExtension, VectorSpace } from '../../infra/postgres/migrations.ts';
import { toTarget, waits } from './connection.ts';
import { toMemoryId } from './memory-ids.ts';
import { isConnectionBroken, toStoreError } from './failures.ts';
import type { Log } from './open.ts';
import { openPool } from './pool.ts';

export interface MigrateOptions {
  readonly url: string;
  readonly log: Log;
}

/** A memory that an embedding endpoint would not have. */
export interface RefusedMemory {
  readonly namespace: string;
  readonly memoryId: string;
}

/** Applies what is missing, under an advisory lock; answers the names of the migrations applied by this call. */
export function migrateStore(options: MigrateOptions): Promise<readonly string[]> {
  return withOwner(options, (db) => run(options, db, migrateUp));
}

/** Takes every migration back. All data is lost. */
export function unmigrateStore(options: MigrateOptions): Promise<readonly string[]> {
  return withOwner(options, (db) => run(options, db, migrateDown));
}

/** Makes search by meaning possible for vectors of one model; throws what keeps it away. */
export function prepareStoreVectors(options: MigrateOptions, space: VectorSpace): Promise<void> {
  return withOwner(options, (db) => prepareVectors(db, space));
}

/** Whether the database has what vectors are compared with; nothing is changed. */
export function lookForVectors(options: MigrateOptions): Promise<VectorExtension> {
  return withOwner(options, findVectorExtension);
}

/** Memories that no vector of this space could be found for; `more` where there are others. */
export function lookForRefused(
  options: MigrateOptions,
  o: { readonly space: string; readonly limit: number },
): Promise<{ readonly memories: readonly RefusedMemory[]; readonly more: boolean }> {
  return withOwner(options, async (db) => {
    const { rows: there } = await sql<{ is: boolean }>`
      select to_regclass('public.memory_vectors') is not null as is`.execute(db);
    if (there[0]?.is !== true) return { memories: [], more: false };
    const { rows } = await sql<{ namespace: string; id: string }>`
      select v.namespace, v.memory_id as id from public.memory_vectors v
      where v.space = ${o.space} and v.embedding is null limit ${o.limit + 1}`.execute(db);
    const memories = rows.map(({ namespace, id }) => ({ namespace, memoryId: toMemoryId(id) }));
    return { memories: memories.slice(0, o.limit), more: memories.length > o.limit };
  });
}

async function run(
  { url, log }: MigrateOptions,
  db: Kysely<unknown>,
  work: (db: Kysely<unknown>) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const names = await work(db);
  log.info({ migrations: names }, `${names.length} migrations were run at ${toTarget(url)}`);
  return names;
}

async function withOwner<T>(options: MigrateOptions, work: (db: Kysely<unknown>) => Promise<T>): Promise<T> {
  const target = toTarget(options.url);
  const pool = openPool(
    { url: options.url, poolMax: 2, statementTimeoutMs: waits.migrationMs },
    {
      onError: (error) => options.log.warn({ error: error.message }, 'the connection of the migration broke'),
      // The migrations' own code wants to see Postgres's states.
      translate: (error) => error,
    },
  );
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    return await work(db);
  } catch (error) {
    throw toStoreError(isConnectionBroken(causeOf(error)) ? causeOf(error) : error, target);
  } finally {
    await db.destroy();
  }
}

/** A server that went away in the middle of a migration is unavailable; the migration itself is not to blame. */
function causeOf(error: unknown): unknown {
  return isDreyError(error) && error.cause !== undefined ? error.cause : error;
}
