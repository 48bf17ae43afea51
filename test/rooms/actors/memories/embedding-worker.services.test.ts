/**
 * The embedding worker on a real database with a real endpoint, without the extension `vector`: what it keeps is plain
 * numbers. One text that the endpoint will not have must not keep the others waiting, however it says so.
 */
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRedactor } from '../../../../src/access/access.ts';
import { Embedder, EmbeddingWorker } from '../../../../src/actors/actors.ts';
import { openBreaker } from '../../../../src/actors/breaker/breaker.ts';
import { examineEmbeddings } from '../../../../src/cli/doctor/embeddings.ts';
import { createClock } from '../../../../src/node/clock.ts';
import { EmbeddingsConfig } from '../../../../src/node/config/embeddings-config.ts';
import { meaningDimensions, startEmbeddingServer } from '../../../support/embedding-server.ts';
import type { EmbeddingServer } from '../../../support/embedding-server.ts';
import { quietLog as log } from '../../../support/quiet-log.ts';
import { until } from '../../../support/until.ts';
import { openMemoryStage } from './memory-stage.ts';
import type { MemoryStage } from './memory-stage.ts';

const clock = createClock();
const openGate = () => openBreaker({ id: 'b', config: { minCalls: 3 }, clock, onEdge: () => undefined });

let server: EmbeddingServer;
let stage: MemoryStage;
let worker: EmbeddingWorker | undefined;
let broken: unknown[];

beforeEach(async () => {
  [server, stage, broken] = [await startEmbeddingServer(), await openMemoryStage(inject('postgresUrl')), []];
  stage.nowMs = clock.now();
});
afterEach(async () => {
  await worker?.stop();
  await stage.close();
  await server.close();
});

function begin(): void {
  const embedder = new Embedder({
    endpoint: {
      url: `${server.url}/embeddings`,
      model: 'small',
      dimensions: meaningDimensions,
      shorten: false,
      key: undefined,
    },
    timeoutMs: 5_000,
    queryTimeoutMs: 2_000,
    breakers: { memories: openGate(), questions: openGate() },
    clock,
    log,
  });
  worker = new EmbeddingWorker({
    store: stage.opened.store,
    embedder,
    redactor: createRedactor({ key: 'stage' }),
    space: 'small/32',
    batchSize: 8,
    takeTurn: async () => ({ release: async () => undefined }),
    clock,
    log,
    broke: (error) => broken.push(error),
  });
}

const rows = () =>
  stage.opened.ask<{ content: string; is: boolean }>(
    `select m.content, v.embedding is not null as is
     from memory_vectors v join memories m on m.id = v.memory_id order by m.content`,
  );
const keep = (content: string) => stage.memories.store({ ...stage.as('ann'), memory: { content } });

describe('a text that the endpoint will not have', () => {
  it.each([400, 403, 404, 422, '0', '1e39', '1e999', 'NaN', 'null'])(
    'is marked and left, and the others get their vectors, when it says so by %s',
    async (refusal) => {
      Object.assign(server, { refused: 'forbidden', refusal });
      for (const place of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'])
        await keep(`the ${place} vehicle${place === 'third' ? ' is forbidden' : ''}`);
      begin();
      const done = await until('all were looked at', async () => {
        const found = await rows();
        return found.length === 6 ? found : undefined;
      });
      expect(done.filter(({ is }) => !is).map(({ content }) => content)).toEqual([
        'the third vehicle is forbidden',
      ]);
      expect(broken).toEqual([]);
      await worker?.stop();
      // It is not asked for again, and is when it changes.
      const before = server.asked.length;
      const { memory } = await keep('pay day');
      begin();
      await until('the next has one', async () => (await rows()).length === 7);
      expect(server.asked.slice(before).flatMap(({ input }) => input)).toEqual(['pay day']);
      expect(memory.version).toBe(1);
      const [odd] = await stage.opened.ask<{ id: string }>(
        `select id from memories where content like '%forbidden'`,
      );
      await stage.memories.update({
        ...stage.as('ann'),
        memoryId: `m-${odd?.id}`,
        version: 1,
        changes: { content: 'the third vehicle is welcome' },
      });
      worker?.note('acme', `m-${odd?.id}`);
      await until('it has a vector', async () => (await rows()).every(({ is }) => is));
    },
  );

  it.each([403, 404])(
    'is not marked where one replica said so by %s and another has it right after',
    async (refusal) => {
      Object.assign(server, { refused: 'first', refusal, refusals: 1 });
      await keep('the first vehicle');
      begin();
      const done = await until('it was looked at', async () => (await rows())[0]);
      expect(done).toMatchObject({ is: true });
      expect(server.asked.map(({ input }) => input.length)).toEqual([1, 1, 1]);
      expect(broken).toEqual([]);
    },
  );

  it.each([
    [400, 'argument_invalid'],
    [401, 'upstream_unauthorized'],
    [403, 'upstream_unauthorized'],
    [404, 'config_invalid'],
  ])(
    'is none where other words are refused with %s, too: nothing is marked, and it is told',
    async (mood, code) => {
      server.mood = mood;
      await keep('the first vehicle');
      await keep('the second vehicle');
      begin();
      await until('it is told', () => broken.length > 0);
      expect(broken).toMatchObject([{ code }]);
      expect(await rows()).toEqual([]);
    },
  );
});

it('is named by drey doctor', async () => {
  const { memory } = await keep('no such words');
  await stage.opened.ask(`insert into memory_vectors (namespace, memory_id, space, digest)
    select namespace, id, 'small/32', digest from memories`);
  const settings = EmbeddingsConfig.parse({ url: server.url, model: 'small', dimensions: meaningDimensions });
  const find = async () => {
    const findings = await examineEmbeddings(settings, { DATABASE_URL: stage.opened.url });
    return findings.find(({ what }) => what === 'refused memories');
  };
  expect(await find()).toMatchObject({
    state: 'warn',
    says: `the endpoint will not have ${memory.memoryId} of acme; they are found by words alone`,
  });
  await stage.memories.forget({ ...stage.as('ann'), memoryId: memory.memoryId });
  expect(await find()).toBeUndefined();
});
