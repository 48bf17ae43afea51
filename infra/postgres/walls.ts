/**
 * The SQL that puts a table behind its namespace's wall, and the runner of a migration's script. Every table with a
 * namespace calls `wall`; a test reads the catalogue and fails for one that did not.
 */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { appRole, relayRole } from './roles.ts';

/** The transaction's namespace; after a commit the setting is '' and not null, hence `nullif`. */
export const currentNamespace = `nullif(current_setting('drey.namespace', true), '')`;

export interface WallOptions {
  /** What the application may do; never truncate, which row-level security does not cover. */
  readonly app?: string;
  /** What the relay may do in all namespaces; nothing unless stated. */
  readonly relay?: string;
  /** True where a `security definer` function searches the table: its owner is under the wall, too. */
  readonly searched?: boolean;
}

/** Row-level security, forced, with a policy that checks what is read and what is written. */
export function wall(table: string, options: WallOptions = {}): string {
  const lines = [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy ${table}_namespace on ${table} for all to ${appRole}
       using (namespace = ${currentNamespace}) with check (namespace = ${currentNamespace})`,
    `grant ${options.app ?? 'select, insert, update, delete'} on ${table} to ${appRole}`,
  ];
  if (options.relay !== undefined) {
    lines.push(
      `create policy ${table}_relay on ${table} for all to ${relayRole} using (true) with check (true)`,
      `grant ${options.relay} on ${table} to ${relayRole}`,
    );
  }
  if (options.searched === true) {
    lines.push(`create policy ${table}_search on ${table} for select to current_user using (true)`);
  }
  return `${lines.join(';\n')};`;
}

/** The column that every table of a namespace begins with. */
export const namespaceColumn = 'namespace text not null references namespaces on delete cascade';

/** Closes a `security definer` function to everybody but the application. */
export function onlyForApp(signature: string): string {
  return `revoke all on function ${signature} from public; grant execute on function ${signature} to ${appRole};`;
}

/** Settings of a `security definer` function: a fixed path with temporary tables last, and plans for given values. */
export const definer =
  'security definer set search_path = pg_catalog, public, pg_temp set plan_cache_mode = force_custom_plan';

/** Runs several statements in one round trip; the migrator's transaction is around it. */
export async function runScript(db: Kysely<unknown>, script: string): Promise<void> {
  await sql.raw(script).execute(db);
}
