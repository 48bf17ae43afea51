/** Memories, what links them, and their two searches, which are functions for the reason given in 0004. */
import type { Migration } from 'kysely';
import { currentNamespace, definer, namespaceColumn, onlyForApp, runScript, wall } from './walls.ts';

export const memories: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table memories (
         ${namespaceColumn},
         id uuid not null,
         agent_id text,
         principal text not null check (char_length(principal) <= 300),
         content text not null check (char_length(content) <= 32000),
         version int not null default 1 check (version >= 1),
         importance float8 not null default 0.5
           check (importance >= 0 and importance <= 1 and importance <> 'NaN'),
         auto_tags jsonb not null default '{}',
         metadata jsonb not null default '{}',
         words tsvector generated always as (to_tsvector('english', content)) stored,
         created_at timestamptz(3) not null default now(),
         updated_at timestamptz(3) not null default now(),
         last_used_at timestamptz(3),
         primary key (namespace, id),
         foreign key (namespace, agent_id) references agents (namespace, id) on delete set null (agent_id)
       );
       create index memories_agent on memories (namespace, agent_id);
       create index memories_principal on memories (namespace, principal);
       create index memories_words on memories using gin (words) with (fastupdate = off);
       create index memories_auto_tags on memories using gin (auto_tags) with (fastupdate = off);
       ${wall('memories', { searched: true })}

       create table memory_edges (
         ${namespaceColumn},
         from_kind text not null check (from_kind in ('memory', 'sop', 'task', 'tool')),
         from_id text not null check (char_length(from_id) between 1 and 300),
         to_kind text not null check (to_kind in ('memory', 'sop', 'task', 'tool')),
         to_id text not null check (char_length(to_id) between 1 and 300),
         relation text not null check (char_length(relation) between 1 and 100),
         weight float8 not null check (weight >= 0 and weight <= 1 and weight <> 'NaN'),
         updated_at timestamptz(3) not null default now(),
         primary key (namespace, from_kind, from_id, to_kind, to_id, relation)
       );
       create index memory_edges_to on memory_edges (namespace, to_kind, to_id);
       ${wall('memory_edges')}

       ${searchFunctions}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_find_tagged_memories(jsonb, int); drop function drey_search_memories(text, int);
       drop table memory_edges; drop table memories;`,
    );
  },
};

const searchFunctions = `
  create function drey_search_memories(words text, rows_max int)
    returns table (id uuid, score real) language plpgsql stable ${definer} as $$
    declare
      sought tsquery := drey_any_word(words);
      mine text := ${currentNamespace};
    begin
      return query
        select m.id, ts_rank_cd(m.words, sought, 1)
        from memories m
        where m.namespace = mine and m.words @@ sought
        order by 2 desc, 1 limit least(greatest(rows_max, 0), 1000);
    end
  $$;
  ${onlyForApp('drey_search_memories(text, int)')}

  create function drey_find_tagged_memories(tags jsonb, rows_max int)
    returns table (id uuid) language plpgsql stable ${definer} as $$
    declare
      mine text := ${currentNamespace};
    begin
      return query
        select m.id from memories m
        where m.namespace = mine and m.auto_tags @> tags
        order by 1 limit least(greatest(rows_max, 0), 1000);
    end
  $$;
  ${onlyForApp('drey_find_tagged_memories(jsonb, int)')}`;
