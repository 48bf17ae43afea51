/** Commands as users type them, against a small node: what is asked, what is printed, and how they end. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { topics } from '../../../machines/words/events.ts';
import { SopStatus } from '../../../machines/words/sops.ts';
import { topicNames } from '../../../src/cli/commands/events.ts';
import { cli, startCli } from '../../support/run-cli.ts';
import type { CliWorld } from '../../support/run-cli.ts';
import { sendProblem, startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode, SmallNodeOptions } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

let folder: TemporaryFolder;
let node: SmallNode | undefined;

beforeEach(async () => {
  folder = await temporaryFolder('drey-cli');
});

afterEach(async () => {
  await node?.close();
  node = undefined;
  await folder.remove();
});

/** A data folder whose node is a small one. */
async function withNode(
  routes: SmallNodeOptions['routes'],
  token?: string,
): Promise<CliWorld & { env: Record<string, string> }> {
  node = await startSmallNode({ routes: routes ?? {} });
  await writeFile(
    join(folder.path, 'node.json'),
    JSON.stringify({ url: node.url, pid: 4_000_000, version: '0.1.0' }),
  );
  if (token !== undefined) await writeFile(join(folder.path, 'token'), `${token}\n`);
  return { env: { DREY_DATA: folder.path } };
}

const sop = {
  sop_id: 'p-0123456789abcdef',
  trigger: 'Refund an order\u001b[2J',
  steps: ['1. find the order', '2. refund it'],
  confidence: 0.91,
  occurrences: 17,
  procedure: [
    {
      tool: 'shop__find',
      optional: false,
      repeated: false,
      alternatives: [],
      support: 1,
      args: { id: { from: 'task', selector: 'the number', support: 1 } },
    },
    {
      tool: 'shop__refund',
      optional: true,
      repeated: false,
      alternatives: ['shop__void'],
      support: 0.8,
      args: {
        order: {
          from: 'result',
          step: 0,
          path: '/id',
          support: 0.8,
          against: 2,
          exceptions: ['k-8', 'k-9'],
        },
        fast: { from: 'constant', value: true, support: 1 },
      },
    },
  ],
  evidence: ['k-1', 'k-2'],
  metadata: {
    status: 'active',
    pitfalls: [{ tool: 'shop__refund', failedTimes: 2, recoveredBy: 'shop__void' }],
  },
};

describe('words', () => {
  it('explains itself without any', async () => {
    const { code, out } = await cli([]);
    expect(code).toBe(0);
    expect(out).toMatch(/Usage: drey/);
    for (const name of ['up', 'down', 'stdio', 'status', 'ask', 'sops', 'import', 'events'])
      expect(out).toMatch(new RegExp(`  ${name}[ |]`));
  });

  it.each(['up', 'down', 'stdio', 'status', 'ask', 'sops list', 'sops show', 'import', 'events'])(
    'explains "%s" with examples',
    async (name) => {
      const { code, out, err } = await cli([...name.split(' '), '--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/Examples:\n {2}(drey|claude)/);
    },
  );

  it('tells its version', async () => {
    expect(await cli(['--version'])).toEqual({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      err: '',
    });
  });

  const explains = '  "drey help <command>" explains a command.\n';
  it.each([
    [['statsu'], `drey: unknown command 'statsu'\n  Did you mean status?\n${explains}`],
    [['events', '--folow'], `drey: unknown option '--folow'\n  Did you mean --follow?\n${explains}`],
    [['ask'], `drey: missing required argument 'task'\n${explains}`],
    [['sops', '--min-confidence', '7'], expect.stringContaining('It must be a number from 0 to 1.')],
    [['up', '--port', '70000'], expect.stringContaining('It must be a whole number from 0 to 65535.')],
  ])('that are wrong get a sentence, a suggestion and code 64: %j', async (words, err) => {
    expect(await cli(words)).toEqual({ code: 64, out: '', err });
  });

  it('uses the words of the vocabulary', async () => {
    expect(Object.keys(topics)).toEqual([...topicNames]);
    const { out } = await cli(['sops', 'list', '--help'], { columns: 200 });
    for (const status of SopStatus.options) expect(out).toContain(`"${status}"`);
  });
});

describe('the node', () => {
  it('is found through its data folder and given the folder’s token', async () => {
    const world = await withNode({ 'GET /api/v1/status': { state: 'running' } }, 'secret');
    expect((await cli(['status'], world)).code).toBe(0);
    expect(node?.seen).toMatchObject([{ path: '/api/v1/status', authorization: 'Bearer secret' }]);
  });

  it('that somebody names never gets the folder’s token', async () => {
    const world = await withNode({ 'GET /api/v1/status': { state: 'running' } }, 'secret');
    const url = node?.url ?? '';
    await cli(['status', '--url', `${url}/`], world);
    await cli(['status'], { env: { ...world.env, DREY_URL: url } });
    await cli(['status', '--url', url], { env: { DREY_TOKEN: 'own' } });
    expect(node?.seen.map((seen) => seen.authorization)).toEqual([undefined, undefined, 'Bearer own']);
  });

  it('is looked for in the folder that the configuration file names', async () => {
    await withNode({ 'GET /api/v1/status': { state: 'running', version: '9' } });
    const project = join(folder.path, 'project');
    await mkdir(project);
    await writeFile(join(project, 'drey.json'), JSON.stringify({ dataFolder: '..' }));
    expect((await cli(['status'], { cwd: project })).out).toMatch(/^Drey 9 {2}running/);
  });

  it('that does not run is told with what to do, and code 69', async () => {
    expect(await cli(['status', '--data', folder.path])).toEqual({
      code: 69,
      out: '',
      err: `drey: No node runs for the data folder ${folder.path}.\n  Start one with "drey up", or name another with --url or DREY_URL.\n`,
    });
  });

  it('is that of the folder named on the command line, whatever a variable says', async () => {
    const empty = join(folder.path, 'empty');
    const { code, err } = await cli(['down', '--data', empty], { env: { DREY_URL: 'http://127.0.0.1:1' } });
    expect([code, err]).toEqual([0, expect.not.stringContaining('127.0.0.1:1')]);
    expect(
      (await cli(['status', '--data', empty], { env: { DREY_URL: 'http://127.0.0.1:1' } })).err,
    ).toContain(`No node runs for the data folder ${empty}`);
  });

  it('that is gone is told, with the cause only when asked for', async () => {
    const world = await withNode({});
    await node?.close();
    const { code, err } = await cli(['ask', 'x'], world);
    expect(code).toBe(69);
    expect(err).toMatch(/^drey: Nothing listens at http:\/\/127\.0\.0\.1:\d+\.\n {2}Start one/);
    expect(err).not.toContain('    at ');
    expect((await cli(['ask', 'x', '--verbose'], world)).err).toMatch(
      /caused by Error: connect ECONNREFUSED/,
    );
  });

  it('must have an address that makes sense', async () => {
    expect(await cli(['status', '--url', 'localhost:7333'])).toMatchObject({
      code: 64,
      err: expect.stringContaining('no address of a node'),
    });
  });

  it('refuses with its own sentence and exit code', async () => {
    const world = await withNode({
      'GET /api/v1/status': ((_req, res) =>
        sendProblem(res, 403, 'permission_denied', 'the key may not do this')) satisfies Route,
    });
    const { code, err } = await cli(['status'], world);
    expect(code).toBe(77);
    expect(err).toMatch(/^drey: the key may not do this\.\n/);
  });

  it('is not taken for one when something else answers', async () => {
    const world = await withNode({
      'GET /api/v1/status': ((_req, res) => void res.end('<html>')) satisfies Route,
    });
    expect(await cli(['status'], world)).toMatchObject({
      code: 69,
      err: expect.stringContaining('no Drey node'),
    });
  });
});

describe('status', () => {
  const answer = {
    version: '0.1.0',
    url: 'http://127.0.0.1:7333',
    pid: 7,
    state: 'running',
    uptimeSeconds: 3_720,
    sessions: 3,
    events: { waiting: 0, published: 12_345 },
    learning: {
      engine_status: 'running',
      behind: null,
      statistics: { total_sops: 12, total_patterns: 1, avg_confidence: 0.5 },
    },
    resources: [
      { id: 'r-nats', state: 'healthy', what: 'embedded nats' },
      { id: 'r-files', state: 'unhealthy', what: 'npx server-files' },
    ],
  };

  it('is one line a fact and a table', async () => {
    const world = await withNode({ 'GET /api/v1/status': answer });
    expect((await cli(['status', '--namespace', 'acme'], world)).out.split('\n')).toEqual([
      'Drey 0.1.0  running  http://127.0.0.1:7333  pid 7  up 1 h 2 min',
      'sessions   3 open',
      'events     12,345 published, 0 waiting',
      'learning   running, 12 SOPs, 1 pattern',
      '',
      'RESOURCE  STATE      WHAT',
      'r-nats    healthy    embedded nats',
      'r-files   unhealthy  npx server-files',
      '',
    ]);
    expect(node?.seen[0]?.path).toBe('/api/v1/status?namespace=acme');
  });

  it('survives a node that says less', async () => {
    expect((await cli(['status'], await withNode({ 'GET /api/v1/status': {} }))).out).toBe(
      'Drey   unknown\n',
    );
  });

  it('is the node’s own JSON for programs', async () => {
    const world = await withNode({ 'GET /api/v1/status': answer });
    expect((await cli(['status', '--json'], world)).out).toBe(`${JSON.stringify(answer)}\n`);
  });

  it('has colours on a terminal only, and none with NO_COLOR', async () => {
    const world = await withNode({ 'GET /api/v1/status': answer });
    expect((await cli(['status'], { ...world, columns: 80 })).out).toContain('\u001b[32mrunning');
    expect((await cli(['status'], { env: { ...world.env, NO_COLOR: '1' }, columns: 80 })).out).not.toContain(
      '\u001b',
    );
  });
});

describe('sops', () => {
  it('are listed, best first, with everything dangerous made visible', async () => {
    const world = await withNode({ 'GET /api/v1/sops': { sops: [sop] } });
    expect(
      (await cli(['sops', '--namespace', 'a', '--min-confidence', '0.7', '--limit', '5'], world)).out.split(
        '\n',
      ),
    ).toEqual([
      'ID                  CONF  TASKS  STATUS  TRIGGER',
      String.raw`p-0123456789abcdef  0.91     17  active  Refund an order\u001b[2J`,
      '',
    ]);
    expect(node?.seen[0]?.path).toBe('/api/v1/sops?namespace=a&min_confidence=0.7&limit=5');
  });

  it('say so when there are none', async () => {
    expect((await cli(['sops'], await withNode({ 'GET /api/v1/sops': { sops: [] } }))).out).toMatch(
      /^No SOPs here yet/,
    );
  });

  it('are shown with what silent predictions say of them', async () => {
    const reliability = {
      share: 0.25,
      checked: 8,
      last_checked_at: '2026-02-10',
      reason: 'it missed 5\u001b',
    };
    const quarantined = { ...sop, metadata: { ...sop.metadata, status: 'quarantined', reliability } };
    const world = await withNode({ 'GET /api/v1/sops/p-0123456789abcdef': quarantined });
    const { out } = await cli(['sops', 'show', sop.sop_id], world);
    expect(out).toContain(
      String.raw`right in 25 % of 8 silent predictions, last checked 2026-02-10${'\n'}it missed 5\u001b${'\n'}`,
    );
  });

  it('are shown in full: steps, where arguments come from, pitfalls, evidence', async () => {
    const world = await withNode({ 'GET /api/v1/sops/p-0123456789abcdef': sop });
    expect((await cli(['sops', 'show', sop.sop_id], world)).out.split('\n')).toEqual([
      String.raw`Refund an order\u001b[2J`,
      'p-0123456789abcdef  active  confidence 0.91  learned from 17 tasks',
      'not checked yet by silent predictions',
      '',
      '   1. find the order',
      '        id from the task (the number)',
      '   2. refund it  (optional; or shop__void; in 80 %)',
      '        order from the result of step 1 at /id  (in 80 %; otherwise in 2 tasks: k-8, k-9)',
      '        fast from the constant true',
      '',
      'Pitfalls',
      '  ! shop__refund failed 2 times here; shop__void recovered it',
      '',
      'Proved by the calls',
      '  k-1',
      '  k-2',
      '',
    ]);
  });

  it('are written as files that are never overwritten, and taken in again', async () => {
    const document = { format: 'drey-sop', formatVersion: 1 };
    const world = await withNode({
      [`GET /api/v1/sops/${sop.sop_id}`]: { ...sop, metadata: { ...sop.metadata, version: 4 } },
      [`GET /api/v1/sops/${sop.sop_id}/export`]: { text: JSON.stringify(document) },
      'POST /api/v1/sops/import': { sop_id: 'p-new', version: 1, status: 'candidate' },
    });
    const file = join(folder.path, 'procedure.json');
    const write = ['sops', 'export', sop.sop_id, '--out', file];
    expect((await cli(write, world)).code).toBe(0);
    const again = await cli(write, world);
    expect([again.code, again.err]).toEqual([64, expect.stringContaining('it is there already')]);
    const taken = await cli(['sop', 'import', file], world);
    expect(taken.out).toContain('p-new  version 1  candidate.');
    expect(node?.seen.at(-1)?.body).toEqual(JSON.stringify({ document }));
    await cli(['sops', 'import', file, '--into', sop.sop_id, '--yes'], world);
    expect(JSON.parse(node?.seen.at(-1)?.body ?? '')).toEqual({
      document,
      into: { sop_id: sop.sop_id, version: 4 },
    });
  });

  it('are compared with the version before, and rolled back', async () => {
    const path = `/api/v1/sops/${sop.sop_id}`;
    const world = await withNode({
      [`GET ${path}`]: { ...sop, metadata: { version: 4 } },
      [`GET ${path}/diff`]: {
        from: 3,
        to: 4,
        differences: [{ path: '/trigger', was: '"a\u001b[2J"', now: '"b"' }],
      },
      [`POST ${path}/rollback`]: { ...sop, metadata: { version: 5 } },
    });
    const { out } = await cli(['sops', 'diff', sop.sop_id], world);
    expect(out).toBe('/trigger\n  - "a\\u001b[2J"\n  + "b"\n');
    expect(node?.seen.at(-1)?.path).toBe(`${path}/diff?from=3&to=4`);
    const back = await cli(['sops', 'rollback', sop.sop_id, '--to', '2'], world);
    expect(back.out).toBe('Version 5 has the content of version 2 again.\n');
    expect(JSON.parse(node?.seen.at(-1)?.body ?? '')).toEqual({ version: 4, to: 2 });
  });

  it('are found by the beginning of an id, unless two begin like that', async () => {
    const unknown: Route = (_req, res) =>
      sendProblem(res, 404, 'sop_unknown', 'no SOP has this id in this namespace');
    const world = await withNode({
      'GET /api/v1/sops': { sops: [sop, { ...sop, sop_id: 'p-0123999' }] },
      'GET /api/v1/sops/p-01234': unknown,
      'GET /api/v1/sops/p-0123': unknown,
      'GET /api/v1/sops/nope': unknown,
      [`GET /api/v1/sops/${sop.sop_id}`]: sop,
    });
    expect((await cli(['sops', 'show', 'p-01234', '--json'], world)).out).toBe(`${JSON.stringify(sop)}\n`);
    expect(await cli(['sops', 'show', 'p-0123'], world)).toMatchObject({
      code: 64,
      err: expect.stringContaining('2 SOPs have an id'),
    });
    expect(await cli(['sops', 'show', 'nope'], world)).toMatchObject({
      code: 66,
      err: expect.stringContaining('"drey sops"'),
    });
  });
});

describe('ask', () => {
  it('tells what an agent would be told, and why', async () => {
    const world = await withNode({
      'POST /api/v1/ask': {
        sops: [{ ...sop, trigger: 'Refund an order', relevance: 0.9, why: 'it shares "refund"' }],
        injected_context: [
          { type: 'sop', content: 'x', relevance: 0.9 },
          { type: 'related_memory', content: 'likes\nmail', relevance: 0.5 },
        ],
        reasoning: 'One matches.',
      },
    });
    expect(
      (await cli(['ask', 'refund', 'order 4711', '--limit', '2', '--namespace', 'a'], world)).out.split('\n'),
    ).toEqual([
      'Refund an order',
      '  p-0123456789abcdef  91 % likely to be right  learned from 17 tasks',
      '  it shares "refund"',
      '   1. find the order',
      '   2. refund it',
      '',
      'related memory (50 %)',
      '  likes',
      '  mail',
      '',
      'One matches.',
      '',
    ]);
    expect(node?.seen).toMatchObject([
      { path: '/api/v1/ask?namespace=a', body: '{"task":"refund order 4711","limit":2}' },
    ]);
  });

  it('knows nothing sometimes', async () => {
    const world = await withNode({ 'POST /api/v1/ask': { sops: [], reasoning: '' } });
    expect(await cli(['ask', 'x'], world)).toMatchObject({
      code: 0,
      out: 'Nothing is known about such a task yet.\n',
    });
  });
});

describe('events', () => {
  const event = (at: string, data: object) => ({
    id: 'v-1',
    type: 'call.finished',
    at,
    namespace: 'default',
    actor: { kind: 'session', id: 's-0123456789abcdef' },
    version: 1,
    data,
  });
  const past = event('2026-01-01T10:11:12.345Z', { name: 'files__read', durationMs: 12.34, isError: false });
  const stream =
    (events: readonly object[], end: boolean): Route =>
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const one of events) res.write(`id: 1\ndata: ${JSON.stringify(one)}\n\n`);
      res.write(': following\n\n');
      if (end) res.end();
    };

  it('that are stored are shown, and it ends when no more come', async () => {
    const world = await withNode({ 'GET /api/v1/events': stream([past, past], false) });
    const { code, out } = await cli(
      [
        'events',
        '--topic',
        'tool',
        '--kind',
        'session',
        '--id',
        's-1',
        '--type',
        'call.finished',
        '--namespace',
        'a',
      ],
      world,
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /^(\d\d:\d\d:12\.345 {2}call\.finished {9}session\/s-0123456789abcdef {2}files__read {2}12\.3 ms\n){2}$/,
    );
    expect(node?.seen[0]?.path).toBe(
      '/api/v1/events?namespace=a&topic=tool&kind=session&id=s-1&type=call.finished&from=all',
    );
  });

  it('that are younger than the command end it, too', async () => {
    const young = event('2999-01-01T00:00:00.000Z', { name: 'now' });
    const world = await withNode({ 'GET /api/v1/events': stream([past, young, past], false) });
    expect((await cli(['events', '--json'], world)).out).toBe(
      `${JSON.stringify(past)}\n${JSON.stringify(young)}\n`,
    );
  });

  it('are followed until the limit', async () => {
    const world = await withNode({ 'GET /api/v1/events': stream([past, past, past], false) });
    const { code, out } = await cli(['events', '--follow', '--limit', '2', '--json'], world);
    expect({ code, lines: out.split('\n').length }).toEqual({ code: 0, lines: 3 });
    expect(node?.seen[0]?.path).toBe('/api/v1/events?from=new');
  });

  it('fit the terminal', async () => {
    const long = event('2026-01-01T10:11:12.345Z', { task: 'x'.repeat(500) });
    const world = await withNode({ 'GET /api/v1/events': stream([long], false) });
    const { out } = await cli(['events', '--limit', '1'], {
      env: { ...world.env, NO_COLOR: '1' },
      columns: 80,
    });
    expect(out.trimEnd()).toHaveLength(80);
  });

  it('that stop because the node is gone are an error for who follows', async () => {
    const world = await withNode({ 'GET /api/v1/events': stream([past], true) });
    expect(await cli(['events', '-f'], world)).toMatchObject({
      code: 69,
      err: expect.stringContaining('has closed the stream'),
    });
  });
});

describe('up', () => {
  const start = () => {
    const asked: Record<string, unknown>[] = [];
    const drained: string[] = [];
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const startNode = async (flags: Record<string, unknown>) => {
      asked.push(flags);
      return {
        url: 'http://127.0.0.1:1',
        dataDir: '/d',
        pid: 5,
        stopped,
        reload: () => undefined,
        drain: async (reason: string) => void drained.push(reason),
      };
    };
    return { asked, drained, stop: () => stop(), startNode };
  };

  it('invites no client to a learner', async () => {
    const house = start();
    const command = startCli(['up', '--data', 'd', '--role', 'learner'], { startNode: house.startNode });
    await until('it told the address', () => command.out().includes('Ctrl+C ends it.'));
    house.stop();
    const { out } = await command.ended;
    expect(out).toContain('A learner of Drey runs at');
    expect(out).not.toContain('mcp');
  });

  it('hands its options to the node, tells the address, and ends with it', async () => {
    const house = start();
    const command = startCli(
      [
        'up',
        '--data',
        'd',
        '--port',
        '0',
        '--host',
        '::1',
        '--role',
        'gateway',
        '--require-token',
        '--stop-when-idle',
        '600',
      ],
      { startNode: house.startNode },
    );
    await until('the address is told', () => command.out().includes('Ctrl+C ends it'));
    house.stop();
    expect(await command.ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('http://127.0.0.1:1/mcp'),
    });
    expect(house.asked).toEqual([
      {
        config: undefined,
        data: '/nowhere/d',
        port: 0,
        host: '::1',
        role: 'gateway',
        requireToken: true,
        stopWhenIdleSeconds: 600,
        verbose: undefined,
      },
    ]);
    expect(command.told).toEqual([{ drey: 'started', url: 'http://127.0.0.1:1', pid: 5 }]);
  });

  it('drains at the first signal and leaves at the second', async () => {
    const house = start();
    const command = startCli(['up', '--data', 'd'], { startNode: house.startNode });
    await until('the address is told', () => command.out().includes('Ctrl+C ends it'));
    command.signal('SIGINT');
    await until('it drains', () => house.drained.length > 0);
    expect({ drained: house.drained, exits: command.exits }).toEqual({ drained: ['SIGINT'], exits: [] });
    command.signal('SIGTERM');
    expect(command.exits).toEqual([143]);
    house.stop();
    expect((await command.ended).code).toBe(0);
  });

  it('tells what keeps it from starting, to the user and to who started it', async () => {
    const command = startCli(['up', '--data', 'd'], {
      startNode: () => Promise.reject(new Error('the moon is full')),
    });
    expect(await command.ended).toMatchObject({
      code: 70,
      err: expect.stringMatching(/^drey: the moon is full\n/),
    });
    expect(command.told).toEqual([{ drey: 'failed', code: 'unexpected', sentence: 'the moon is full' }]);
  });
});

describe('down', () => {
  it('has nothing to do where no node runs', async () => {
    expect(await cli(['down', '--data', folder.path])).toEqual({
      code: 0,
      out: `No node runs for ${folder.path}.\n`,
      err: '',
    });
  });

  it('asks the node to end and is content when its process is gone', async () => {
    const world = await withNode({ 'POST /api/v1/shutdown': { stopping: true } });
    expect(await cli(['down'], world)).toEqual({
      code: 0,
      out: `The node at ${node?.url ?? ''} has ended.\n`,
      err: '',
    });
  });

  it('waits for a while only, and then says how to end it', async () => {
    const world = await withNode({ 'POST /api/v1/shutdown': { stopping: true } });
    const address = { url: node?.url, pid: process.pid, version: '0' };
    await writeFile(join(folder.path, 'node.json'), JSON.stringify(address));
    const { code, err } = await cli(['down', '--timeout', '1'], world);
    expect(code).toBe(75);
    expect(err).toContain(`kill -9 ${process.pid}`);
  });

  it('tells a node that hangs from one that died', async () => {
    const world = await withNode({});
    await node?.close();
    expect(await cli(['down'], world)).toMatchObject({
      code: 0,
      out: expect.stringContaining('ended without saying so'),
    });
    await writeFile(
      join(folder.path, 'node.json'),
      JSON.stringify({ url: node?.url, pid: process.pid, version: '0' }),
    );
    expect(await cli(['down'], world)).toMatchObject({
      code: 69,
      err: expect.stringContaining(`kill ${process.pid}`),
    });
  });
});
