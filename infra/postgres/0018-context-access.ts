/** Contexts learn their name, whose they are and who may do what; versions learn what was removed and what was before. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const contextAccess: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table contexts
         add column name text not null default '' check (char_length(name) <= 200),
         add column creator text not null default '' check (char_length(creator) <= 300),
         add column access jsonb not null default '{"version":1,"creator":"","everyone":[],"grants":[]}',
         add column changed_by text not null default '' check (char_length(changed_by) <= 300);
       create index contexts_updated on contexts (namespace, updated_at desc);

       alter table context_versions
         add column removed json not null default '[]',
         add column was json not null default '{}';`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `alter table context_versions drop column removed, drop column was;
       drop index contexts_updated;
       alter table contexts
         drop column name, drop column creator, drop column access, drop column changed_by;`,
    );
  },
};
