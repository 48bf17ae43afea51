/** Keys, rate limits and the audit log, which the application may write to and read but never change. */
import type { Migration } from 'kysely';
import { definer, namespaceColumn, onlyForApp, runScript, wall } from './walls.ts';

export const access: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table api_keys (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 64),
         digest text not null check (char_length(digest) = 64),
         principal text not null check (char_length(principal) <= 300),
         label text not null default '' check (char_length(label) <= 300),
         scopes jsonb not null default '[]',
         created_at timestamptz(3) not null default now(),
         expires_at timestamptz(3),
         revoked_at timestamptz(3),
         last_used_at timestamptz(3),
         primary key (namespace, id)
       );
       create index api_keys_id on api_keys (id);
       ${wall('api_keys', { searched: true })}

       create function drey_find_api_key(key_id text)
         returns setof api_keys language sql stable ${definer} rows 1 as $$
         select * from api_keys k where k.id = key_id limit 1
       $$;
       ${onlyForApp('drey_find_api_key(text)')}

       create table rate_limits (
         ${namespaceColumn},
         subject text not null check (char_length(subject) between 1 and 128),
         operation text not null check (char_length(operation) between 1 and 100),
         used int not null check (used >= 0),
         window_ends_at timestamptz(3) not null,
         blocked_until timestamptz(3),
         primary key (namespace, subject, operation)
       );
       create index rate_limits_ends on rate_limits (window_ends_at);
       ${wall('rate_limits', { relay: 'select, delete' })}

       create table audit_log (
         ${namespaceColumn},
         position bigint not null check (position >= 1),
         at timestamptz(3) not null default now(),
         principal text not null check (char_length(principal) <= 300),
         action text not null check (char_length(action) <= 100),
         object text not null check (char_length(object) <= 300),
         outcome text not null check (char_length(outcome) <= 40),
         request_id text not null default '' check (char_length(request_id) <= 200),
         args_hash text not null default '' check (char_length(args_hash) <= 64),
         previous_hash text not null check (char_length(previous_hash) <= 64),
         hash text not null check (char_length(hash) = 64),
         primary key (namespace, position)
       );
       create index audit_log_at on audit_log (namespace, at desc);
       ${wall('audit_log', { app: 'select, insert' })}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_find_api_key(text);
       drop table audit_log; drop table rate_limits; drop table api_keys;`,
    );
  },
};
