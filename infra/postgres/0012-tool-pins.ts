/** Pins learn what an upstream offers instead of the pinned definition, which tools wait, and the last known list. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const toolPins: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table tool_pins
         drop constraint tool_pins_status_check,
         add constraint tool_pins_status_check check (status in ('fresh', 'pinned', 'changed', 'approved')),
         add column offered_hash text check (char_length(offered_hash) <= 128),
         add column offered json,
         add column position integer not null default -1;`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `delete from tool_pins where status = 'fresh';
       alter table tool_pins
         drop column offered_hash,
         drop column offered,
         drop column position,
         drop constraint tool_pins_status_check,
         add constraint tool_pins_status_check check (status in ('pinned', 'changed', 'approved'));`,
    );
  },
};
