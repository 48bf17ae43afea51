/** `drey doctor`, `drey top`, `drey completion` and `drey systemd`: what they print, in words and as JSON. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examineNode } from '../../../src/cli/doctor/machine.ts';
import { cli, startCli } from '../../support/run-cli.ts';
import { meaningDimensions, startEmbeddingServer } from '../../support/embedding-server.ts';
import { startSmallNode } from '../../support/small-node.ts';
import type { SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

let folder: TemporaryFolder;
let node: SmallNode | undefined;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await temporaryFolder('drey-doctor');
  env = {
    HOME: folder.path,
    DREY_DATA: join(folder.path, 'data'),
    DREY_CACHE: folder.path,
    DREY_PORT: '0',
    PATH: '',
  };
});
afterEach(async () => {
  await node?.close();
  node = undefined;
  await folder.remove();
});

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { what: string; state: string; says: string; mend?: string }[];
}

async function examine(more: Record<string, string> = {}): Promise<Report & { code: number }> {
  const { code, out } = await cli(['doctor', '--json'], { env: { ...env, ...more }, cwd: folder.path });
  return { code, ...(JSON.parse(out) as Report) };
}

const status = {
  version: '0.1.0',
  url: 'http://127.0.0.1:1',
  state: 'degraded',
  resources: [
    { id: 'r-bus', state: 'healthy', what: 'bus' },
    { id: 'r-fs', state: 'unhealthy', what: 'upstream fs', lastError: 'it ended\u001b[2J' },
  ],
  breakers: [
    { id: 'b-fs', state: 'open', retryAfterMs: 90_000 },
    { id: 'b-bus', state: 'closed', retryAfterMs: null },
  ],
  events: { waiting: 5_000, published: 10 },
  learning: { engine_status: 'running', behind: 0 },
  catalogue: { tools: 3, stale: 0, held: 2 },
  sessions: 1,
};

describe('drey doctor', () => {
  it('finds nothing wrong on a machine where all is well', async () => {
    const { code, ok, findings } = await examine();
    expect([code, ok]).toEqual([0, true]);
    expect(findings.map(({ what }) => what)).toEqual([
      'Node',
      'configuration',
      'data folder',
      'disk',
      'node',
      'port',
      'nats-server',
    ]);
  });

  it('names what is wrong with configuration, port and programs, and how to mend each', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    await writeFile(
      join(folder.path, 'drey.json'),
      JSON.stringify({ mcpServers: { fs: { command: 'no-such-program' } } }),
    );
    const wrong = await examine({ DREY_PORT: String(port), DREY_NATS_SERVER: '/no/such/nats' });
    await new Promise((resolve) => taken.close(resolve));
    expect([wrong.code, wrong.ok]).toEqual([69, false]);
    const faults = wrong.findings.filter(({ state }) => state === 'bad');
    expect(faults.map(({ what }) => what)).toEqual(['port', 'nats-server', 'server fs']);
    expect(faults.every(({ mend }) => mend !== undefined && mend.endsWith('.'))).toBe(true);
    const file = join(folder.path, 'a-file');
    await writeFile(file, '');
    expect((await examine({ DREY_DATA: file })).findings).toContainEqual(
      expect.objectContaining({ what: 'data folder', state: 'bad', says: `${file} is a file and no folder` }),
    );
    await writeFile(join(folder.path, 'drey.json'), '{"prot": 1}');
    const { findings } = await examine();
    expect(findings[1]).toMatchObject({
      what: 'configuration',
      state: 'bad',
      says: expect.stringContaining('"prot"'),
    });
  });

  it('asks the running node, external servers, and says it for people', async () => {
    node = await startSmallNode({ routes: { 'GET /api/v1/status': status } });
    const more = {
      DREY_URL: node.url,
      DREY_NATS_URL: 'nats://127.0.0.1:1',
      DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/b',
    };
    const { code, out } = await cli(['doctor'], { env: { ...env, ...more }, cwd: folder.path });
    expect(code).toBe(69);
    expect(out).toMatch(/^warn {2}node +Drey 0\.1\.0 at http:\/\/127\.0\.0\.1:1, degraded$/m);
    expect(out).toMatch(/^ok {4}r-bus +bus, healthy$/m);
    expect(out).toMatch(/^bad {3}r-fs +upstream fs, unhealthy, it ended\\u001b\[2J$/m);
    expect(out).toMatch(/^bad {3}b-fs +breaker open, tried again in 1 min$/m);
    expect(out).not.toContain('b-bus');
    expect(out).toMatch(/^warn {2}event lag +5,000 events wait for the bus$/m);
    expect(out).toMatch(/^warn {2}tools +2 tools held back$/m);
    expect(out).toMatch(/^bad {3}NATS +nothing answers at 127\.0\.0\.1:1$/m);
    expect(out).toMatch(/^bad {3}Postgres .*not reachable/m);
    expect(out).not.toContain('secret');
  });

  it('tells a bus that is none, one without streams, and one that is well', async () => {
    const cases = [
      ['HTTP/1.1 400\r\n', 'is no NATS server'],
      ['INFO {"version":"2.9.1"}\r\n', 'has no JetStream'],
      ['INFO {"version":"2.12.1","jetstream":true}\r\n', '2.12.1 at'],
    ] as const;
    for (const [greeting, says] of cases) {
      const server = createServer((socket) => socket.on('error', () => undefined).write(greeting)).listen(
        0,
        '127.0.0.1',
      );
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const { findings } = await examine({ DREY_NATS_URL: `127.0.0.1:${port}` });
      expect(findings.find(({ what }) => what === 'NATS')?.says).toContain(says);
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it.each([
    ['v20.18.3', 'bad'],
    ['v20.19.0', 'ok'],
    ['v18.20.0', 'bad'],
    ['v24.1.0', 'ok'],
  ])('says of Node %s: %s', (version, state) => {
    expect(examineNode(version).state).toBe(state);
  });
});

describe('drey top', () => {
  const call = (type: string, durationMs: number, more: object = {}) => ({
    id: 'v-1',
    type,
    at: '2026-03-01T10:00:00.000Z',
    namespace: 'default',
    actor: { kind: 'session', id: 's-1' },
    data: { name: 'fs__read', durationMs, isError: false, ...more },
  });
  const open = async (): Promise<string> => {
    node = await startSmallNode({
      routes: {
        'GET /api/v1/status': status,
        'GET /api/v1/sessions': {
          sessions: [
            {
              id: 's-1',
              principal: 'ada',
              client: 'claude',
              states: ['ready.idle'],
              task: 'count\u202e sheep',
            },
          ],
          total: 3,
        },
        'GET /api/v1/events': (_req: unknown, res: ServerResponse) => {
          res.writeHead(200, { 'content-type': 'text/event-stream' });
          const failed = call('call.failed', 7, { error: { message: 'upstream is away' } });
          for (const event of [call('call.finished', 3), failed])
            res.write(`data: ${JSON.stringify(event)}\n\n`);
        },
      },
    });
    return node.url;
  };

  it('shows one look into a pipe, escaped', async () => {
    const { code, out } = await cli(['top', '--url', await open()], { env: { NO_COLOR: '1' } });
    expect(code).toBe(0);
    expect(out).toContain('degraded');
    expect(out).toMatch(/^calls +0\.0\/s/m);
    expect(out).toMatch(/^s-1 +ready\.idle +ada +claude +count\\u202e sheep$/m);
    expect(out).toContain('… and 2 more');
  });

  it('goes on with calls a second, latency and failures until a signal', async () => {
    const top = startCli(['top', '--json', '--url', await open()]);
    await until('calls were counted', () => /"p95Ms":7/.test(top.out()), 10_000);
    top.signal('SIGINT');
    const { code, out } = await top.ended;
    expect(code).toBe(0);
    const last = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { pulse: object; sessions: object };
    expect(last).toMatchObject({
      pulse: { p50Ms: 7, p95Ms: 7, failures: [{ tool: 'fs__read', why: 'upstream is away' }] },
      sessions: { total: 3 },
    });
  });
});

describe('drey completion', () => {
  it('prints a script that bash completes with', async () => {
    const { out } = await cli(['completion', 'bash']);
    const file = join(folder.path, 'drey.bash');
    await writeFile(file, out);
    const complete = (...words: string[]): string =>
      execFileSync(
        'bash',
        [
          '-c',
          `source ${file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _drey; echo "\${COMPREPLY[@]}"`,
          '-',
          'drey',
          ...words,
        ],
        {
          encoding: 'utf8',
        },
      ).trim();
    expect(complete('impo')).toBe('import');
    expect(complete('import', '--dr')).toBe('--dry-run');
    expect(complete('sops', 'li')).toBe('list');
    expect(complete('--nothing')).toBe('');
  });

  it.each(['zsh', 'fish'])('prints one for %s that names every command', async (shell) => {
    const { code, out } = await cli(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['import', 'doctor', 'top', 'systemd']) expect(out).toContain(word);
    expect((await cli(['completion', 'tcsh'])).code).toBe(64);
  });
});

describe('drey systemd', () => {
  const analyze = '/usr/bin/systemd-analyze';

  it('prints a unit for the user, or for the machine', async () => {
    const data = join(folder.path, 'my "data" 100%');
    await mkdir(data);
    const { code, out } = await cli(['systemd', '--data', data, '--port', '7444'], {
      env: { DREY_LIMITS: 'production' },
    });
    expect(code).toBe(0);
    expect(out).toContain(` up --data "${folder.path}/my \\"data\\" 100%%" --port 7444\n`);
    expect(out).toContain('Environment=DREY_LIMITS=production');
    expect(out).toContain('WantedBy=default.target');
    const machine = await cli(['systemd', '--system'], {
      env: { DATABASE_URL: 'postgres://u:secret@h/d', DREY_DATA: '/data' },
    });
    expect(machine.out).toContain('WantedBy=multi-user.target');
    expect(machine.out).not.toContain('secret');
  });

  it.skipIf(!existsSync(analyze))('prints one that systemd takes', async () => {
    const { out } = await cli(['systemd', '--data', '/tmp/some where']);
    const file = join(folder.path, 'drey.service');
    await writeFile(file, out);
    expect(() => execFileSync(analyze, ['verify', '--man=no', file], { stdio: 'pipe' })).not.toThrow();
  });
});

it('looks at what memories are found by only where an endpoint is configured, and says what is missing', async () => {
  const endpoint = await startEmbeddingServer();
  const { url } = endpoint;
  const write = (more: object) =>
    writeFile(
      join(folder.path, 'drey.json'),
      JSON.stringify({ embeddings: { url, model: 'small', dimensions: meaningDimensions, ...more } }),
    );
  const find = async (what: string) => (await examine()).findings.find((finding) => finding.what === what);
  try {
    expect(await find('embeddings')).toBeUndefined();
    await write({});
    expect(await find('vectors')).toMatchObject({
      state: 'warn',
      says: 'memories are searched by words alone: the embedded Postgres has no extension vector',
    });
    expect(await find('embeddings')).toMatchObject({ state: 'ok', says: 'small answers with 32 dimensions' });
    await write({ dimensions: 7 });
    expect(await find('embeddings')).toMatchObject({
      state: 'bad',
      says: expect.stringMatching(/32 dimensions/),
    });
    await write({ key: '${NO_SUCH_KEY}' });
    expect(await find('embeddings')).toMatchObject({ says: expect.stringMatching(/NO_SUCH_KEY is not set/) });
  } finally {
    await endpoint.close();
  }
});
