/** A look at a database without changing anything: who one is there, what one may do, how far the schema is. */
import { migrationNames } from '../../infra/postgres/migrations.ts';
import { toTarget, waits } from './connection.ts';
import { toStoreError } from './failures.ts';
import { openPool } from './pool.ts';

export interface StoreLook {
  /** Host and port, without user or password. */
  readonly target: string;
  /** Such as 18.4 or 15.2. */
  readonly version: string;
  readonly major: number;
  readonly user: string;
  /** It may create tables, and the roles the application acts as. */
  readonly mayCreate: boolean;
  readonly mayMakeRoles: boolean;
  /** `pg_trgm` is there or can be: misspelt questions find memories. */
  readonly spelling: boolean;
  /** Migrations that a start would run; undefined where the schema is newer than this program. */
  readonly missing: readonly string[];
  /** Migrations this program does not know: a newer one was here. */
  readonly unknown: readonly string[];
  /** The server's clock less ours. */
  readonly clockAheadMs: number;
}

const facts = `select current_setting('server_version') as version,
  current_setting('server_version_num')::int / 10000 as major, current_user as name,
  has_database_privilege(current_database(), 'create') and has_schema_privilege('public', 'create') as may_create,
  (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_make_roles,
  extract(epoch from clock_timestamp()) * 1000 as now_ms,
  exists (select from pg_available_extensions where name = 'pg_trgm') as spelling,
  to_regclass('public.drey_migrations') is not null as has_schema`;

/** Connects, reads, and goes; throws what keeps it from connecting. */
export async function lookAtStore(url: string, now: () => number): Promise<StoreLook> {
  const target = toTarget(url);
  const pool = openPool(
    { url, poolMax: 1, statementTimeoutMs: waits.connectMs },
    { onError: () => undefined, translate: (error) => toStoreError(error, target) },
  );
  try {
    const client = await pool.connect();
    try {
      const askedAt = now();
      const { rows } = await client.query<Record<string, unknown>>(facts, []);
      const halfway = (askedAt + now()) / 2;
      const row = rows[0] ?? {};
      const done = new Set<string>();
      if (row['has_schema'] === true) {
        const found = await client.query<{ name: string }>('select name from drey_migrations', []);
        for (const { name } of found.rows) done.add(name);
      }
      return {
        target,
        version: String(row['version']).split(' ')[0] ?? '',
        major: Number(row['major']),
        user: String(row['name']),
        mayCreate: row['may_create'] === true,
        spelling: row['spelling'] === true,
        mayMakeRoles: row['may_make_roles'] === true,
        missing: migrationNames.filter((name) => !done.has(name)),
        unknown: [...done].filter((name) => !migrationNames.includes(name)),
        clockAheadMs: Math.round(Number(row['now_ms']) - halfway),
      };
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}
