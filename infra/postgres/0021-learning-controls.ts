/** What people do not want learned: times in which a namespace learned nothing, and sessions, tasks and principals left out. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const learningControls: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table learning_pauses (
         ${namespaceColumn},
         began_at timestamptz(3) not null,
         ended_at timestamptz(3) check (ended_at >= began_at),
         principal text not null check (char_length(principal) <= 300),
         primary key (namespace, began_at)
       );
       create unique index learning_pauses_open on learning_pauses (namespace) where ended_at is null;
       ${wall('learning_pauses')}

       create table learning_exclusions (
         ${namespaceColumn},
         kind text not null check (kind in ('session', 'task', 'principal')),
         id text not null check (char_length(id) between 1 and 300),
         until timestamptz(3),
         created_at timestamptz(3) not null default now(),
         primary key (namespace, kind, id)
       );
       ${wall('learning_exclusions')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table learning_exclusions; drop table learning_pauses;');
  },
};
