/** A misspelt question on a real Postgres: known words stand in for it, and go with the last memory that has them. */
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createId } from '../../../../machines/words/ids.ts';
import { lookForMemories } from '../../../../src/store/store.ts';
import { openMemoryStage } from './memory-stage.ts';
import type { MemoryStage } from './memory-stage.ts';

let stage: MemoryStage;
beforeEach(async () => {
  stage = await openMemoryStage(inject('postgresUrl'));
});
afterEach(() => stage.close());

const ann = () => stage.as('ann');
const store = async (content: string, more: { visibility?: 'private'; ttlSeconds?: number } = {}) =>
  (await stage.memories.store({ ...ann(), memory: { content, ...more } })).memory;
const search = async (query: string, asker = ann()) =>
  (await stage.memories.search({ ...asker, query, limit: 10 })).map(({ content }) => content);
const words = async () =>
  (await stage.opened.ask<{ word: string }>('select word from memory_words order by 1')).map(
    ({ word }) => word,
  );

describe('a misspelt question', () => {
  it('finds what the right spelling finds, below what is spelt as asked', async () => {
    const kubernetes = 'The kubernetes cluster runs in eu-west-1';
    const postgres = 'Backups of postgres are taken at three';
    await store(kubernetes);
    await store(postgres);
    for (const query of ['kuberentes', 'where does the kubernets clster run', 'kubernettes'])
      expect((await search(query))[0], query).toBe(kubernetes);
    expect(await search('postgers')).toEqual([postgres]);
    expect(await search('zeppelin')).toEqual([]);
    const [right] = await stage.memories.search({ ...ann(), query: 'postgres', limit: 1 });
    const [slipped] = await stage.memories.search({ ...ann(), query: 'postgers', limit: 1 });
    expect(slipped?.relevance).toBeGreaterThan(0);
    expect(slipped?.relevance).toBeLessThan(right?.relevance ?? 0);
    const boat = 'The boat is blue';
    await store(boat);
    for (const query of ['boet', 'coat', 'boar']) expect(await search(query), query).toEqual([boat]);
    const typo = 'The label says postgers, and stays so';
    await store(typo);
    expect(await search('postgers')).toEqual([typo]);
  });

  it('leads nobody to what is not theirs', async () => {
    await store('My kubernetes notes are in drawer seven', { visibility: 'private' });
    expect(await search('kuberentes')).toHaveLength(1);
    expect(await search('kuberentes', stage.as('bob'))).toEqual([]);
    expect(await search('kuberentes', stage.as('ann', 'globex'))).toEqual([]);
    const asked = { text: '', terms: ['kuberentes'], spelled: ['kuberentes'], limit: 10 };
    const similar = (namespace: string) =>
      stage.opened.store.inNamespace(namespace, async (trx) => {
        const viewer = { principal: 'ann', now: new Date().toISOString() };
        return (await lookForMemories(trx, viewer, asked)).similar;
      });
    expect(await similar('globex')).toEqual([]);
    expect(await similar('acme')).toEqual([{ wanted: 'kuberentes', word: 'kubernetes' }]);
  });

  it('knows a word no longer than a memory has it', async () => {
    const first = await store('The harbour crane is painted yellow');
    await store('A yellow harbour boat');
    expect(await words()).toEqual(['boat', 'crane', 'harbour', 'painted', 'yellow']);
    const { version } = first;
    const changes = { content: 'The harbour tower is painted yellow' };
    await stage.memories.update({ ...ann(), memoryId: first.memoryId, version, changes });
    expect(await words()).toEqual(['boat', 'harbour', 'painted', 'tower', 'yellow']);
    await stage.memories.forget({ ...ann(), memoryId: first.memoryId });
    expect(await words()).toEqual(['boat', 'harbour', 'yellow']);
    await stage.memories.forget({
      ...ann(),
      memoryId: createId('memory', { now: () => 0, random: () => new Uint8Array(16) }),
    });
    expect(await words()).toHaveLength(3);
  });

  it('finds nothing more, and breaks nothing, where the database has no pg_trgm', async () => {
    await stage.opened.ask('drop extension pg_trgm cascade');
    const [content, query] = ['The kubernetes cluster runs in eu-west-1', 'kuberentes'];
    await store(content);
    expect(await search('kubernetes')).toEqual([content]);
    expect(await search(query)).toEqual([]);
  });
});
