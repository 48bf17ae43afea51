/** What the client of a session wants to hear without asking: whoever takes the session over goes on telling it. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const sessionWishes: Migration = {
  async up(db) {
    // Text for the same reason as what a client can do.
    await runScript(
      db,
      `alter table sessions add column wishes text not null default ''
         check (char_length(wishes) <= 16384);`,
    );
  },
  async down(db) {
    await runScript(db, 'alter table sessions drop column wishes;');
  },
};
