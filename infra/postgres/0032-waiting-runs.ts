/** Whether a guided run waits for a person, and indexes for those and for the procedures that changed last. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const waitingRuns: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table actors add column waiting boolean;
       alter table actors no force row level security;
       do $$ declare one record; begin
         for one in select namespace, id from actors where kind = 'run' loop
           begin
             update actors set waiting = snapshot #>> '{machine,value}' in ('awaitingInput', 'awaitingApproval')
               where namespace = one.namespace and kind = 'run' and id = one.id;
           exception when data_exception then
             -- JSON may hold what no text can (NUL, half a surrogate pair): an open one is looked at sooner than missed.
             update actors set waiting = coalesce(open, true)
               where namespace = one.namespace and kind = 'run' and id = one.id;
           end;
         end loop;
       end $$;
       alter table actors force row level security;
       create index actors_runs_waiting on actors (namespace, updated_at desc, id) where kind = 'run' and waiting;
       create index acontext_sops_updated on acontext_sops (namespace, updated_at desc);`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop index acontext_sops_updated; drop index actors_runs_waiting; alter table actors drop column waiting;`,
    );
  },
};
