/** The shared context to which a session is attached: whoever takes the session over goes on in it. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const sessionContext: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table sessions add column context_id text not null default ''
         check (char_length(context_id) <= 300);`,
    );
  },
  async down(db) {
    await runScript(db, 'alter table sessions drop column context_id;');
  },
};
