/** Which words of a question are looked for, on a real Postgres: rare ones alone, common ones together, few rows in any case. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { lookForMemories } from '../../../../src/store/store.ts';
import { openMemoryStage } from './memory-stage.ts';
import type { MemoryStage } from './memory-stage.ts';

let stage: MemoryStage;
beforeAll(async () => {
  stage = await openMemoryStage(inject('postgresUrl'));
  await stage.opened.ask(`insert into namespaces (namespace, display_name) values ('acme', 'acme')`);
  await stage.opened.ask(
    `insert into memories (namespace, id, principal, content, terms, digest)
     select 'acme', gen_random_uuid(), 'ann', t, t, md5(n::text) from (
       select n, concat_ws(' ', 'harbour', case when n % 2 = 0 then 'crane' end,
         case when n % 3 = 0 then 'yellow' end, case when n <= 5 then 'zebra' end) as t
       from generate_series(1, 2000) n) made`,
  );
});
afterAll(() => stage.close());

const look = (terms: readonly string[], limit = 2_000) =>
  stage.opened.store.inNamespace('acme', (trx) =>
    lookForMemories(
      trx,
      { principal: 'ann', now: new Date(stage.nowMs).toISOString() },
      { text: '', terms, limit },
    ),
  );

describe('a look for memories', () => {
  it('looks for a rare word alone, and says what of the others its memories have', async () => {
    const { found, weights } = await look(['harbour', 'zebra']);
    expect(found).toHaveLength(5);
    for (const { matched } of found) expect([...matched].sort()).toEqual(['harbour', 'zebra']);
    expect(new Map(weights.map(({ word, hits }) => [word, hits])).get('harbour')).toBe(400);
  });

  it('looks for common words together, and ranks no more rows than it may', async () => {
    const { found } = await look(['harbour', 'crane', 'yellow']);
    expect(found.length).toBe(333);
    for (const { matched } of found) expect(matched).toHaveLength(3);
    expect((await look(['harbour'])).found).toHaveLength(500);
    expect((await look(['harbour'], 7)).found).toHaveLength(7);
  });

  it('finds nothing for no words, and nothing for a word that nothing has', async () => {
    expect(await look([])).toEqual({ weights: [], found: [], similar: [] });
    const { found, weights } = await look(['zeppelin']);
    expect(found).toEqual([]);
    expect(weights).toEqual([{ word: 'zeppelin', hits: 0, sampled: 400 }]);
  });
});
