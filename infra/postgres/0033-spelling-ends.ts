/**
 * Words like a misspelt one are looked for by how they begin and end: one slip leaves one of the two as it was; slips at both
 * ends are not found. Trigrams only put in order what was. An index of trigrams read the lists of all namespaces' words, and
 * grew dearer with each of them.
 */
import type { Migration } from 'kysely';
import { search as formerSearch, place, trigramIndex } from './0022-memory-spelling.ts';
import { currentNamespace, definer, runScript } from './walls.ts';

export const spellingEnds: Migration = {
  async up(db) {
    await runScript(
      db,
      `create index memory_words_begin on memory_words (namespace, word collate "C");
       create index memory_words_end on memory_words (namespace, reverse(word) collate "C");
       drop index if exists memory_words_alike;
       ${search}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_similar_memory_words(text[]);
       ${formerSearch}
       drop index memory_words_begin; drop index memory_words_end;
       ${trigramIndex}`,
    );
  },
};

/** Words of a question that are looked for, and known words that each may be led to. */
const askedMax = 8;
const similarMax = 12;
/** Known words with the same beginning (or end) that are looked at; what is behind them in the index is not. */
const lookedAtMax = 1_000;
/** Letters that begin and end words alike; fewer of a short word, so that letters swapped in its middle touch one of them at most. */
const lettersMax = 4;
const letters = `least(${lettersMax}, greatest(2, (char_length(one) - 1) / 2))`;
/** What no letter sorts behind. */
const last = 'chr(1114109)';

/** Known words whose `end` is the asked one's `column`, with about as many letters; in the order of the index, so that no other is walked. */
const toAlike = (end: string, column: string): string => `
  select near.word from (
    select w.word from public.memory_words w
    where w.namespace = $2 and ${end} collate "C" >= a.${column} and ${end} collate "C" < a.${column} || ${last}
    order by w.namespace, ${end} collate "C" limit ${lookedAtMax}
  ) near where abs(char_length(near.word) - char_length(a.one)) <= 2`;

/** As before it answers nothing where `pg_trgm` is not to be had, and what really is a slip is decided outside. */
const search = `
  create or replace function drey_similar_memory_words(asked text[])
    returns table (wanted text, word text) language plpgsql stable ${definer}
      set enable_seqscan = off set enable_bitmapscan = off as $$
    declare
      mine text := ${currentNamespace};
      place text;
    begin
      ${place};
      if place is null then return; end if;
      return query execute format(
        'select a.one, s.word
         from (
           select one, left(one, ${letters}) as head, left(reverse(one), ${letters}) as tail
           from unnest($1[1:${askedMax}]) one
         ) a cross join lateral (
           select known.word from (${toAlike('w.word', 'head')} union ${toAlike('reverse(w.word)', 'tail')}) known
           where known.word <> a.one
           order by %1$I.similarity(known.word, a.one) desc, known.word limit ${similarMax}) s', place)
        using asked, mine;
    end
  $$;`;
