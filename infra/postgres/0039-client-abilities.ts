/** What the client of a session said that it can do: whoever takes the session over asks it for nothing else. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const clientAbilities: Migration = {
  async up(db) {
    // Text and not jsonb, which refuses what JSON may hold (NUL): one such client would keep the rows of others back.
    await runScript(
      db,
      `alter table sessions add column capabilities text not null default ''
         check (char_length(capabilities) <= 4096);`,
    );
  },
  async down(db) {
    await runScript(db, 'alter table sessions drop column capabilities;');
  },
};
