/**
 * Words of memories that a misspelt question can be led to, by trigrams. One row a word and namespace, kept by triggers, so
 * that no way of storing or forgetting passes it by; a word goes with the last memory that has it. Without `pg_trgm`
 * everything is there but finds nothing.
 */
import type { Migration } from 'kysely';
import { currentNamespace, definer, namespaceColumn, onlyForApp, runScript, wall } from './walls.ts';

export const memorySpelling: Migration = {
  async up(db) {
    await runScript(
      db,
      `${extension}
       create table memory_words (
         ${namespaceColumn},
         word text not null check (char_length(word) between 4 and 40),
         primary key (namespace, word)
       );
       ${wall('memory_words', { app: 'select' })}
       create policy memory_words_keeper on memory_words for all to current_user using (true) with check (true);
       ${trigramIndex}
       ${keepers}
       ${search}
       insert into memory_words (namespace, word)
         select distinct m.namespace, s.word from memories m, drey_spellable_words(m.terms) s;`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop trigger memories_words_added on memories; drop trigger memories_words_changed on memories;
       drop trigger memories_words_removed on memories;
       drop function drey_similar_memory_words(text[]); drop function drey_keep_added_words();
       drop function drey_keep_changed_words(); drop function drey_keep_removed_words();
       drop function drey_drop_lost_words(text, text[]); drop table memory_words;
       drop function drey_spellable_words(text); drop schema if exists drey_trigrams cascade;`,
    );
  },
};

/** In a schema of its own, so that nobody else sees or loses it. Whatever keeps it away must not keep Drey from starting. */
const extension = `do $$ begin
  if not exists (select from pg_extension where extname = 'pg_trgm') then
    create schema drey_trigrams;
    create extension pg_trgm with schema drey_trigrams;
  end if;
exception when others then raise notice 'no pg_trgm: %', sqlerrm;
end $$;`;

/** Where `pg_trgm` is, if the asking role may use it. */
export const place = `select n.nspname into place from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_trgm' and has_schema_privilege(n.oid, 'usage')`;

/** Until 0033. */
export const trigramIndex = `do $$ declare place text; begin
  ${place};
  if place is not null then
    execute format('create index memory_words_alike on memory_words
      using gin ((array[namespace]), word %I.gin_trgm_ops) with (fastupdate = off)', place);
  end if;
end $$;`;

const trigger = `language plpgsql ${definer}`;

/** Words are written in one order, or two that store at once could wait for each other for ever. */
const keepers = `
  create function drey_spellable_words(terms text) returns table (word text) language sql immutable parallel safe as $$
    select distinct w from unnest(string_to_array(terms, ' ')) w
    where char_length(w) between 4 and 40 and w ~ '^[a-z\\u0080-\\uffff]+$'
  $$;
  ${onlyForApp('drey_spellable_words(text)')}

  create function drey_drop_lost_words(mine text, lost text[]) returns void ${trigger} as $$
    begin
      with lot as materialized (
        select m.words from memories m where m.namespace = mine order by m.lot limit 400
      ), rare as materialized (
        select w from unnest(lost) w where not exists (select from lot l where l.words @@ public.drey_one_word(w))
      ), gone as materialized (
        select w from rare where not exists (
          select from memories m where array[m.namespace] @> array[mine] and m.words @@ public.drey_one_word(w)
            and m.namespace = mine)
        order by w
      )
      delete from memory_words k using gone where k.namespace = mine and k.word = gone.w;
    end
  $$;
  revoke all on function drey_drop_lost_words(text, text[]) from public;

  create function drey_keep_added_words() returns trigger ${trigger} as $$
    begin
      insert into memory_words (namespace, word)
        select distinct n.namespace, s.word from new_rows n, public.drey_spellable_words(n.terms) s order by 1, 2
        on conflict do nothing;
      return null;
    end
  $$;
  revoke all on function drey_keep_added_words() from public;

  create function drey_keep_changed_words() returns trigger ${trigger} as $$
    begin
      insert into memory_words (namespace, word)
        select distinct n.namespace, s.word
        from new_rows n join old_rows o on o.namespace = n.namespace and o.id = n.id and o.terms <> n.terms,
          public.drey_spellable_words(n.terms) s order by 1, 2
        on conflict do nothing;
      perform public.drey_drop_lost_words(o.namespace, array_agg(distinct s.word))
        from old_rows o join new_rows n on o.namespace = n.namespace and o.id = n.id and o.terms <> n.terms,
          public.drey_spellable_words(o.terms) s
        group by o.namespace;
      return null;
    end
  $$;
  revoke all on function drey_keep_changed_words() from public;

  create function drey_keep_removed_words() returns trigger ${trigger} as $$
    begin
      perform public.drey_drop_lost_words(o.namespace, array_agg(distinct s.word))
        from old_rows o, public.drey_spellable_words(o.terms) s group by o.namespace;
      return null;
    end
  $$;
  revoke all on function drey_keep_removed_words() from public;

  create trigger memories_words_added after insert on memories
    referencing new table as new_rows for each statement execute function drey_keep_added_words();
  create trigger memories_words_changed after update on memories
    referencing old table as old_rows new table as new_rows for each statement execute function drey_keep_changed_words();
  create trigger memories_words_removed after delete on memories
    referencing old table as old_rows for each statement execute function drey_keep_removed_words();`;

/** Bounded: few words, few candidates each; what really is a slip is decided outside. Until 0033. */
export const search = `
  create function drey_similar_memory_words(asked text[])
    returns table (wanted text, word text) language plpgsql stable ${definer} as $$
    declare
      mine text := ${currentNamespace};
      place text;
    begin
      ${place};
      if place is null then return; end if;
      return query execute format(
        'select a.one, s.word from unnest($1[1:8]) a (one) cross join lateral (
           select w.word from public.memory_words w
           where array[w.namespace] @> array[$2] and w.namespace = $2 and w.word operator(%1$I.%%) a.one
           order by %1$I.similarity(w.word, a.one) desc, w.word limit 12) s', place)
        using asked, mine;
    end
  $$;
  ${onlyForApp('drey_similar_memory_words(text[])')}`;
