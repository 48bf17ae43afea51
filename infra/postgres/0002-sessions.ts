/** Sessions and tasks, written lazily by their actors: rows for people and for take-over, never a call's path. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const sessions: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table sessions (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         principal text not null check (char_length(principal) <= 300),
         transport text not null check (char_length(transport) <= 40),
         revision text not null default '' check (char_length(revision) <= 40),
         client text not null default '' check (char_length(client) <= 300),
         node text not null default '' check (char_length(node) <= 128),
         status text not null check (char_length(status) <= 40),
         opened_at timestamptz(3) not null,
         last_seen_at timestamptz(3) not null,
         calls bigint not null default 0 check (calls >= 0),
         primary key (namespace, id)
       );
       create index sessions_last_seen on sessions (namespace, last_seen_at desc);
       ${wall('sessions')}

       create table tasks (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         session_id text not null check (char_length(session_id) between 1 and 128),
         principal text not null check (char_length(principal) <= 300),
         task text not null check (char_length(task) <= 2000),
         source text not null check (char_length(source) <= 40),
         outcome text check (outcome in ('success', 'failure', 'unknown')),
         notes text not null default '' check (char_length(notes) <= 2000),
         calls bigint not null default 0 check (calls >= 0),
         started_at timestamptz(3) not null,
         finished_at timestamptz(3),
         primary key (namespace, id)
       );
       create index tasks_started on tasks (namespace, started_at desc);
       create index tasks_session on tasks (namespace, session_id);
       ${wall('tasks')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table tasks; drop table sessions;');
  },
};
