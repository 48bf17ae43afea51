/**
 * Looking for memories in one question: words are weighed in the sample, chosen, looked for and ranked in one go, and those
 * that nothing was found by are answered with known words like them. Planned once a connection: planning took longer than
 * looking, so the plans are steered to the one good index each, whatever the sizes were when they were made.
 */
import type { Migration } from 'kysely';
import { currentNamespace, onlyForApp, runScript } from './walls.ts';

export const memoryLook: Migration = {
  async up(db) {
    await runScript(
      db,
      // The functions that it stands for stay: nodes that are not upgraded yet ask them.
      look,
    );
  },
  async down(db) {
    await runScript(
      db,
      'drop function drey_look_for_memories(text, text, text[], text, timestamptz, text[], int)',
    );
  },
};

/** Rows that one search ranks; what is behind them in the index is not looked at. */
const rankedRowsMax = 1_500;
/** Words of a question, and memories that they are weighed against. */
const wordsMax = 80;
const sampleMax = 400;
/** Rows that the words looked for should have in all; of words that are all more common, so many must be there together. */
const lookedAtMax = 500;
const togetherMax = 3;

/** Without full scans and bitmaps of other indexes a plan for any namespace is right for each of them. */
const planned =
  'security definer set search_path = pg_catalog, public, pg_temp set plan_cache_mode = force_generic_plan ' +
  'set enable_seqscan = off set enable_sort = off set jit = off';

/**
 * `weights` are the question's words with their hits in the sample, `ranked` is `[id, score, places of words]`, best
 * first, and `alike` pairs a word that nothing has with one that something has. What decides between plans is written
 * so that only one index fits: lots for the sample, words (and not the namespace alone) for the search.
 */
const look = `
  create function drey_look_for_memories(
      sought text, terms text, spelled text[], viewer text, moment timestamptz, kinds text[], rows_max int)
    returns table (weights json, sampled int, ranked json, alike json) language plpgsql stable ${planned} as $$
    declare
      mine text := ${currentNamespace};
      about float8;
      words text[];
      signs tsquery[];
      hits int[];
      whole tsquery;
      chosen tsquery;
      met bigint[];
      lost text[];
    begin
      select array_agg(a.one), array_agg(public.drey_one_word(a.one)) into words, signs
        from (select t.lexeme as one
          from unnest(to_tsvector('english', left(sought, 4000)) || to_tsvector('simple', left(terms, 8000))) t
          limit ${wordsMax}) a;
      with lot as materialized (
        select m.words as said, m.lot as place from public.memories m where m.namespace = mine
        order by m.lot limit ${sampleMax}
      )
      -- Lots are spread evenly: where the sample ends tells how many rows there are.
      select count(*)::int, case when count(*) < ${sampleMax} then count(*)
          else count(*) / ((max(l.place) + 2147483649.0) / 4294967296.0) end::float8,
        (select array_agg((select count(*)::int from lot k where k.said @@ s.sign) order by s.n)
          from unnest(signs) with ordinality s (sign, n))
        into sampled, about, hits from lot l;
      -- The rarest words, as many as stay few enough; one that the sample lacks may still have a few hundred rows.
      select string_agg(r.sign::text, ' | ')::tsquery,
          coalesce(string_agg(r.sign::text, ' | ') filter (where about <= ${lookedAtMax} or r.expected <= ${lookedAtMax}),
            string_agg(r.sign::text, ' & ') filter (where r.place <= ${togetherMax}))::tsquery
        into whole, chosen
        from (
          select w.sign, row_number() over rarest as place,
            sum(greatest(w.hits, 0.5) / greatest(sampled, 1) * about) over rarest as expected
          from unnest(words, signs, hits) as w (word, sign, hits)
          window rarest as (order by w.hits, w.word collate "C" rows unbounded preceding)
        ) r;
      with best as materialized (
        select m.id as one, m.words as said, ts_rank(m.words, whole, 1) as rank
        from public.memories m
        where array[m.namespace] @> array[mine] and m.words @@ chosen
          and m.namespace || '' = mine and m.owner || '' in ('', viewer)
          and (m.expires_at is null or m.expires_at > moment)
          and (kinds is null or m.kind = any (kinds))
        limit ${rankedRowsMax}
      ), top as materialized (
        select * from best order by rank desc, one limit least(greatest(rows_max, 0), 500)
      ), shown as materialized (
        select t.one, t.rank,
          array(select s.n - 1 from unnest(signs) with ordinality s (sign, n) where t.said @@ s.sign) as places
        from top t
      )
      select coalesce(json_agg(json_build_array(b.one, b.rank, b.places) order by b.rank desc, b.one), '[]'),
          array(select distinct p from shown, unnest(shown.places) p)
        into ranked, met from shown b;
      weights := coalesce((select json_agg(json_build_array(w.word, w.hits) order by w.n)
        from unnest(words, hits) with ordinality w (word, hits, n)), '[]');
      alike := '[]';
      if spelled is not null then
        lost := array(select w from unnest(spelled) with ordinality s (w, n)
          where not exists (select from unnest(words, hits) with ordinality k (word, hits, n)
            where k.word = s.w and (k.hits > 0 or k.n - 1 = any (met)))
          order by s.n limit 8);
        if cardinality(lost) > 0 then
          alike := coalesce((select json_agg(json_build_array(s.wanted, s.word))
            from public.drey_similar_memory_words(lost) s), '[]');
        end if;
      end if;
      return next;
    end
  $$;
  ${onlyForApp('drey_look_for_memories(text, text, text[], text, timestamptz, text[], int)')}`;
