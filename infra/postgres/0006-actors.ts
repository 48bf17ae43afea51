/** Durable actors' snapshots, committed by compare-and-set on the revision, and the moments they wait for. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const actors: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table actors (
         ${namespaceColumn},
         kind text not null check (char_length(kind) between 1 and 40),
         id text not null check (char_length(id) between 1 and 128),
         revision bigint not null check (revision >= 1),
         snapshot json not null,
         machine_version text not null check (char_length(machine_version) between 1 and 100),
         updated_at timestamptz(3) not null default now(),
         primary key (namespace, kind, id)
       );
       ${wall('actors')}

       create table timers (
         ${namespaceColumn},
         kind text not null,
         id text not null,
         name text not null check (char_length(name) between 1 and 128),
         due_at timestamptz(3) not null,
         event json not null,
         leased_until timestamptz(3),
         primary key (namespace, kind, id, name),
         foreign key (namespace, kind, id) references actors (namespace, kind, id) on delete cascade
       );
       create index timers_due on timers (due_at);
       ${wall('timers', { relay: 'select, update' })}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table timers; drop table actors;');
  },
};
