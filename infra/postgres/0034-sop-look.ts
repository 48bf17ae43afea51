/**
 * Looking for procedures reads the index once for all rare words of a question: one look a word read the list of the whole
 * namespace each time, which a namespace of 100,000 makes dear. What is found stays the same, and is planned once a connection.
 */
import type { Migration } from 'kysely';
import { search as formerSearch } from './0024-sop-sample.ts';
import { currentNamespace, runScript } from './walls.ts';

export const sopLook: Migration = {
  async up(db) {
    await runScript(db, look);
  },
  async down(db) {
    await runScript(db, `drop function drey_search_sops(text, int); ${formerSearch}`);
  },
};

/** Rows that are ranked, and rows with a rare word that are looked at to count them. */
const rankedRowsMax = 400;
const lookedAtMax = 1_500;
/** Words of a question that are weighed, and of these the rarest that are looked for. */
const weighedMax = 100;
const wordsMax = 24;
/** Procedures that words are weighed against, and how many of them must have a word for their share to be believed. */
const sampleMax = 200;
const believedFrom = 3;

/** Steered as in 0027: a plan for any namespace is right for each of them. */
const planned =
  'security definer set search_path = pg_catalog, public, pg_temp set plan_cache_mode = force_generic_plan ' +
  'set enable_seqscan = off set enable_sort = off set jit = off';

/** What the index gives for a word; conditions that no other index fits. */
const has = (sign: string): string => `array[s.namespace] @> array[mine] and s.words @@ ${sign}`;

const look = `
  create or replace function drey_search_sops(words text, rows_max int)
    returns table (id uuid, score real) language plpgsql stable ${planned} as $$
    declare
      sought tsquery := public.drey_any_word(words);
      mine text := ${currentNamespace};
      signs tsquery[];
      shares float8[];
      rare tsquery;
      ones uuid[];
      saids tsvector[];
      sign tsquery;
      hits float8;
      is_rare boolean;
      chosen tsquery;
      total float8 := 0;
      only_rare boolean := true;
    begin
      with lot as materialized (
        select s.words as said, uuid_hash(s.id) as place from public.acontext_sops s
        where s.namespace = mine order by uuid_hash(s.id) limit ${sampleMax}
      ), figures as materialized (
        -- Lots are spread evenly: where the sample ends tells how many rows there are.
        select greatest(count(*), 1) as n, case when count(*) < ${sampleMax} then count(*)
          else count(*) / ((max(l.place) + 2147483649.0) / 4294967296.0) end::float8 as rows from lot l
      ), weighed as materialized (
        select w.one, (select count(*) from lot l where l.said @@ w.one) as met
        from (select public.drey_one_word(t.lexeme) as one
              from unnest(to_tsvector('english', left(words, 2000))) t limit ${weighedMax}) w
        order by 2, 1::text limit ${wordsMax}
      )
      select array_agg(w.one), array_agg(case when w.met >= ${believedFrom} then w.met * f.rows / f.n end),
          (string_agg(w.one::text, ' | ') filter (where w.met < ${believedFrom}))::tsquery
        into signs, shares, rare from weighed w cross join figures f;
      if rare is not null then
        select array_agg(near.id), array_agg(near.words) into ones, saids from (
          select s.id, s.words from public.acontext_sops s where ${has('rare')} limit ${lookedAtMax}) near;
      end if;
      for sign, hits, is_rare in
        select w.sign, case
            when w.share is not null then w.share
            when cardinality(ones) < ${lookedAtMax} then (select count(*) from unnest(saids) n (said) where n.said @@ w.sign)
            -- More than one look gives: each word by itself, else the rarest may be behind the others' rows and seem to be nowhere.
            else (select count(*) from (select 1 from public.acontext_sops s where ${has('w.sign')} limit ${rankedRowsMax}) counted)
          end, w.share is null
        from unnest(signs, shares) w (sign, share) order by 2, 1::text
      loop
        continue when hits = 0;
        exit when chosen is not null and total + hits > ${rankedRowsMax};
        chosen := case when chosen is null then sign else chosen || sign end;
        total := total + hits;
        only_rare := only_rare and is_rare;
      end loop;
      if chosen is null then return; end if;
      if only_rare and cardinality(ones) < ${lookedAtMax} then
        return query
          select n.one, ts_rank(n.said, sought, 1) from unnest(ones, saids) n (one, said) where n.said @@ chosen
          order by 2 desc, 1 limit least(greatest(rows_max, 0), 1000);
      else
        return query
          with found as materialized (
            select s.id as one, s.words as said from public.acontext_sops s where ${has('chosen')} limit ${rankedRowsMax}
          )
          select f.one, ts_rank(f.said, sought, 1) from found f
          order by 2 desc, 1 limit least(greatest(rows_max, 0), 1000);
      end if;
    end
  $$;`;
