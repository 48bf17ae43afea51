/**
 * Episodes and calls, the learner's archive: the stream may forget, this does not. Arguments and results are `json`
 * and not `jsonb`: key order, NUL and lone surrogates survive, so learning from here equals learning from the stream.
 */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const archive: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table episodes (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         principal text not null check (char_length(principal) <= 300),
         session text not null check (char_length(session) <= 128),
         task_id text check (char_length(task_id) <= 128),
         task text not null check (char_length(task) <= 2000),
         outcome text not null check (outcome in ('success', 'failure', 'unknown')),
         ended_by text not null check (char_length(ended_by) <= 40),
         started_at timestamptz(3) not null,
         ended_at timestamptz(3) not null,
         primary key (namespace, id)
       );
       create index episodes_started on episodes (namespace, started_at, id);
       create index episodes_principal on episodes (namespace, principal);
       create index episodes_open on episodes (namespace, session) where ended_by = 'open';
       ${wall('episodes')}

       create table calls (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         episode_id text not null,
         position int not null check (position >= 0),
         server text not null default '' check (char_length(server) <= 100),
         tool text not null check (char_length(tool) <= 300),
         name text not null check (char_length(name) <= 300),
         args json,
         result json,
         error boolean not null,
         at timestamptz(3) not null,
         primary key (namespace, id),
         foreign key (namespace, episode_id) references episodes (namespace, id)
           on delete cascade deferrable initially deferred
       );
       create index calls_episode on calls (namespace, episode_id, position);
       ${wall('calls')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table calls; drop table episodes;');
  },
};
