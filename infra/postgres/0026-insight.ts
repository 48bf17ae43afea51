/** How good what is learned is: what became of injections, tasks that were held out, and when the learner answered. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const insight: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table injections add column succeeded boolean;
       create index injections_session on injections (namespace, session);
       create index injections_served on injections (namespace, served_at);

       create table held_out (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         principal text not null check (char_length(principal) <= 300),
         session text not null default '' check (char_length(session) <= 128),
         task text not null default '' check (char_length(task) <= 2000),
         at timestamptz(3) not null,
         primary key (namespace, id)
       );
       create index held_out_at on held_out (namespace, at);
       ${wall('held_out')}

       create table learning_uptime (
         ${namespaceColumn},
         hour timestamptz(3) not null,
         asked int not null check (asked >= 0),
         answered int not null check (answered between 0 and asked),
         primary key (namespace, hour)
       );
       ${wall('learning_uptime')}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop table learning_uptime; drop table held_out; drop index injections_served;
       drop index injections_session; alter table injections drop column succeeded;`,
    );
  },
};
