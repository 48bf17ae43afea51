/**
 * Episodes that changed and are to be learned from, written with the archive: whichever learner has the namespace finds
 * them here, also after a crash between the two. A row goes when its revision was learned from; what changed again
 * meanwhile has a newer one. The archive's own rows may be gone: then the episode is to be unlearned.
 */
import type { Migration } from 'kysely';
import { appRole } from './roles.ts';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const dueEpisodes: Migration = {
  async up(db) {
    await runScript(
      db,
      `create sequence due_episodes_revision;
       create table due_episodes (
         ${namespaceColumn},
         episode_id text not null check (char_length(episode_id) between 1 and 128),
         open boolean not null,
         retried boolean not null,
         revision bigint not null default nextval('due_episodes_revision'),
         primary key (namespace, episode_id)
       );
       create index due_episodes_order on due_episodes (namespace, open, revision);
       ${wall('due_episodes', { relay: 'select' })}
       grant usage on sequence due_episodes_revision to ${appRole};`,
    );
  },
  async down(db) {
    await runScript(db, 'drop table due_episodes; drop sequence due_episodes_revision;');
  },
};
