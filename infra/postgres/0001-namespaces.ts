/** Namespaces, which everything else belongs to, and the agents known in them. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const namespaces: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table namespaces (
         namespace text primary key check (namespace ~ '^[a-z0-9_-]{1,255}$'),
         display_name text not null check (char_length(display_name) between 1 and 255),
         created_at timestamptz(3) not null default now()
       );
       ${wall('namespaces', { app: 'select, insert, update', relay: 'select' })}

       create table agents (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 300),
         display_name text not null default '' check (char_length(display_name) <= 300),
         created_at timestamptz(3) not null default now(),
         metadata jsonb not null default '{}',
         primary key (namespace, id)
       );
       ${wall('agents')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table agents; drop table namespaces;');
  },
};
