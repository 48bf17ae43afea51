// MCP over a byte stream, reached as `drey stdio` reaches it: by upgrading an HTTP connection.
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { Client } from '@modelcontextprotocol/client';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { localPrincipal } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

function upgrade(headers: Record<string, string> = {}, path = '/stdio'): Promise<Duplex | number> {
  return new Promise((resolve, reject) => {
    const req = request({
      port: at.port,
      host: '127.0.0.1',
      path,
      headers: { connection: 'Upgrade', upgrade: 'drey-stdio', ...headers },
    });
    req.on('upgrade', (_res, socket) => resolve(socket));
    req.on('response', (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    req.on('error', reject);
    req.end();
  });
}

/** A client's end of a byte stream, for either SDK. */
function toTransport(socket: Duplex): Transport {
  let rest = '';
  const transport: Transport = {
    start: () => {
      socket.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) transport.onmessage?.(JSON.parse(line) as JSONRPCMessage);
      });
      socket.on('close', () => transport.onclose?.());
      return Promise.resolve();
    },
    send: (message) => {
      socket.write(`${JSON.stringify(message)}\n`);
      return Promise.resolve();
    },
    close: () => {
      socket.end();
      return Promise.resolve();
    },
  };
  return transport;
}

async function openSocket(): Promise<Duplex> {
  const socket = await upgrade();
  if (typeof socket === 'number') throw new Error(`the upgrade was answered with ${socket}`);
  return socket;
}

const info = { name: 'test-client', version: '1.0.0' };
const openOld = async () => {
  const client = new OldClient(info);
  await client.connect(toTransport(await openSocket()));
  return client;
};
const openNew = async () => {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(toTransport(await openSocket()));
  return client;
};

describe.each([
  ['the 1.x client', openOld],
  ['the 2.x client pinned to 2026-07-28', openNew],
] as const)('%s', (_who, open) => {
  it('lists, calls, sees progress and cancels', async () => {
    const client = await open();
    expect((await client.listTools()).tools).toHaveLength(12);
    const echoed = await client.callTool({ name: 'fs__echo', arguments: { a: [1] } });
    expect(echoed.structuredContent).toEqual({ a: [1] });
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    const steps = { name: 'fs__steps', arguments: {} };
    await (client instanceof Client
      ? client.callTool(steps, { onprogress })
      : client.callTool(steps, undefined, { onprogress }));
    expect(seen).toEqual([1, 2, 3]);
    const abort = new AbortController();
    const slow = { name: 'fs__slow', arguments: {} };
    const calling =
      client instanceof Client
        ? client.callTool(slow, { signal: abort.signal })
        : client.callTool(slow, undefined, { signal: abort.signal });
    const settled = calling.catch(() => 'cancelled');
    await until('the call is upstream', () => at.house.calls.length === 3);
    abort.abort();
    expect(await settled).toBe('cancelled');
    await until('it is cancelled there', () => at.house.calls[2]?.command.signal.aborted === true);
    await client.close();
  });

  it('is one session, which ends with the connection', async () => {
    const client = await open();
    await client.callTool({ name: 'fs__echo', arguments: {} });
    await client.callTool({ name: 'acontext_get_learning_status', arguments: {} });
    expect([...at.house.sessions.values()].map(({ opened }) => opened)).toMatchObject([
      { transport: 'stdio', client: 'test-client/1.0.0' },
    ]);
    expect(at.gateway.sessionsOpen()).toBe(1);
    await client.close();
    await until('the session ends', () => [...at.house.sessions.values()][0]?.closedFor !== undefined);
    await until('the gateway lets go of it', () => at.gateway.sessionsOpen() === 0);
  });
});

it('tells an old client that the tools changed', async () => {
  const client = await openOld();
  let told = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    told += 1;
  });
  at.house.tellCatalogueChanged();
  await until('the client is told', () => told > 0);
  expect(told).toBe(1);
  await client.close();
});

describe('the upgrade', () => {
  it.each([
    ['a foreign Host', { host: 'evil.example' }, '/stdio', 403],
    ['an unknown key', { authorization: 'Bearer nobody' }, '/stdio', 401],
    ['another path', {}, '/other', 404],
    ['another protocol', { upgrade: 'websocket' }, '/stdio', 426],
    ['a namespace of others', { authorization: 'Bearer ann' }, '/stdio?namespace=other', 403],
    ['a namespace that is none', {}, '/stdio?namespace=A%20B', 400],
  ] as const)('refuses %s', async (_what, headers, path, status) => {
    expect(await upgrade(headers, path)).toBe(status);
  });

  it('lets those who may name a namespace', async () => {
    const socket = await upgrade({}, '/stdio?namespace=acme');
    if (typeof socket === 'number') throw new Error('refused');
    socket.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fs__echo"}}\n');
    await until('it is called', () => at.house.calls.length === 1);
    expect([...at.house.sessions.values()][0]?.session.namespace).toBe('acme');
    socket.destroy();
  });
});

describe('single lines', () => {
  const talk = async (...lines: (string | Buffer)[]) => {
    const input = new PassThrough();
    const output = new PassThrough();
    const chunks: Buffer[] = [];
    output.on('data', (chunk: Buffer) => chunks.push(chunk));
    const { closed } = at.gateway.serveStream({ input, output, principal: localPrincipal });
    for (const line of lines) input.write(line);
    input.end();
    await closed;
    return Buffer.concat(chunks).toString('utf8');
  };
  const call = (id: string, args = '{}') =>
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"fs__raw","arguments":${args}}}\n`;

  it('are all answered, also when the input ends at once', async () => {
    at.house.rawResult = '{"content":[ ],"n":9007199254740993}';
    const said = await talk(call('1'), call('"two"', '{"n":1.0}'), '\r\n\n');
    expect(said.split('\n').sort()).toEqual([
      '',
      `{"jsonrpc":"2.0","id":"two","result":${at.house.rawResult}}`,
      `{"jsonrpc":"2.0","id":1,"result":${at.house.rawResult}}`,
    ]);
    expect(at.house.calls.map((one) => one.args)).toEqual(['{}', '{"n":1.0}']);
  });

  it('stay single lines when a result has line breaks', async () => {
    at.house.rawResult = '{\n  "content": [],\r\n  "text": "a\\nb"\n}';
    const [line, end] = (await talk(call('1'))).split('\n');
    expect([JSON.parse(line ?? ''), end]).toEqual([
      { jsonrpc: '2.0', id: 1, result: { content: [], text: 'a\nb' } },
      '',
    ]);
  });

  it('come whole out of single bytes', async () => {
    at.house.rawResult = '{"content":["🐿"]}';
    const bytes = Buffer.from(call('1', '{"a":"🐿"}'));
    await talk(...[...bytes].map((byte) => Buffer.from([byte])));
    expect(at.house.calls.map((one) => one.args)).toEqual(['{"a":"🐿"}']);
  });

  it.each([
    ['malformed JSON', '{"a":\n', -32_700],
    ['a batch', `[]\n`, -32_600],
    ['jsonrpc 1.0', '{"jsonrpc":"1.0","id":1,"method":"tools/list"}\n', -32_600],
    ['bad UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a]), -32_700],
    ['id 2^53+1', call('9007199254740993'), -32_600],
    ['an id of 257 characters', call(`"${'x'.repeat(257)}"`), -32_600],
    ['NaN', call('1', '{"a":NaN}'), -32_700],
    ['one key twice', call('1', '{"a":1,"\\u0061":2}'), -32_600],
    ['nesting of 65', call('1', `{"a":${'['.repeat(62)}${']'.repeat(62)}}`), -32_600],
    [
      'an object of 1 001 keys',
      call('1', `{${Array.from({ length: 1_001 }, (_, n) => `"k${n}":${n}`).join(',')}}`),
      -32_602,
    ],
  ] as const)('answer %s with an error', async (_what, line, code) => {
    const said = JSON.parse(await talk(line)) as { error: { code: number }; id: unknown };
    expect([said.error.code, said.id]).toEqual([code, null]);
  });

  it('end the connection when one is longer than a message may be', async () => {
    const said = JSON.parse(await talk(`"${'x'.repeat(5 * 1024 * 1024)}"\n`)) as { error: { code: number } };
    expect(said.error.code).toBe(413);
  });
});
