/** `drey import`: files of every kind go to the node in bounded requests, and what was wrong with them is told. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importers } from '../../../src/importers/importers.ts';
import { cli } from '../../support/run-cli.ts';
import type { CliWorld } from '../../support/run-cli.ts';
import { sendJson, sendProblem, startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

interface Taken {
  readonly source: string;
  readonly key: string;
  readonly calls: readonly unknown[];
}

let folder: TemporaryFolder;
let node: SmallNode;
let world: CliWorld;
/** Episodes of each request. */
let requests: Taken[][];

/** Takes episodes in as the node does, knowing those it has seen. */
const takeIn: Route = (_req, res, body) => {
  const known = new Set(requests.flat().map(toId));
  const episodes = body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Taken);
  const fresh = episodes.filter((episode) => !known.has(toId(episode)));
  requests.push(episodes);
  const calls = fresh.reduce((sum, episode) => sum + episode.calls.length, 0);
  sendJson(res, { episodes: fresh.length, calls, duplicates: episodes.length - fresh.length });
};

function toId(episode: Taken): string {
  return `${episode.source} ${episode.key}`;
}

beforeEach(async () => {
  folder = await temporaryFolder('drey-import');
  requests = [];
  node = await startSmallNode({ routes: { 'GET /api/v1/status': {}, 'POST /api/v1/import': takeIn } });
  world = { env: { DREY_URL: node.url } };
});

afterEach(async () => {
  await node.close();
  await folder.remove();
});

const line = (key: string, more: object = {}): string =>
  JSON.stringify({
    episode_id: key,
    task: 'count the sheep',
    success: true,
    steps: [
      { tool: 'sheep__list', args: { field: 3 }, result: [1, 2] },
      { tool: 'sheep__count', args: {}, result: 2 },
    ],
    ...more,
  });

/** A zstd frame with the text in one raw block: Node 20 packs none itself. */
function toZstd(text: string): Buffer {
  const content = Buffer.from(text);
  const header = (content.length << 3) | 1;
  const magic = [0x28, 0xb5, 0x2f, 0xfd, 0x60];
  const size = content.length - 256;
  const block = [header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff];
  return Buffer.concat([Buffer.from([...magic, size & 0xff, (size >> 8) & 0xff, ...block]), content]);
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder.path, name), content);
  return join(folder.path, name);
}

describe('a file', () => {
  it('is taken in plain, packed, and from standard input', async () => {
    const text = `${line('a')}\n${line('b')}\n`;
    const plain = await file('plain.jsonl', text);
    // The name says nothing: the first bytes decide.
    const packed = await file('packed.txt', gzipSync(text));
    const stdin = new PassThrough();
    stdin.end(gzipSync(text));
    const { code, out, err } = await cli(['import', plain, packed, '-', '--namespace', 'flock', '--json'], {
      ...world,
      stdin,
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({
      files: 3,
      formats: { episodes: 3 },
      episodes: 2,
      calls: 4,
      duplicates: 4,
      badLines: 0,
      brokenOff: 0,
      seconds: expect.any(Number),
      callsPerSecond: expect.any(Number),
    });
    expect(node.seen[1]?.path).toBe('/api/v1/import?namespace=flock');
    expect(requests.map((episodes) => episodes.map((episode) => episode.key))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    // The same episodes, whatever the copies are called.
    expect(new Set(requests.flat().map((episode) => episode.source)).size).toBe(1);
  });

  it('is taken in when it is packed with zstd, and told when that breaks off or is damaged', async () => {
    const whole = toZstd(`${line('a')}\n${line('b')}\n`);
    const { code, out } = await cli(['import', await file('rollout.jsonl.zst', whole), '--json'], world);
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 0, episodes: 2, badLines: 0 });
    const torn = await cli(['import', await file('torn.zst', whole.subarray(0, 300))], world);
    expect(torn.err).toContain('torn.zst cannot be read: the zstd data breaks off.');
    const damaged = Buffer.concat([whole.subarray(0, 4), Buffer.alloc(40, 0xff)]);
    const broken = await cli(['import', await file('damaged.zst', damaged)], world);
    expect(broken.err).toContain('damaged.zst cannot be read: the zstd data is damaged.');
  });

  it('keeps its identity when it is packed, moved or has grown', async () => {
    const first = await file('runs.jsonl', `${line('a')}\n`);
    await cli(['import', first], world);
    const { out } = await cli(
      ['import', await file('runs.jsonl.gz', gzipSync(`${line('a')}\n${line('b')}\n`))],
      world,
    );
    expect(out).toMatch(
      /^1 episode with 2 calls from 1 file \(episodes\) in .*\n1 duplicate left out\nLearning from them goes on; .*\n$/,
    );
  });

  it('has its bad lines told by number, without what they hold, and the rest is taken in', async () => {
    const path = await file('mixed.jsonl', `${line('a')}\n{"secret": \nnull\n${line('b')}\n`);
    const { code, out, err } = await cli(['import', path], world);
    expect(code).toBe(0);
    expect(err).toBe(`${path}:2: the line is not JSON\n${path}:3: the line is JSON but no object\n`);
    expect(out).toMatch(/2 episodes with 4 calls .*\n2 bad lines skipped\nLearning from them goes on; .*\n$/);
  });

  it('has only some of very many bad lines told', async () => {
    const path = await file('bad.jsonl', `${line('a')}\n${'?\n'.repeat(1_000)}`);
    const { code, err } = await cli(['import', path], world);
    expect(code).toBe(0);
    expect(err.split('\n')).toHaveLength(22);
    expect(err).toMatch(/… and 980 more bad lines\n$/);
  });

  it('of an unknown format is told with those that are known', async () => {
    const path = await file('poem.txt', 'roses are red\n');
    const { code, err } = await cli(['import', path], world);
    expect(code).toBe(65);
    for (const { name } of importers) expect(err).toContain(name);
    expect(err).toContain(`${path} holds no JSON in its first lines`);
    const other = await file('other.jsonl', '{"a":1}\n');
    expect((await cli(['import', other], world)).err).toContain(`${other} has no known format`);
    expect(await cli(['import', path, '--format', 'poem'], world)).toMatchObject({
      code: 65,
      err: expect.stringContaining('There is no format "poem"'),
    });
    expect(await cli(['import', path, '--format', 'episodes'], world)).toMatchObject({
      code: 65,
      err: expect.stringContaining('Nothing could be imported'),
    });
    expect(await cli(['import', await file('empty', '')], world)).toMatchObject({
      code: 65,
      err: expect.stringContaining('holds no line'),
    });
  });

  it('that is missing, a folder, or damaged does not stop the others', async () => {
    const damaged = await file(
      'damaged.gz',
      gzipSync(`${line('a')}\n${line('b').repeat(500)}\n`).subarray(0, 300),
    );
    const good = await file('good.jsonl', `${line('c')}\n`);
    const { code, out, err } = await cli(
      ['import', join(folder.path, 'none'), folder.path, damaged, good, '--json'],
      world,
    );
    expect(code).toBe(66);
    expect(err).toContain('none cannot be read: there is no such file.');
    expect(err).toContain('is a folder; name the files in it.');
    expect(err).toContain('damaged.gz cannot be read: the gzip data breaks off.');
    expect(err).toMatch(/drey: 3 of 4 files could not be imported wholly\.\n$/);
    expect(JSON.parse(out)).toMatchObject({ files: 2, brokenOff: 1 });
    expect(requests.flat().map((episode) => episode.key)).toContain('c');
  });

  it('that breaks off is taken in up to there', async () => {
    const packed = gzipSync(`${line('a')}\n${line('b')}\n${randomBytes(4_000).toString('hex')}`);
    const cut = await file('cut.gz', packed.subarray(0, packed.length - 2_000));
    const { code, out, err } = await cli(['import', cut], world);
    expect(code).toBe(66);
    expect(err).toContain(
      'cut.gz cannot be read: the gzip data breaks off.\n  The lines up to 2 were read.\n',
    );
    expect(out).toMatch(/^2 episodes with 4 calls from 1 file /);
    expect(requests.flat().map((episode) => episode.key)).toEqual(['a', 'b']);
  });

  it('that is missing is said to be, and no figures of nothing follow', async () => {
    const { code, out, err } = await cli(['import', join(folder.path, 'none')], world);
    expect([code, out]).toEqual([66, '']);
    expect(err).toContain('none cannot be read: there is no such file.');
  });

  it('of any size is sent in bounded requests, in order, with nothing lost', async () => {
    const keys = Array.from({ length: 1_201 }, (_, at) => `e${at}`);
    const path = await file('many.jsonl', keys.map((key) => line(key)).join('\n'));
    const { out } = await cli(['import', path, '--json'], world);
    expect(requests.map((episodes) => episodes.length)).toEqual([500, 500, 201]);
    expect(requests.flat().map((episode) => episode.key)).toEqual(keys);
    expect(JSON.parse(out)).toMatchObject({ episodes: 1_201, calls: 2_402 });
  });

  it('that is huge needs no more memory than a small one', async () => {
    const filler = {
      task: 'x',
      notes: undefined,
      steps: Array.from({ length: 20 }, () => ({ tool: 't', args: { text: 'y'.repeat(1_000) } })),
    };
    const path = join(folder.path, 'huge.jsonl.gz');
    // About 40 MB of text.
    const lines = (function* () {
      for (let at = 0; at < 2_000; at += 1) yield `${line(`h${at}`, filler)}\n`;
    })();
    await pipeline(Readable.from(lines), createGzip({ level: 1 }), createWriteStream(path));
    await node.close();
    let peakBytes = 0;
    node = await startSmallNode({
      routes: {
        'GET /api/v1/status': {},
        'POST /api/v1/import': ((_req, res, body) => {
          peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
          sendJson(res, { episodes: body.split('\n').length - 1, calls: 0, duplicates: 0 });
        }) satisfies Route,
      },
      forgetful: true,
    });
    const beforeBytes = process.memoryUsage().rss;
    const { out } = await cli(['import', path, '--json'], { env: { DREY_URL: node.url } });
    expect(JSON.parse(out)).toMatchObject({ episodes: 2_000 });
    // This process is client and server: room for a request of 16 MB on both sides, and what is not collected yet.
    expect(peakBytes - beforeBytes).toBeLessThan(300 * 1024 * 1024);
  }, 60_000);
});

describe('the node', () => {
  it('that refuses ends the import with its own words', async () => {
    await node.close();
    node = await startSmallNode({
      routes: {
        'GET /api/v1/status': {},
        'POST /api/v1/import': ((_req, res) =>
          sendProblem(res, 403, 'permission_denied', 'this key may not import')) satisfies Route,
      },
    });
    const path = await file('a.jsonl', `${line('a')}\n`);
    expect(await cli(['import', path], { env: { DREY_URL: node.url } })).toMatchObject({
      code: 77,
      out: '',
      err: expect.stringMatching(/^drey: this key may not import\.\n/),
    });
  });

  it('that refuses a namespace is heard before anything is sent', async () => {
    await node.close();
    const refuse: Route = (_req, res) =>
      sendProblem(res, 403, 'permission_denied', 'this namespace is not yours');
    node = await startSmallNode({ routes: { 'GET /api/v1/status': refuse, 'POST /api/v1/import': takeIn } });
    const path = await file('a.jsonl', `${line('a')}\n`);
    const { code, err } = await cli(['import', path, '--namespace', 'theirs'], {
      env: { DREY_URL: node.url },
    });
    expect({ code, requests }).toEqual({ code: 77, requests: [] });
    expect(err).toMatch(/^drey: this namespace is not yours\.\n/);
  });

  it('that breaks off in the middle of a request is told', async () => {
    const breaking = createServer((req, res) => {
      if (req.method === 'GET') sendJson(res, {});
      else req.once('data', () => req.destroy());
    });
    await new Promise<void>((resolve) => breaking.listen(0, '127.0.0.1', resolve));
    const { port } = breaking.address() as AddressInfo;
    const steps = [{ tool: 't', args: { text: 'z'.repeat(20_000) } }];
    const path = await file('large.jsonl', `${line('a', { steps })}\n`.repeat(1_000));
    const env = { DREY_URL: `http://127.0.0.1:${port}` };
    expect(await cli(['import', path], { env })).toMatchObject({
      code: 69,
      err: expect.stringMatching(/^drey: The node at \S+ broke off the import\.\n {2}Its log says why/),
    });
    await new Promise((resolve) => breaking.close(resolve));
  });

  it('that is not there is told before anything is read', async () => {
    const { url } = node;
    await node.close();
    const path = await file('a.jsonl', `${line('a')}\n`);
    expect(await cli(['import', path], { env: { DREY_URL: url } })).toMatchObject({ code: 69, out: '' });
    node = await startSmallNode();
  });
});
