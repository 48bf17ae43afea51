/**
 * What memories got besides their text: kind, visibility, end of life, the digest of their gist, their words. The search
 * looks at few rows even where words are common: it is told which words to look for, after they were weighed in a sample
 * of the namespace (`lot` puts memories in an order that has nothing to do with them).
 */
import type { Migration } from 'kysely';
import { currentNamespace, definer, onlyForApp, runScript } from './walls.ts';

export const memorySearch: Migration = {
  async up(db) {
    await runScript(
      db,
      `drop function drey_search_memories(text, int);
       alter table memories drop column words;
       alter table memories
         add column kind text not null default 'note'
           check (kind in ('fact', 'preference', 'decision', 'event', 'procedure', 'note')),
         add column visibility text not null default 'namespace' check (visibility in ('namespace', 'private')),
         add column owner text not null
           generated always as (case when visibility = 'private' then principal else '' end) stored,
         add column labels text[] not null default '{}',
         add column expires_at timestamptz(3),
         add column digest text check (char_length(digest) <= 64),
         add column stated int not null default 1 check (stated >= 1),
         add column terms text not null default '' check (char_length(terms) <= 120000),
         add column words tsvector not null
           generated always as (to_tsvector('english', content) || to_tsvector('simple', terms)) stored,
         add column lot int not null generated always as (uuid_hash(id)) stored;
       create unique index memories_digest on memories (namespace, owner, digest);
       create index memories_words on memories using gin ((array[namespace]), words) with (fastupdate = off);
       create index memories_lot on memories (namespace, lot);
       create index memories_newest on memories (namespace, updated_at desc, id);
       create index memories_expires on memories (namespace, expires_at) where expires_at is not null;
       create index memory_edges_from on memory_edges (namespace, from_kind, from_id, weight desc);
       drop index memory_edges_to;
       create index memory_edges_to on memory_edges (namespace, to_kind, to_id, weight desc);
       ${oneWord}
       ${search}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_search_memories(text[], boolean, text[], text, timestamptz, text[], int);
       drop function drey_weigh_memory_words(text, text, int); drop function drey_one_word(text);
       drop index memory_edges_from; drop index memory_edges_to;
       create index memory_edges_to on memory_edges (namespace, to_kind, to_id);
       drop index memories_digest; drop index memories_words; drop index memories_lot; drop index memories_newest;
       drop index memories_expires;
       alter table memories drop column lot, drop column words, drop column terms, drop column stated,
         drop column digest, drop column expires_at, drop column labels, drop column owner, drop column visibility,
         drop column kind;
       alter table memories add column words tsvector generated always as (to_tsvector('english', content)) stored;
       create index memories_words on memories using gin (words) with (fastupdate = off);
       ${formerSearch}`,
    );
  },
};

/** Rows that one search ranks; what is behind them in the index is not looked at. */
const rankedRowsMax = 1_500;

const oneWord = `
  create function drey_one_word(word text) returns tsquery language sql immutable strict parallel safe as $$
    select ('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''')::tsquery
  $$;
  ${onlyForApp('drey_one_word(text)')}`;

/**
 * `drey_weigh_memory_words` reads a sample by lot; `drey_search_memories` takes rows with any (or all) of the chosen
 * words, ranks them by every word that was asked for, and tells which of those each one has.
 * Until 0027.
 */
const search = `
  create function drey_weigh_memory_words(sought text, terms text, rows_max int)
    returns table (word text, hits int, sampled int, about float8) language plpgsql stable ${definer} as $$
    declare
      mine text := ${currentNamespace};
      sample_max int := least(greatest(rows_max, 1), 5000);
    begin
      return query
        with asked as materialized (
          select t.lexeme as one, public.drey_one_word(t.lexeme) as sign
          from unnest(to_tsvector('english', left(sought, 4000)) || to_tsvector('simple', left(terms, 8000))) t
          limit 80
        ), lot as materialized (
          select m.words, m.lot as place from memories m where m.namespace = mine order by m.lot limit sample_max
        ), figures as materialized (
          -- Lots are spread evenly: where the sample ends tells how many rows there are.
          select count(*)::int as n, case when count(*) < sample_max then count(*)
            else count(*) / ((max(l.place) + 2147483649.0) / 4294967296.0) end::float8 as rows from lot l
        )
        select a.one, (select count(*)::int from lot l where l.words @@ a.sign), f.n, f.rows
        from asked a cross join figures f;
    end
  $$;
  ${onlyForApp('drey_weigh_memory_words(text, text, int)')}

  create function drey_search_memories(
      chosen text[], together boolean, every text[], viewer text, moment timestamptz, kinds text[], rows_max int)
    returns table (id uuid, score real, matched text[]) language plpgsql stable ${definer} as $$
    declare
      mine text := ${currentNamespace};
      sought tsquery;
      whole tsquery;
    begin
      select string_agg(public.drey_one_word(w)::text, case when together then ' & ' else ' | ' end)::tsquery
        into sought from unnest(chosen) w;
      select string_agg(public.drey_one_word(w)::text, ' | ')::tsquery into whole from unnest(every) w;
      return query
        with found as materialized (
          select m.id as one, m.words, ts_rank(m.words, whole, 1) as rank
          from memories m
          where array[m.namespace] @> array[mine] and m.words @@ sought
            and m.namespace = mine and m.owner in ('', viewer)
            and (m.expires_at is null or m.expires_at > moment)
            and (kinds is null or m.kind = any (kinds))
          limit ${rankedRowsMax}
        ), best as materialized (
          select * from found order by rank desc, one limit least(greatest(rows_max, 0), 500)
        )
        select b.one, b.rank,
          array(select w from unnest(every) w where b.words @@ public.drey_one_word(w))
        from best b order by b.rank desc, b.one;
    end
  $$;
  ${onlyForApp('drey_search_memories(text[], boolean, text[], text, timestamptz, text[], int)')}`;

const formerSearch = `
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
  ${onlyForApp('drey_search_memories(text, int)')}`;
