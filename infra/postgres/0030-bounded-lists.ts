/** Whose a guided run is and whether it is open, and indexes for what is listed and reported of a period. */
import type { Migration } from 'kysely';
import { runScript } from './walls.ts';

export const boundedLists: Migration = {
  async up(db) {
    await runScript(db, indexes);
    // From here to the commit nobody else gets at the actors, so this comes last and looks at each run once.
    await runScript(db, columns);
    await runScript(db, runIndexes);
  },
  async down(db) {
    await runScript(
      db,
      `drop index episodes_session; drop index acontext_patterns_created; drop index acontext_sops_created;
       drop index feedback_updated; drop index injections_followed; drop index actors_runs_owner;
       drop index actors_runs_open; drop index actors_runs; alter table actors drop column owner, drop column open;`,
    );
  },
};

const indexes = `
  create index injections_followed on injections (namespace, followed_at) where followed_at is not null;
  create index feedback_updated on feedback (namespace, updated_at);
  create index acontext_sops_created on acontext_sops (namespace, created_at);
  create index acontext_patterns_created on acontext_patterns (namespace, created_at);
  create index episodes_session on episodes (namespace, session, ended_at);`;

const fill = `
  update actors set owner = snapshot #>> '{machine,context,plan,principal}',
    open = snapshot #>> '{machine,value}' not in ('done', 'failed', 'cancelled')`;

/** All at once; where that raises, one by one without those that raise. */
const columns = `
  alter table actors add column owner text check (char_length(owner) <= 300), add column open boolean,
    no force row level security;
  do $$ declare one record; begin
    ${fill} where kind = 'run';
  exception when data_exception or check_violation then
    for one in select namespace, id from actors where kind = 'run' loop
      begin
        ${fill} where namespace = one.namespace and kind = 'run' and id = one.id;
      exception when data_exception or check_violation then
        -- JSON may hold what no text can (NUL, half a surrogate pair): what that run is shows with its next step.
        null;
      end;
    end loop;
  end $$;
  alter table actors force row level security;`;

const runIndexes = `
  create index actors_runs on actors (namespace, updated_at desc, id) where kind = 'run';
  create index actors_runs_owner on actors (namespace, owner, updated_at desc, id) where kind = 'run';
  create index actors_runs_open on actors (namespace) where kind = 'run' and open is not false;`;
