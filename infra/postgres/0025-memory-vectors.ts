/**
 * What memories mean, as an embedding endpoint said: plain numbers, so that the table is the same in every Postgres. What
 * compares them needs the extension `vector` and is made where that is there (see vectors.ts). A vector goes with its memory.
 */
import type { Migration } from 'kysely';
import { namespaceColumn, runScript, wall } from './walls.ts';

export const memoryVectors: Migration = {
  async up(db) {
    await runScript(
      db,
      `create table memory_vectors (
         ${namespaceColumn},
         memory_id uuid not null,
         space text not null check (char_length(space) between 1 and 250),
         digest text check (char_length(digest) <= 64),
         embedding real[] check (cardinality(embedding) between 1 and 2000),
         primary key (namespace, memory_id),
         foreign key (namespace, memory_id) references memories (namespace, id) on delete cascade
       );
       alter table memory_vectors alter column embedding set storage external;
       ${wall('memory_vectors', { searched: true })}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function if exists drey_search_memory_vectors(real[], text, text, timestamptz, text[], int);
       drop table memory_vectors;
       drop schema if exists drey_vectors cascade;`,
    );
  },
};
