/** Sessions that are not over are found at once, the longest unseen first: rows of all there ever were stay. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const openSessions: Migration = {
  async up(db) {
    await runScript(
      db,
      `create index sessions_open on sessions (namespace, last_seen_at, id)
         where status not in ('closed', 'expired');`,
    );
  },
  async down(db) {
    await runScript(db, 'drop index sessions_open;');
  },
};
