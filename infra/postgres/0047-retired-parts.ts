/** Retired parts of procedures are found at once: whatever is read of procedures asks for them, and there are few. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const retiredParts: Migration = {
  async up(db) {
    await runScript(
      db,
      `create index acontext_sops_retired_parts on acontext_sops (namespace, updated_at desc, id)
         where status = 'retired' and metadata -> 'partOf' is not null;`,
    );
  },
  async down(db) {
    await runScript(db, 'drop index acontext_sops_retired_parts;');
  },
};
