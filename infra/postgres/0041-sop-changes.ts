/**
 * Which transaction changed last what ranking looks at in a procedure: whoever keeps an index of a namespace reads what is
 * at or behind its horizon, and misses nothing that was committed late. Rows of before have 0: they are in any full reading.
 */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const sopChanges: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table acontext_sops add column changed xid8 not null default '0';
       create function drey_mark_change() returns trigger language plpgsql set search_path = pg_catalog as $$
         begin new.changed := pg_current_xact_id(); return new; end $$;
       revoke all on function drey_mark_change() from public;
       create trigger acontext_sops_changed
         before insert or update of trigger, procedure, status, confidence, metadata on acontext_sops
         for each row execute function drey_mark_change();
       create index acontext_sops_changed on acontext_sops (namespace, changed, id);`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop index acontext_sops_changed; drop trigger acontext_sops_changed on acontext_sops;
       drop function drey_mark_change(); alter table acontext_sops drop column changed;`,
    );
  },
};
