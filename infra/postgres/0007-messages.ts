/**
 * What leaves (outbox), what was taken in (inbox) and what could not be handled (dead letters). `position` orders the
 * outbox; `transaction_id` tells the relay which rows lie before every transaction that is still open.
 */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const messages: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table outbox (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 200),
         position bigint generated always as identity,
         transaction_id xid8 not null default pg_current_xact_id(),
         event json not null,
         created_at timestamptz(3) not null default now(),
         primary key (namespace, id)
       );
       create index outbox_position on outbox (position);
       ${wall('outbox', { app: 'select, insert', relay: 'select, delete' })}

       create table inbox (
         ${namespaceColumn},
         consumer text not null check (char_length(consumer) between 1 and 128),
         id text not null check (char_length(id) between 1 and 200),
         taken_at timestamptz(3) not null default now(),
         primary key (namespace, consumer, id)
       );
       create index inbox_taken on inbox (taken_at);
       ${wall('inbox', { app: 'select, insert, delete', relay: 'select, delete' })}

       create table dead_letters (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 200),
         kind text not null check (char_length(kind) <= 40),
         actor_id text not null check (char_length(actor_id) <= 128),
         reason text not null check (char_length(reason) <= 4000),
         payload text not null,
         attempts int not null check (attempts >= 0),
         created_at timestamptz(3) not null default now(),
         primary key (namespace, id)
       );
       create index dead_letters_created on dead_letters (namespace, created_at desc);
       ${wall('dead_letters')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table dead_letters; drop table inbox; drop table outbox;');
  },
};
