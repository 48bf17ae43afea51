/** Shared contexts: the current version, changed by compare-and-set, and every version before it. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const contexts: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table contexts (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         version bigint not null check (version >= 1),
         content json not null,
         status text not null check (status in ('active', 'passive', 'archived')),
         created_at timestamptz(3) not null default now(),
         updated_at timestamptz(3) not null default now(),
         primary key (namespace, id)
       );
       ${wall('contexts')}

       create table context_versions (
         ${namespaceColumn},
         context_id text not null,
         version bigint not null check (version >= 1),
         changes json not null,
         principal text not null check (char_length(principal) <= 300),
         created_at timestamptz(3) not null default now(),
         primary key (namespace, context_id, version),
         foreign key (namespace, context_id) references contexts (namespace, id) on delete cascade
       );
       ${wall('context_versions')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table context_versions; drop table contexts;');
  },
};
