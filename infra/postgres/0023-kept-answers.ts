/**
 * What was answered to a request that carries an idempotency key, the indexes of lists that are read page by page, and a
 * search for procedures whose cost does not grow with other namespaces, nor with how common a word is.
 */
import type { Migration } from 'kysely';
import { currentNamespace, definer, namespaceColumn, onlyForApp, runScript, wall } from './walls.ts';

export const keptAnswers: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table kept_answers (
         ${namespaceColumn},
         principal text not null check (char_length(principal) between 1 and 300),
         operation text not null check (char_length(operation) between 1 and 100),
         key text not null check (char_length(key) = 64),
         digest text not null check (char_length(digest) = 64),
         answer jsonb not null,
         created_at timestamptz(3) not null default now(),
         primary key (namespace, principal, operation, key)
       );
       create index kept_answers_age on kept_answers (namespace, created_at);
       ${wall('kept_answers')}

       create index tasks_page on tasks (namespace, started_at desc, id desc);
       drop index tasks_started;
       create index acontext_patterns_page
         on acontext_patterns (namespace, effectiveness desc, confidence desc, id);
       drop index acontext_patterns_effectiveness;

       drop index acontext_sops_trigger;
       alter table acontext_sops add column words tsvector not null
         generated always as (to_tsvector('english', trigger)) stored;
       create index acontext_sops_trigger on acontext_sops
         using gin ((array[namespace]), words) with (fastupdate = off);
       drop function drey_search_sops(text, int);
       ${search}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_search_sops(text, int);
       ${formerSearch}
       drop index acontext_sops_trigger;
       alter table acontext_sops drop column words;
       create index acontext_sops_trigger on acontext_sops
         using gin (to_tsvector('english', trigger)) with (fastupdate = off);
       create index acontext_patterns_effectiveness on acontext_patterns (namespace, effectiveness desc);
       drop index acontext_patterns_page;
       create index tasks_started on tasks (namespace, started_at desc);
       drop index tasks_page;
       drop table kept_answers;`,
    );
  },
};

/** Rows that one look at the index may give; what is behind them is not ranked. */
const rankedRowsMax = 400;
/** Words of a question that are looked for, each by itself. */
const wordsMax = 24;

/**
 * The rarest words are looked for first: each word's rows are counted up to a bound, and rows are taken word by word, from
 * the rarest on, until there are enough of them. A word that nearly every procedure has therefore costs as much as any other.
 * The namespace is asked for through the index's own expression alone, so that no other index is tempting.
 */
export const search = `
  create function drey_search_sops(words text, rows_max int)
    returns table (id uuid, score real) language plpgsql stable ${definer} as $$
    declare
      sought tsquery := public.drey_any_word(words);
      mine text := ${currentNamespace};
      sign tsquery;
      hits bigint;
      chosen tsquery;
      total bigint := 0;
    begin
      for sign, hits in
        select w.one, (select count(*) from (
            select 1 from acontext_sops s
            where array[s.namespace] @> array[mine]
              and s.words @@ w.one
            limit ${rankedRowsMax}) counted)
        from (select quote_literal(t.lexeme)::tsquery as one
              from unnest(to_tsvector('english', left(words, 2000))) t limit ${wordsMax}) w
        order by 2, 1::text
      loop
        continue when hits = 0;
        exit when chosen is not null and total + hits > ${rankedRowsMax};
        chosen := case when chosen is null then sign else chosen || sign end;
        total := total + hits;
      end loop;
      if chosen is null then return; end if;
      return query
        with found as materialized (
          select s.id as one, s.words as said from acontext_sops s
          where array[s.namespace] @> array[mine]
            and s.words @@ chosen
          limit ${rankedRowsMax}
        )
        select f.one, ts_rank(f.said, sought, 1) from found f
        order by 2 desc, 1 limit least(greatest(rows_max, 0), 1000);
    end
  $$;
  ${onlyForApp('drey_search_sops(text, int)')}`;

const formerSearch = `
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
