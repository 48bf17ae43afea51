/** Brings a database up to date as the URL's own user, who owns the tables. The open store never acts as that one. */
import { Kysely, PostgresDialect } from 'kysely';
import { isDreyError } from '../../machines/words/errors.ts';
import { migrateDown, migrateUp } from '../../infra/postgres/migrations.ts';
import { toTarget, waits } from './connection.ts';
import { isConnectionBroken, toStoreError } from './failures.ts';
import type { Log } from './open.ts';
import { openPool } from './pool.ts';

export interface MigrateOptions {
  readonly url: string;
  readonly log: Log;
}

/** Applies what is missing, under an advisory lock; answers the names of the migrations applied by this call. */
export function migrateStore(options: MigrateOptions): Promise<readonly string[]> {
  return withOwner(options, migrateUp);
}

/** Takes every migration back. All data is lost. */
export function unmigrateStore(options: MigrateOptions): Promise<readonly string[]> {
  return withOwner(options, migrateDown);
}

async function withOwner(
  options: MigrateOptions,
  work: (db: Kysely<unknown>) => Promise<readonly string[]>,
): Promise<readonly string[]> {
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
    const names = await work(db);
    options.log.info({ migrations: names }, `${names.length} migrations were run at ${target}`);
    return names;
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
