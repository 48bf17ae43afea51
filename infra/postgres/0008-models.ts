/** What serving needs in memory (models), and the pinned fingerprints of upstream tools. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const models: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table models (
         ${namespaceColumn},
         version bigint not null check (version >= 1),
         body json not null,
         created_at timestamptz(3) not null default now(),
         primary key (namespace, version)
       );
       ${wall('models')}

       create table tool_pins (
         ${namespaceColumn},
         server text not null check (char_length(server) <= 100),
         tool text not null check (char_length(tool) <= 300),
         hash text not null check (char_length(hash) <= 128),
         definition json not null,
         status text not null check (status in ('pinned', 'changed', 'approved')),
         approved_by text check (char_length(approved_by) <= 300),
         created_at timestamptz(3) not null default now(),
         updated_at timestamptz(3) not null default now(),
         primary key (namespace, server, tool)
       );
       ${wall('tool_pins')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table tool_pins; drop table models;');
  },
};
