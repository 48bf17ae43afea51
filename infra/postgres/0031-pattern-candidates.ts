/** Patterns that somebody wrote who may not let them through: candidates, which are shown and never offered. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const patternCandidates: Migration = {
  async up(db) {
    await runScript(db, 'alter table acontext_patterns add column candidate boolean not null default false');
  },
  async down(db) {
    await runScript(db, 'alter table acontext_patterns drop column candidate');
  },
};
