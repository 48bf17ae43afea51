/**
 * Looking for procedures weighs a question's words in a sample of the namespace first, as looking for memories does: a
 * word that many have is neither counted nor looked for, because the index reads all of a common word's rows to count them.
 */
import type { Migration } from 'kysely';
import { search as formerSearch } from './0023-kept-answers.ts';
import { currentNamespace, definer, onlyForApp, runScript } from './walls.ts';

export const sopSample: Migration = {
  async up(db) {
    await runScript(
      db,
      `create index acontext_sops_lot on acontext_sops (namespace, uuid_hash(id));
       drop function drey_search_sops(text, int);
       ${search}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_search_sops(text, int);
       ${formerSearch}
       drop index acontext_sops_lot;`,
    );
  },
};

/** Rows that one look at the index may give; what is behind them is not ranked. */
const rankedRowsMax = 400;
/** Words of a question that are weighed, and of these the rarest that are looked for. */
const weighedMax = 100;
const wordsMax = 24;
/** Procedures that words are weighed against, and how many of them must have a word for their share to be believed. */
const sampleMax = 200;
const believedFrom = 3;

/** What is rare in the sample is counted exactly, up to a bound: that is cheap, and it decides what is found. Until 0034. */
export const search = `
  create function drey_search_sops(words text, rows_max int)
    returns table (id uuid, score real) language plpgsql stable ${definer} as $$
    declare
      sought tsquery := public.drey_any_word(words);
      mine text := ${currentNamespace};
      sign tsquery;
      hits float8;
      chosen tsquery;
      total float8 := 0;
    begin
      for sign, hits in
        with lot as materialized (
          select s.words as said, uuid_hash(s.id) as place from acontext_sops s
          where s.namespace = mine order by uuid_hash(s.id) limit ${sampleMax}
        ), figures as materialized (
          -- Lots are spread evenly: where the sample ends tells how many rows there are.
          select greatest(count(*), 1) as n, case when count(*) < ${sampleMax} then count(*)
            else count(*) / ((max(l.place) + 2147483649.0) / 4294967296.0) end::float8 as rows from lot l
        ), weighed as materialized (
          select w.one, (select count(*) from lot l where l.said @@ w.one) as met
          from (select quote_literal(t.lexeme)::tsquery as one
                from unnest(to_tsvector('english', left(words, 2000))) t limit ${weighedMax}) w
          order by 2, 1::text limit ${wordsMax}
        )
        select w.one, case when w.met >= ${believedFrom} then w.met * f.rows / f.n
          else (select count(*) from (
            select 1 from acontext_sops s
            where array[s.namespace] @> array[mine] and s.words @@ w.one
            limit ${rankedRowsMax}) counted) end
        from weighed w cross join figures f
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
          where array[s.namespace] @> array[mine] and s.words @@ chosen
          limit ${rankedRowsMax}
        )
        select f.one, ts_rank(f.said, sought, 1) from found f
        order by 2 desc, 1 limit least(greatest(rows_max, 0), 1000);
    end
  $$;
  ${onlyForApp('drey_search_sops(text, int)')}`;
