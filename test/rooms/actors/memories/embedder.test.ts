/** The meanings of texts from a real endpoint: how it is asked, what is kept, and what becomes of a search when it is not well. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Embedder, embedTexts } from '../../../../src/actors/actors.ts';
import type { EmbeddingEndpoint } from '../../../../src/actors/actors.ts';
import { openBreaker } from '../../../../src/actors/breaker/breaker.ts';
import type { EmbedderOptions } from '../../../../src/actors/memories/embedder.ts';
import { queriesAtOnceMax, queriesKeptMax } from '../../../../src/actors/memories/embedder.ts';
import { createClock } from '../../../../src/node/clock.ts';
import { meaningDimensions, startEmbeddingServer, toMeaning } from '../../../support/embedding-server.ts';
import type { EmbeddingServer } from '../../../support/embedding-server.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { until } from '../../../support/until.ts';

const clock = createClock();
let server: EmbeddingServer;
beforeEach(async () => {
  server = await startEmbeddingServer();
});
afterEach(() => server.close());

const openGate = () => openBreaker({ id: 'b', config: { minCalls: 3 }, clock, onEdge: () => undefined });

function toEndpoint(more: Partial<EmbeddingEndpoint> = {}): EmbeddingEndpoint {
  const url = `${server.url}/embeddings`;
  return { url, model: 'small', dimensions: meaningDimensions, shorten: false, key: undefined, ...more };
}

function open(more: Partial<EmbedderOptions> = {}, endpoint: Partial<EmbeddingEndpoint> = {}): Embedder {
  return new Embedder({
    endpoint: toEndpoint(endpoint),
    timeoutMs: 5_000,
    queryTimeoutMs: 2_000,
    breakers: { memories: openGate(), questions: openGate() },
    clock,
    log: quietLog,
    ...more,
  });
}
const never = new AbortController().signal;

describe('meanings of memories', () => {
  it('are asked for together, with key and length where these are wanted, and come back in order', async () => {
    const key = ['sk', 'made', 'up'].join('-');
    const embedder = open({}, { key, shorten: true });
    const texts = ['the salary is paid on Fridays', 'otter is the staging server'];
    expect(await embedder.embed(texts, never)).toEqual(texts.map(toMeaning));
    expect(server.asked).toEqual([
      { model: 'small', input: texts, dimensions: meaningDimensions, authorization: `Bearer ${key}` },
    ]);
  });

  it('are asked for again after a failure that may pass, and not after one that does not', async () => {
    const embedder = open();
    server.mood = 503;
    const asking = embedder.embed(['one'], never);
    await until('it was refused once', () => server.asked.length === 1);
    server.mood = 'well';
    expect(await asking).toHaveLength(1);
    expect(server.asked).toHaveLength(2);
    for (const [status, code] of [
      [401, 'upstream_unauthorized'],
      [404, 'config_invalid'],
      [400, 'argument_invalid'],
    ] as const) {
      const before = server.asked.length;
      server.mood = status;
      await expect(open().embed(['one'], never)).rejects.toMatchObject({ code });
      expect(server.asked).toHaveLength(before + 1);
    }
  });

  it.each([
    ['{"data":[]}', /1 texts and answered with 0/],
    ['not JSON at all', /not in the format/],
    [`{"data":[{"index":7,"embedding":${JSON.stringify(toMeaning('x'))}}]}`, /1 texts/],
    [`{"data":[{"embedding":[${'0,'.repeat(meaningDimensions - 1)}0]}]}`, /zero/],
    [`{"data":[{"embedding":[${'1e-60,'.repeat(meaningDimensions - 1)}0]}]}`, /zero/],
    [`{"data":[{"embedding":[${'0,'.repeat(meaningDimensions - 1)}1e39]}]}`, /beyond/],
    [`{"data":[{"embedding":[${'3e19,'.repeat(meaningDimensions - 1)}0]}]}`, /beyond/],
    [`{"data":[{"embedding":[${'0,'.repeat(meaningDimensions - 1)}1e999]}]}`, /beyond/],
    [`{"data":[{"embedding":[${'0, '.repeat(meaningDimensions - 1)}-Infinity]}]}`, /beyond/],
    [`{"data":[{"embedding":[NaN,${'1,'.repeat(meaningDimensions - 2)}null]}]}`, /beyond/],
    [`{"data":[{"embedding":["1",${'1,'.repeat(meaningDimensions - 2)}1]}]}`, /not in the format/],
    ['{"data":[{"embedding":[1,2]}]}', /2 dimensions .* says 32/],
    [`{"data":"${'x'.repeat(600_000)}"}`, /more than/],
  ])('are not taken from an answer such as %.40s', async (mood, sentence) => {
    server.mood = mood;
    await expect(embedTexts(toEndpoint(), ['one'], never)).rejects.toThrow(sentence);
  });
});

describe('the meaning of a question', () => {
  it('is asked for once and kept, by namespace, up to a bound', async () => {
    const embedder = open();
    expect(await embedder.toQuery('acme', 'wages')).toEqual(toMeaning('wages'));
    expect(await embedder.toQuery('acme', 'wages')).toEqual(toMeaning('wages'));
    expect(server.asked).toHaveLength(1);
    await embedder.toQuery('beta', 'wages');
    expect(server.asked).toHaveLength(2);
    for (let n = 0; n < queriesKeptMax; n += 1) await embedder.toQuery('acme', `question ${n}`);
    await embedder.toQuery('acme', 'wages');
    expect(server.asked).toHaveLength(2 + queriesKeptMax + 1);
  });

  it('is left alone when the endpoint is too slow, and after a few times not even asked for', async () => {
    const embedder = open({ queryTimeoutMs: 20 });
    server.mood = 'never';
    for (let n = 0; n < 5; n += 1) expect(await embedder.toQuery('acme', `wages ${n}`)).toBeUndefined();
    expect(server.asked).toHaveLength(3);
  });

  it('is not asked for when too many are', async () => {
    const embedder = open();
    server.mood = 'never';
    const asked = Array.from({ length: queriesAtOnceMax }, (_, n) => embedder.toQuery('acme', `q ${n}`));
    expect(await embedder.toQuery('acme', 'one more')).toBeUndefined();
    await server.close();
    expect(await Promise.all(asked)).toEqual(asked.map(() => undefined));
    server = await startEmbeddingServer();
  });
});
