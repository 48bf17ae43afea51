/**
 * Memories found by what they mean: a real endpoint over HTTP and a real Postgres with the extension `vector`. The embedded
 * Postgres has none, so this part is skipped, and says so, where the machine has no other.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRoots, openBoards } from '../../../src/actors/actors.ts';
import type { Meanings } from '../../../src/actors/actors.ts';
import { createBreakers } from '../../../src/actors/breaker/breakers.ts';
import { createClock } from '../../../src/node/clock.ts';
import { EmbeddingsConfig } from '../../../src/node/config/embeddings-config.ts';
import { openMeanings } from '../../../src/node/meanings.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { meaningDimensions, startEmbeddingServer } from '../../support/embedding-server.ts';
import type { EmbeddingServer } from '../../support/embedding-server.ts';
import { findPgvector, pgvectorPlaces, startPgvector } from '../../support/pgvector.ts';
import type { PgvectorServer } from '../../support/pgvector.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';
import { openMemoryStage } from '../actors/memories/memory-stage.ts';
import type { MemoryStage } from '../actors/memories/memory-stage.ts';

const programs = await findPgvector();
const where = programs === undefined ? ` (skipped: no Postgres with vector in ${pgvectorPlaces})` : '';
const clock = createClock();

let server: EmbeddingServer;
let stage: MemoryStage;
let meanings: ReturnType<typeof openMeanings>;
let boards: ReturnType<typeof openBoards>;

async function open(postgresUrl: string, settings: object = {}): Promise<void> {
  server = await startEmbeddingServer();
  const late: Meanings = {
    find: async (namespace, question) => meanings?.find(namespace, question),
    note: (namespace, memoryId) => meanings?.note(namespace, memoryId),
  };
  stage = await openMemoryStage(postgresUrl, { meanings: late });
  // The worker looks at a clock of its own.
  stage.nowMs = clock.now();
  begin(settings);
}

/** A node's part of it on the stage's database. */
function begin(settings: object = {}): void {
  boards = openBoards(log);
  const announcer = { announce: () => undefined, unrecorded: 0 };
  const health = boards.health;
  const told = { clock, log, announcer: announcer as never, health };
  meanings = openMeanings({
    config: {
      role: 'all',
      embeddings: EmbeddingsConfig.parse({
        url: server.url,
        model: 'small',
        dimensions: meaningDimensions,
        queryTimeoutMs: 2_000,
        likenessMin: 0.5,
        batchSize: 4,
        ...settings,
      }),
    },
    env: {},
    store: stage.opened.store,
    databaseUrl: stage.opened.url,
    redactor: createRedactor({ key: 'stage' }),
    breakers: createBreakers({ ...told, config: {} }),
    roots: createRoots('n-1'),
    ...told,
  });
}

const toState = () => boards.health.read().resources['r-embeddings'];
const keep = async (content: string, by = 'ann', more: object = {}) =>
  (await stage.memories.store({ ...stage.as(by), memory: { content, ...more } })).memory.memoryId;
const search = async (query: string, by = 'ann', namespace = 'acme') =>
  (await stage.memories.search({ ...stage.as(by, namespace), query, limit: 5 })).map(
    ({ memoryId }) => memoryId,
  );
const count = async () =>
  Number((await stage.opened.ask<{ n: string }>('select count(*) as n from memory_vectors'))[0]?.n);
const untilVectors = (wanted: number) =>
  until(`there are ${wanted} vectors`, async () => (await count()) === wanted);

async function closeAll(): Promise<void> {
  await meanings?.close();
  await stage.close();
  await server.close();
}

describe('an embedding endpoint beside a Postgres without the extension vector', () => {
  beforeEach(() => open(inject('postgresUrl')));
  afterEach(closeAll);

  it('says so in one sentence, sends nothing, and memories are found by their words', async () => {
    const failed = await until('it has said why', () => toState()?.lastError ?? undefined);
    expect(failed).toMatch(
      /searched by words alone: Postgres [\d.]+ has no extension vector; use one with pgvector/,
    );
    const id = await keep('the salary is paid on Fridays');
    expect(await search('salary')).toEqual([id]);
    expect(await search('wages')).toEqual([]);
    expect(server.asked).toEqual([]);
  });
});

describe.skipIf(programs === undefined)(
  `memories beside a Postgres with the extension vector${where}`,
  () => {
    let postgres: PgvectorServer;
    beforeAll(async () => {
      postgres = await startPgvector(programs ?? '');
    }, 60_000);
    afterAll(() => postgres.stop());
    beforeEach(() => open(postgres.url));
    afterEach(closeAll);

    it('are found by what they mean, and by both together best', async () => {
      const salary = await keep('The salary is transferred on Fridays');
      const both = await keep('Wages of the night shift are transferred by the bank');
      await keep('otter is the staging server of billing');
      await untilVectors(3);
      expect(await search('earnings')).toEqual(expect.arrayContaining([salary, both]));
      expect(await search('wages transferred')).toEqual([both, salary]);
      expect(await search('physician')).toEqual([]);
      expect(server.asked.every(({ model }) => model === 'small')).toBe(true);
    });

    it('stay behind the wall: other namespaces, what is private to others, and what is over are not found', async () => {
      const own = await keep('the salary is secret', 'ann', { visibility: 'private' });
      await keep('wages are paid late', 'ann', { ttlSeconds: 60 });
      await untilVectors(2);
      stage.nowMs += 120_000;
      expect(await search('earnings')).toEqual([own]);
      expect(await search('earnings', 'bob')).toEqual([]);
      expect(await search('earnings', 'ann', 'beta')).toEqual([]);
      const rows = await stage.opened.store.inNamespace('beta', async ({ db }) =>
        db
          .selectFrom('memory_vectors' as never)
          .selectAll()
          .execute(),
      );
      expect(rows).toEqual([]);
    });

    it('lose their vector with what they said, and with themselves', async () => {
      const id = await keep('the salary is paid on Fridays');
      await untilVectors(1);
      server.mood = 500;
      await stage.memories.update({
        ...stage.as('ann'),
        memoryId: id,
        version: 1,
        changes: { content: 'the car is parked below' },
      });
      // Its former meaning is still kept, and nobody finds it by that.
      server.mood = 'well';
      expect(await search('earnings')).toEqual([]);
      await until('it is found by what it says now', async () => (await search('automobile')).includes(id));
      await stage.memories.forget({ ...stage.as('ann'), memoryId: id });
      expect(await count()).toBe(0);
    });

    it('are sent without secrets, and one that is refused does not keep the others waiting', async () => {
      const secret = ['sk', 'live', 'Zk39fJ2mQ8vL4xT7'].join('_');
      // As it would have been kept before there was a rule for it.
      await keep('somebody keeps the wages');
      await untilVectors(1);
      await stage.opened.ask(`insert into memories (namespace, id, principal, content, digest)
      values ('acme', gen_random_uuid(), 'ann', 'the api_key=${secret} of the car', 'd1')`);
      server.refused = 'forbidden';
      await keep('a forbidden word about a doctor');
      for (const place of ['first', 'second', 'third']) await keep(`the ${place} vehicle`);
      await meanings?.close();
      begin();
      await untilVectors(6);
      expect(JSON.stringify(server.asked)).not.toContain(secret);
      expect(await stage.opened.ask('select from memory_vectors where embedding is null')).toHaveLength(1);
      await meanings?.close();
      const asked = server.asked.length;
      begin();
      const id = await keep('pay day');
      await until('it has a vector', async () => (await count()) === 7);
      expect(server.asked.slice(asked).flatMap(({ input }) => input)).toEqual(['pay day']);
      expect(id).toBeDefined();
    });

    it('are stored and found by words while the endpoint is down, and get their vectors afterwards', async () => {
      await until('it is up', () => toState()?.state === 'healthy');
      server.mood = 500;
      const id = await keep('the salary is paid on Fridays');
      expect(await search('salary')).toEqual([id]);
      await meanings?.close();
      expect(await count()).toBe(0);
      server.mood = 'well';
      begin();
      await untilVectors(1);
    });

    it('get new vectors when another model is chosen, and an index of its own', async () => {
      await keep('the salary is paid on Fridays');
      await untilVectors(1);
      await meanings?.close();
      begin({ model: 'other' });
      await until(
        'it is of the other model',
        async () =>
          (await stage.opened.ask(`select from memory_vectors where space = 'other/32'`)).length === 1,
      );
      const indexes = await stage.opened.ask(
        `select from pg_indexes where indexname like 'memory_vectors_near%'`,
      );
      expect(indexes).toHaveLength(1);
    });

    it('are found among many as well, by an index made of what is there', async () => {
      await until('it is up', () => toState()?.state === 'healthy');
      await meanings?.close();
      const id = await keep('the salary is paid on Fridays');
      await stage.opened.ask(
        `insert into memories (namespace, id, principal, content, digest)
       select 'acme', gen_random_uuid(), 'ann', 'note ' || n, 'd' || n from generate_series(1, 2100) n`,
      );
      await stage.opened.ask(
        `do $$ declare one text; begin
           select indexname into one from pg_indexes where indexname like 'memory_vectors_near%';
           execute format('drop index %I', one);
         end $$`,
      );
      await stage.opened.ask(
        `insert into memory_vectors (namespace, memory_id, space, digest, embedding)
       select namespace, id, 'small/32', digest,
         array(select random() - 0.5 + 0 * length(m.content) from generate_series(1, 32) k)
       from memories m where content like 'note%'`,
      );
      begin();
      await untilVectors(2_101);
      expect((await search('earnings'))[0]).toBe(id);
    });
  },
);
