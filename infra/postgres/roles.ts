/**
 * The two roles that the program acts as, and their creation. Roles belong to the whole server, not to one database:
 * several databases share them, so creating them tolerates others doing the same, and nothing here ever drops one.
 */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { DreyError } from '../../machines/words/errors.ts';

/** Acts for one namespace at a time; every connection of the pool is this role from its first moment. */
export const appRole = 'drey_app';
/** Sees the few tables whose rows of all namespaces one worker must serve: outbox, timers, inbox, namespaces. */
export const relayRole = 'drey_relay';

const attemptsMax = 20;

/** Creates both roles where they are missing and lets the current user act as them. */
export async function ensureRoles(db: Kysely<unknown>): Promise<void> {
  for (const role of [appRole, relayRole]) {
    await ensureRole(db, role);
    await assertHarmless(db, role);
  }
}

async function ensureRole(db: Kysely<unknown>, role: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await sql.raw(createScript(role)).execute(db);
      await sql.raw(grantScript(role)).execute(db);
      return;
    } catch (error) {
      if (isRace(error) && attempt < attemptsMax) continue;
      if (sqlStateOf(error) !== '42501') throw error;
      throw new DreyError(
        'migration_failed',
        `the database user may not create the role ${role}; give it CREATEROLE, or let an administrator run: ` +
          `create role ${role} nologin; grant ${role} to <the user>`,
        { cause: error },
      );
    }
  }
}

/** A role that could pass row-level security would silently open every namespace to every other. */
async function assertHarmless(db: Kysely<unknown>, role: string): Promise<void> {
  const { rows } = await sql<{ open: boolean }>`
    select rolsuper or rolbypassrls as open from pg_roles where rolname = ${role}`.execute(db);
  if (rows[0]?.open === false) return;
  throw new DreyError(
    'migration_failed',
    `the role ${role} passes row-level security; run: alter role ${role} nosuperuser nobypassrls`,
  );
}

function createScript(role: string): string {
  return `do $$ begin
    if not exists (select from pg_roles where rolname = '${role}') then
      create role ${role} nologin nosuperuser nocreatedb nocreaterole nobypassrls noinherit;
    end if;
  end $$`;
}

/** From Postgres 16 on, whoever creates a role may administer it but not yet act as it: membership is not enough. */
function grantScript(role: string): string {
  return `do $$ begin
    if not pg_has_role(current_user, '${role}',
        case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end) then
      grant ${role} to current_user;
    end if;
  end $$`;
}

/** Duplicate role, unique violation in a shared catalogue, "tuple concurrently updated". */
function isRace(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '42710' || state === '23505' || state === 'XX000';
}

function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
