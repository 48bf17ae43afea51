/** Patterns, what was injected where, and what people and agents said about it. */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const patterns: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table acontext_patterns (
         id uuid not null,
         ${namespaceColumn},
         pattern_type varchar(50) not null,
         condition jsonb not null,
         action jsonb not null,
         confidence float8 not null check (confidence >= 0 and confidence <= 1 and confidence <> 'NaN'),
         applied_count int not null default 0 check (applied_count >= 0),
         success_count int not null default 0 check (success_count >= 0 and success_count <= applied_count),
         effectiveness float8 generated always as
           (case when applied_count = 0 then 0.0 else success_count::float8 / applied_count end) stored,
         created_at timestamptz(3) not null default now(),
         updated_at timestamptz(3) not null default now(),
         last_applied_at timestamptz(3),
         active boolean not null default true,
         metadata jsonb not null default '{}',
         primary key (namespace, id)
       );
       create index acontext_patterns_type on acontext_patterns (namespace, pattern_type);
       create index acontext_patterns_effectiveness on acontext_patterns (namespace, effectiveness desc);
       ${wall('acontext_patterns')}

       create table injections (
         ${namespaceColumn},
         id text not null check (char_length(id) between 1 and 128),
         target_id uuid not null,
         target_kind text not null check (target_kind in ('sop', 'pattern')),
         relevance float8 not null check (relevance >= 0 and relevance <= 1 and relevance <> 'NaN'),
         principal text not null check (char_length(principal) <= 300),
         session text not null default '' check (char_length(session) <= 128),
         task text not null default '' check (char_length(task) <= 2000),
         served_at timestamptz(3) not null,
         followed_at timestamptz(3),
         primary key (namespace, id, target_id)
       );
       create index injections_target on injections (namespace, target_id, principal, served_at desc);
       ${wall('injections')}

       create table feedback (
         ${namespaceColumn},
         target_id uuid not null,
         target_kind text not null check (target_kind in ('sop', 'pattern')),
         principal text not null check (char_length(principal) <= 300),
         application text not null default '' check (char_length(application) <= 128),
         helpful boolean not null,
         notes text not null default '' check (char_length(notes) <= 2000),
         created_at timestamptz(3) not null default now(),
         updated_at timestamptz(3) not null default now(),
         primary key (namespace, target_id, principal, application)
       );
       create index feedback_principal on feedback (namespace, principal);
       ${wall('feedback')}`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table feedback; drop table injections; drop table acontext_patterns;');
  },
};
