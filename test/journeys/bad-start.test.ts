// What a user sees when something is wrong: one sentence that names it, the exit code of its kind, nothing left running.
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCodes } from '../../machines/words/errors.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew } from './rig/clients.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Ended, Place } from './rig/place.ts';
import { readStatus } from './rig/status.ts';

const secret = 'correct-horse-battery';

let place: Place;
let node: NodeProcess | undefined;
let listener: Server | undefined;

beforeEach(async () => {
  place = await createPlace();
});

afterEach(async () => {
  await node?.stop();
  node = undefined;
  listener?.close();
  listener = undefined;
  await untilNothingRuns();
  await place.remove();
});

function untilNothingRuns(): Promise<true> {
  return until(
    'nothing runs here any more',
    () => {
      const running = place.running();
      if (running.length > 0) throw new Error(running.map(({ pid, words }) => `${pid} ${words}`).join('\n'));
      return true as const;
    },
    15_000,
  );
}

function up(env: Readonly<Record<string, string>> = {}, ...words: string[]): Promise<Ended> {
  return runDrey(place, ['up', '--config', place.config, '--data', place.dataFolder, ...words], env);
}

/** Everything that was said is one sentence (and a hint, indented), with the code's exit, and keeps the secret. */
function expectOneSentence(ended: Ended, code: ErrorCode, about: RegExp): void {
  expect(ended, ended.stderr).toMatchObject({ code: errorCodes[code].exit, stdout: '' });
  const [sentence = '', ...rest] = ended.stderr.trimEnd().split('\n');
  expect(sentence).toMatch(/^drey: \S/);
  expect(sentence).toMatch(about);
  expect(rest.filter((line) => !line.startsWith('  '))).toEqual([]);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  expect(ended.stderr).not.toContain(secret);
}

async function listenSomewhere(): Promise<number> {
  const server = createServer();
  listener = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on: it was free a moment ago. */
async function deadPort(): Promise<number> {
  const port = await listenSomewhere();
  await new Promise((resolve) => listener?.close(resolve));
  return port;
}

describe('a configuration', () => {
  it('with an unknown key is refused by its name', async () => {
    await place.writeConfig({ mcpServer: {} });
    expectOneSentence(await up(), 'config_invalid', /drey\.json is not valid: unknown key "mcpServer"/);
    await untilNothingRuns();
  });

  it('with an unknown key inside a server is refused with the place', async () => {
    await place.writeConfig({ mcpServers: { fs: { command: 'node', arg: [] } } });
    expectOneSentence(await up(), 'config_invalid', /mcpServers\.fs.*"arg"/);
  });

  it('that is no JSON is refused', async () => {
    await writeFile(place.config, '{"port": 0,');
    expectOneSentence(await up(), 'config_invalid', /is not JSON/);
  });

  it('that does not exist is refused', async () => {
    const ended = await runDrey(place, ['up', '--config', join(place.folder, 'none.json')]);
    expectOneSentence(ended, 'file_unreadable', /none\.json cannot be read/);
  });

  it('shows its cause with --verbose only', async () => {
    const ended = await runDrey(place, ['up', '--config', join(place.folder, 'none.json'), '--verbose']);
    expect(ended.code).toBe(errorCodes.file_unreadable.exit);
    expect(ended.stderr).toMatch(/\n\s+at /);
    expect(ended.stderr).toMatch(/ENOENT/);
  });
});

describe('an upstream that does not start', () => {
  it('is shown as such, and the others work', async () => {
    await place.writeConfig({
      mcpServers: {
        missing: { command: '/no/such/program' },
        ends: { command: process.execPath, args: ['-e', 'process.exit(3)'] },
        every: referenceServer(place, 'server-everything'),
      },
    });
    node = await startNodeProcess({ ...place });
    const agent = await connectNew(node.url);
    const answer = await until(
      'the upstream that works is there',
      async () => {
        const tools = await agent.tools();
        return tools.includes('every__echo') ? agent.call('every__echo', { message: 'here' }) : undefined;
      },
      20_000,
    );
    expect(answer).toMatchObject({ text: 'Echo: here', isError: false });
    await agent.close();
    const { resources } = await readStatus(node);
    const states = new Map(resources.map(({ id, state }) => [id, state]));
    expect(states.get('r-every')).toBe('healthy');
    for (const id of ['r-missing', 'r-ends']) {
      expect(states.get(id)).not.toBe('healthy');
      expect(resources.find((one) => one.id === id)?.lastError).toBeTruthy();
    }
    expect(node.output()).not.toMatch(/\n\s+at /);
  });
});

describe('a port in use', () => {
  it('is named', async () => {
    const port = await listenSomewhere();
    expectOneSentence(
      await up({}, '--port', String(port)),
      'port_in_use',
      new RegExp(`Port ${port} .*in use`),
    );
    await untilNothingRuns();
  });
});

describe('a data folder', () => {
  it('that a node holds is refused with its pid, and that node stays', async () => {
    node = await startNodeProcess({ ...place });
    expectOneSentence(await up(), 'data_folder_locked', new RegExp(`pid ${node.pid}\\b`));
    expect(await readStatus(node)).toMatchObject({ state: 'running' });
  });

  it('that is a file is refused', async () => {
    await writeFile(place.dataFolder, 'not a folder');
    expectOneSentence(await up(), 'data_folder_unusable', /data/);
  });
});

describe('without a nats-server', () => {
  it('a wrong name for one is refused', async () => {
    const ended = await up({ DREY_NATS_SERVER: '/no/such/nats-server' });
    expectOneSentence(ended, 'nats_server_missing', /DREY_NATS_SERVER names \/no\/such\/nats-server/);
    await untilNothingRuns();
  });

  it('everywhere that was looked, and every way out, is named', async () => {
    const empty = join(place.folder, 'empty');
    await mkdir(empty);
    const ended = await up({
      DREY_NATS_SERVER: '',
      PATH: empty,
      DREY_CACHE: join(place.folder, 'cache'),
      DREY_NATS_RELEASES: `http://127.0.0.1:${await deadPort()}`,
    });
    expectOneSentence(ended, 'nats_server_missing', /PATH.*cache.*release.*package manager.*DREY_NATS_URL/);
    await untilNothingRuns();
  });
});

describe('servers that were named', () => {
  it.each([
    ['a database that does not answer', 'postgres', 'database_unavailable', /database .*127\.0\.0\.1:\d+/],
    ['a database address of another kind', 'mysql', 'config_invalid', /database URL/],
  ] as const)('%s', async (_what, scheme, code, about) => {
    const DATABASE_URL = `${scheme}://drey:${secret}@127.0.0.1:${await deadPort()}/drey`;
    expectOneSentence(await up({ DATABASE_URL }), code, about);
    await untilNothingRuns();
  });

  it.each([
    ['a bus that does not answer', 'nats', 'bus_unavailable', /127\.0\.0\.1:\d+ \(DREY_NATS_URL\)/],
    ['a bus address of another kind', 'http', 'config_invalid', /bus address/],
  ] as const)('%s', async (_what, scheme, code, about) => {
    const DREY_NATS_URL = `${scheme}://${secret}@127.0.0.1:${await deadPort()}`;
    expectOneSentence(await up({ DREY_NATS_URL }), code, about);
    await untilNothingRuns();
  });

  it('what answers there but is no such server', async () => {
    const port = await listenSomewhere();
    listener?.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const ended = await up({ DATABASE_URL: `postgres://drey:${secret}@127.0.0.1:${port}/drey` });
    expectOneSentence(ended, 'database_unavailable', /database/);
    await untilNothingRuns();
  });
});

describe('malformed JSON-RPC', () => {
  it('is answered as the protocol wants it, over HTTP and through stdio, and the node goes on', async () => {
    node = await startNodeProcess({ ...place });
    const answer = await fetch(`${node.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: '{"jsonrpc":"2.0",',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32_700 } });

    const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
    const words = ['stdio', '--data', place.dataFolder];
    const ended = await runDrey(place, words, {}, `{"jsonrpc":"2.0",\n${ping}\n`);
    const frames = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(frames[0]).toMatchObject({ id: null, error: { code: -32_700 } });
    expect(frames[1]).toMatchObject({ id: 7 });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(await readStatus(node)).toMatchObject({ state: 'running' });
  });
});
