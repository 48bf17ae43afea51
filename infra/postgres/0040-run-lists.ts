/** What a list shows of a guided run, beside the snapshot that it would have to read whole, and indexes by when it began. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const runLists: Migration = {
  async up(db) {
    // Rows of before are told when they are first listed: no SQL reads into a snapshot, which may hold what no text can.
    await runScript(
      db,
      `alter table actors add column listed json;
       drop index actors_runs; drop index actors_runs_owner; drop index actors_runs_waiting;
       create index actors_runs on actors (namespace, id desc) where kind = 'run';
       create index actors_runs_owner on actors (namespace, owner, id desc) where kind = 'run';
       create index actors_runs_waiting on actors (namespace, id desc) where kind = 'run' and waiting;
       create index actors_runs_untold on actors (namespace, id desc) where kind = 'run' and listed is null;`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop index actors_runs_untold; drop index actors_runs; drop index actors_runs_owner;
       drop index actors_runs_waiting; alter table actors drop column listed;
       create index actors_runs on actors (namespace, updated_at desc, id) where kind = 'run';
       create index actors_runs_owner on actors (namespace, owner, updated_at desc, id) where kind = 'run';
       create index actors_runs_waiting on actors (namespace, updated_at desc, id) where kind = 'run' and waiting;`,
    );
  },
};
