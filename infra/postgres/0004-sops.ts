/**
 * Learned procedures, their versions and the calls that prove them. The search is a function of its owner, because
 * under forced row-level security Postgres may not use a GIN index; it fixes the namespace from the transaction.
 */
import type { Migration } from 'kysely';
import { currentNamespace, definer, namespaceColumn, onlyForApp, runScript, wall } from './walls.ts';

export const sops: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table acontext_sops (
         id uuid not null,
         ${namespaceColumn},
         agent_id text,
         trigger text not null check (char_length(trigger) <= 2000),
         steps jsonb not null,
         procedure jsonb not null,
         status text not null
           check (status in ('candidate', 'shadow', 'active', 'quarantined', 'deprecated', 'retired')),
         active boolean generated always as (status = 'active') stored,
         confidence float8 not null check (confidence >= 0 and confidence <= 1 and confidence <> 'NaN'),
         occurrences int not null check (occurrences >= 1),
         created_at timestamptz(3) not null default now(),
         updated_at timestamptz(3) not null default now(),
         last_used_at timestamptz(3),
         metadata jsonb not null default '{}',
         primary key (namespace, id),
         foreign key (namespace, agent_id) references agents (namespace, id) on delete set null (agent_id)
       );
       create index acontext_sops_namespace on acontext_sops (namespace, confidence desc, occurrences desc, id);
       create index acontext_sops_agent on acontext_sops (namespace, agent_id);
       create index acontext_sops_trigger on acontext_sops using gin (to_tsvector('english', trigger)) with (fastupdate = off);
       ${wall('acontext_sops', { searched: true })}

       create table acontext_sop_versions (
         ${namespaceColumn},
         sop_id uuid not null,
         version int not null check (version >= 1),
         digest text not null,
         content jsonb not null,
         cause jsonb not null default '{}',
         created_at timestamptz(3) not null default now(),
         primary key (namespace, sop_id, version),
         foreign key (namespace, sop_id) references acontext_sops (namespace, id) on delete cascade
       );
       ${wall('acontext_sop_versions')}

       create table evidence (
         ${namespaceColumn},
         sop_id uuid not null,
         call_id text not null,
         position int not null,
         primary key (namespace, sop_id, call_id),
         foreign key (namespace, sop_id) references acontext_sops (namespace, id) on delete cascade,
         foreign key (namespace, call_id) references calls (namespace, id) on delete cascade
       );
       create index evidence_call on evidence (namespace, call_id);
       ${wall('evidence')}

       ${searchFunctions}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_search_sops(text, int); drop function drey_any_word(text);
       drop table evidence; drop table acontext_sop_versions; drop table acontext_sops;`,
    );
  },
};

/**
 * `drey_any_word` asks for any of a text's words and is null for none; quoting is by hand, since the text is a
 * stranger's. The search itself is planned for the words it is given: a plan for any words would not use the index.
 */
const searchFunctions = `
  create function drey_any_word(words text) returns tsquery language sql immutable parallel safe as $$
    select string_agg(
        '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ')::tsquery
    from unnest(to_tsvector('english', left(words, 2000)))
  $$;
  ${onlyForApp('drey_any_word(text)')}

  create function drey_search_sops(words text, rows_max int)
    returns table (id uuid, score real) language plpgsql stable ${definer} as $$
    declare
      sought tsquery := drey_any_word(words);
      mine text := ${currentNamespace};
    begin
      return query
        select s.id, ts_rank_cd(to_tsvector('english', s.trigger), sought, 1)
        from acontext_sops s
        where s.namespace = mine and to_tsvector('english', s.trigger) @@ sought
        order by 2 desc, 1 limit least(greatest(rows_max, 0), 1000);
    end
  $$;
  ${onlyForApp('drey_search_sops(text, int)')}`;
