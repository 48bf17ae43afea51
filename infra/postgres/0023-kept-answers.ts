/** What was answered to a request that carries an idempotency key, and the indexes of lists that are read page by page. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const keptAnswers: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table kept_answers (
         ${namespaceColumn},
         principal text not null check (char_length(principal) between 1 and 300),
         operation text not null check (char_length(operation) between 1 and 100),
         key text not null check (char_length(key) = 64),
         digest text not null check (char_length(digest) = 64),
         answer jsonb not null,
         created_at timestamptz(3) not null default now(),
         primary key (namespace, principal, operation, key)
       );
       create index kept_answers_age on kept_answers (namespace, created_at);
       ${wall('kept_answers')}

       create index tasks_page on tasks (namespace, started_at desc, id desc);
       drop index tasks_started;
       create index acontext_patterns_page
         on acontext_patterns (namespace, effectiveness desc, confidence desc, id);
       drop index acontext_patterns_effectiveness;`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `create index acontext_patterns_effectiveness on acontext_patterns (namespace, effectiveness desc);
       drop index acontext_patterns_page;
       create index tasks_started on tasks (namespace, started_at desc);
       drop index tasks_page;
       drop table kept_answers;`,
    );
  },
};
