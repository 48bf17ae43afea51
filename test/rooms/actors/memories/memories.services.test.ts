/** What memories promise, on a real Postgres: found as stored, shared as told, said twice and kept once, gone when forgotten. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openMemoryStage } from './memory-stage.ts';
import type { MemoryStage } from './memory-stage.ts';

let stage: MemoryStage;
const ann = () => stage.as('ann');
const bob = () => stage.as('bob');

beforeAll(async () => {
  stage = await openMemoryStage(inject('postgresUrl'));
});
afterAll(() => stage.close());

const store = async (
  asker: ReturnType<typeof ann>,
  content: string,
  more: Partial<Parameters<MemoryStage['memories']['store']>[0]['memory']> = {},
) => stage.memories.store({ ...asker, memory: { content, ...more } });
const search = async (asker: ReturnType<typeof ann>, query: string) =>
  (await stage.memories.search({ ...asker, query, limit: 10 })).map(({ content }) => content);

describe('memories', () => {
  it('are found by their words, by parts of names, by code and in other languages', async () => {
    const texts = [
      'The billingService_v2 writes its invoices to s3://acme-invoices/2026',
      'Die Rechnungen werden nachts um drei Uhr verschickt',
      '請求書は毎月末に送信されます',
      'Deploys to staging run through scripts/deploy-staging.sh',
    ];
    for (const text of texts) await store(ann(), text);
    for (const [query, index] of [
      ['billing service', 0],
      ['acme-invoices', 0],
      ['Rechnungen verschickt', 1],
      ['請求書', 2],
      ['how do we deploy to staging', 3],
      ['deploy-staging.sh', 3],
      ['deploying', 3],
    ] as const)
      expect((await search(bob(), query))[0], query).toBe(texts[index]);
    expect(await search(bob(), 'zeppelin')).toEqual([]);
    expect(await search(stage.as('eve', 'globex'), 'billing service')).toEqual([]);
  });

  it('are kept once when they say the same, whatever the wording, and nothing that was known is lost', async () => {
    const first = await store(ann(), 'The API listens on port 8080.', { tags: ['api'], importance: 0.4 });
    const again = await store(bob(), 'FYI: the api listens on port 8080', { tags: ['net'], importance: 0.9 });
    expect(again).toMatchObject({
      merged: true,
      memory: { memoryId: first.memory.memoryId, version: 2, stated: 2 },
    });
    expect(again.memory).toMatchObject({
      content: 'The API listens on port 8080.',
      tags: ['api', 'net'],
      importance: 0.9,
    });
    const third = await store(bob(), 'the API listens on port 8080');
    expect(third.memory).toMatchObject({ version: 2, stated: 3 });
    const rows = await stage.opened.ask(`select 1 from memories where content ilike '%port 8080%'`);
    expect(rows).toHaveLength(1);
  });

  it('that contradict each other are both kept and linked', async () => {
    const one = await store(ann(), 'The worker queue holds 500 jobs at most', { kind: 'fact' });
    const other = await store(bob(), 'The worker queue holds 900 jobs at most', { kind: 'fact' });
    expect(other).toMatchObject({ merged: false, contradicts: [one.memory.memoryId] });
    const [found] = await stage.memories.search({
      ...ann(),
      query: 'how many jobs does the worker queue hold',
      limit: 2,
    });
    expect(found?.contradicts).toHaveLength(1);
  });

  it('are changed only from the version that was read', async () => {
    const { memory } = await store(ann(), 'The release train leaves on Tuesdays', { kind: 'fact' });
    const update = (version: number, content: string) =>
      stage.memories.update({ ...bob(), memoryId: memory.memoryId, version, changes: { content } });
    expect((await update(1, 'The release train leaves on Wednesdays')).memory.version).toBe(2);
    await expect(update(1, 'The release train leaves on Mondays')).rejects.toMatchObject({
      code: 'revision_conflict',
    });
    expect(await search(ann(), 'release train')).toEqual(['The release train leaves on Wednesdays']);
  });

  it('that are private are there for nobody else', async () => {
    const { memory } = await store(ann(), 'Ann keeps her gherkin recipe in the drawer', {
      visibility: 'private',
    });
    const id = { memoryId: memory.memoryId };
    expect(await search(ann(), 'gherkin recipe')).toHaveLength(1);
    expect(await search(bob(), 'gherkin recipe')).toEqual([]);
    expect(await stage.memories.get({ ...bob(), ...id })).toBeUndefined();
    expect(await stage.memories.forget({ ...bob(), ...id })).toBe(false);
    await expect(stage.memories.update({ ...bob(), ...id, version: 1, changes: {} })).rejects.toMatchObject({
      code: 'memory_unknown',
    });
    const own = await store(bob(), 'Ann keeps her gherkin recipe in the drawer');
    expect(own.merged).toBe(false);
  });

  it('that are past their end are there for nobody, and what is said again begins anew', async () => {
    const { memory } = await store(ann(), 'The canary flag is on until tonight', { ttlSeconds: 60 });
    expect(await search(bob(), 'canary flag')).toHaveLength(1);
    stage.nowMs += 60_000;
    expect(await search(bob(), 'canary flag')).toEqual([]);
    expect(await stage.memories.get({ ...ann(), memoryId: memory.memoryId })).toBeUndefined();
    const again = await store(ann(), 'The canary flag is on until tonight');
    expect(again).toMatchObject({ merged: false, memory: { version: 1 } });
  });

  it('leave no trace when they are forgotten', async () => {
    const { memory } = await store(ann(), 'The quagga lives in enclosure seven');
    const { memory: near } = await store(ann(), 'The okapi lives in enclosure eight');
    const to = { kind: 'memory' as const, id: near.memoryId };
    await stage.memories.link({
      ...ann(),
      memoryId: memory.memoryId,
      to,
      relation: 'lives_beside',
      weight: 1,
    });
    expect(await stage.memories.neighbours({ ...bob(), node: to, limit: 5 })).not.toEqual([]);
    expect(await stage.memories.forget({ ...bob(), memoryId: memory.memoryId })).toBe(true);
    expect(await stage.memories.forget({ ...bob(), memoryId: memory.memoryId })).toBe(false);
    expect(await search(ann(), 'quagga enclosure seven')).not.toContain(
      'The quagga lives in enclosure seven',
    );
    const bare = memory.memoryId.slice(2);
    expect(await stage.opened.ask('select 1 from memories where id = $1', [bare])).toEqual([]);
    const links = await stage.opened.ask('select 1 from memory_edges where from_id = $1 or to_id = $1', [
      memory.memoryId,
    ]);
    expect(links).toEqual([]);
    expect(await stage.opened.ask(`select 1 from outbox where event::text like '%quagga%'`)).toEqual([]);
  });

  it('keep no secret', async () => {
    const { memory } = await store(ann(), 'The token is ghp_abcdefghijklmnopqrstuvwxyz0123456789 for now');
    expect(memory.content).toContain('[redacted:');
    expect(await stage.opened.ask(`select 1 from memories where content like '%ghp_%'`)).toEqual([]);
  });

  it('tell of themselves without their text', async () => {
    const types = await stage.outbox();
    expect(new Set(types)).toEqual(
      new Set(['memory.stored', 'memory.updated', 'memory.linked', 'memory.forgotten']),
    );
  });
});
