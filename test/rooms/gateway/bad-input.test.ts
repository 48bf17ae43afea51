// What a client may send that no client should: every row is answered by the gateway itself and reaches no tool.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
let session: string;
beforeAll(async () => {
  at = await startGateway();
  const reply = await at.send({
    headers: json,
    body: frame({
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    }),
  });
  session = String(reply.headers['mcp-session-id']);
});
afterAll(() => at.close());

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const frame = (message: object) => JSON.stringify({ jsonrpc: '2.0', ...message });
const callText = (args: string, id = '1') =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"fs__echo","arguments":${args}}}`;

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const modernHeaders = {
  ...json,
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'fs__echo',
};
const modernCall = (meta: object = envelope) =>
  frame({ id: 7, method: 'tools/call', params: { name: 'fs__echo', arguments: {}, _meta: meta } });

describe('over the older era', () => {
  it.each([
    ['malformed JSON', '{"jsonrpc":', 400, -32_700],
    ['an empty body', '', 400, -32_700],
    ['NaN', callText('{"a":NaN}'), 400, -32_700],
    ['UTF-16', Buffer.from(callText('{}'), 'utf16le'), 400, -32_700],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      400,
      -32_700,
    ],
    ['null', 'null', 400, -32_600],
    ['a string', '"tools/call"', 400, -32_600],
    ['an empty batch', '[]', 400, -32_600],
    ['a batch', `[${callText('{}')}]`, 400, -32_600],
    ['jsonrpc 1.0', '{"jsonrpc":"1.0","id":1,"method":"tools/list"}', 400, -32_600],
    ['jsonrpc 1.0 of a call', callText('{}').replace('2.0', '1.0'), 400, -32_600],
    ['id null', callText('{}', 'null'), 400, -32_600],
    ['id 1.5', callText('{}', '1.5'), 400, -32_600],
    ['an id that is an object', callText('{}', '{}'), 400, -32_600],
    ['id 2^53+1', callText('{}', '9007199254740993'), 400, -32_600],
    ['id 1e400', callText('{}', '1e400'), 400, -32_600],
    ['an id of 257 characters', callText('{}', `"${'x'.repeat(257)}"`), 400, -32_600],
    [
      'a progressToken that is an object',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fs__echo","_meta":{"progressToken":{}}}}',
      400,
      -32_600,
    ],
    [
      'the same key twice in the message',
      '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}',
      400,
      -32_600,
    ],
    [
      'the name twice',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fs__echo","name":"fs__raw"}}',
      400,
      -32_600,
    ],
    [
      'the name twice, once in disguise',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fs__echo","\\u006eame":"fs__raw"}}',
      400,
      -32_600,
    ],
    ['the same key twice in arguments', callText('{"path":"/a","path":"/b"}'), 400, -32_600],
    ['nesting of 65', callText('['.repeat(63) + ']'.repeat(63)), 400, -32_600],
    ['nesting of 200 000', callText(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`), 400, -32_600],
    [
      '100 000 keys',
      callText(JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n])))),
      400,
      -32_602,
    ],
    ['a response nobody asked for', '{"jsonrpc":"2.0","id":1,"result":{}}', 400, -32_600],
    ['arguments that are a list', callText('[1]'), 200, -32_602],
    [
      'a tool named __proto__',
      frame({ id: 1, method: 'tools/call', params: { name: '__proto__' } }),
      200,
      -32_602,
    ],
    [
      'a tool named constructor',
      frame({ id: 1, method: 'tools/call', params: { name: 'constructor' } }),
      200,
      -32_602,
    ],
    [
      'a tool name with a space',
      frame({ id: 1, method: 'tools/call', params: { name: 'a b' } }),
      200,
      -32_602,
    ],
    [
      'a tool name of 10 000 characters',
      frame({ id: 1, method: 'tools/call', params: { name: 'a'.repeat(10_000) } }),
      200,
      -32_602,
    ],
    ['no tool name', frame({ id: 1, method: 'tools/call', params: {} }), 200, -32_602],
    ['an unknown method', frame({ id: 1, method: 'tools/fly' }), 200, -32_601],
    ['an initialize without its parameters', frame({ id: 1, method: 'initialize' }), 400, -32_602],
  ] as const)('answers %s', async (_what, body, status, code) => {
    const before = at.house.calls.length;
    const reply = await at.send({ headers: { ...json, 'mcp-session-id': session }, body: Buffer.from(body) });
    expect([reply.status, reply.json().error.code]).toEqual([status, code]);
    expect(reply.text).not.toMatch(/9007199254740992|node_modules|\bat \w+ \(/);
    // "constructor" and "__proto__" are names like any other: the catalogue does not have them.
    expect(at.house.calls.slice(before).filter((call) => call.name.startsWith('fs__'))).toEqual([]);
  });

  it('accepts what is unusual but right', async () => {
    const send = (body: string | Buffer) =>
      at.send({ headers: { ...json, 'mcp-session-id': session }, body });
    expect((await send(callText('{}', '""'))).json().id).toBe('');
    expect((await send(callText('{}', '"\\u0041"'))).json().id).toBe('A');
    expect(
      (await send(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(callText('{}'))]))).status,
    ).toBe(200);
    expect((await send(callText(`{"a":${'['.repeat(61)}${']'.repeat(61)}}`))).status).toBe(200);
    expect((await send(callText('{"text":"a\\u0000b","half":"\\ud800"}'))).status).toBe(200);
    expect((await send(frame({ method: 'notifications/initialized' }))).status).toBe(202);
  });

  it('hands __proto__ in arguments on untouched, and keeps its own prototypes clean', async () => {
    const args = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    await at.send({ headers: { ...json, 'mcp-session-id': session }, body: callText(args) });
    expect(at.house.calls.at(-1)?.args).toBe(args);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ['no session', {}, 400],
    ['an unknown session', { 'mcp-session-id': 's-nobody' }, 404],
    ['a foreign Origin', { 'mcp-session-id': 'S', origin: 'https://evil.example' }, 403],
    ['Origin null', { 'mcp-session-id': 'S', origin: 'null' }, 403],
    ['a foreign Host', { 'mcp-session-id': 'S', host: 'evil.example' }, 403],
    ['an unknown key', { 'mcp-session-id': 'S', authorization: 'Bearer nobody' }, 401],
    ['text/plain', { 'mcp-session-id': 'S', 'content-type': 'text/plain' }, 415],
    ['gzip', { 'mcp-session-id': 'S', 'content-encoding': 'gzip' }, 415],
    ['an unsupported revision', { 'mcp-session-id': 'S', 'mcp-protocol-version': '2019-01-01' }, 400],
    ['only text/html accepted', { 'mcp-session-id': 'S', accept: 'text/html' }, 406],
    ['no Accept at all', { 'mcp-session-id': 'S', accept: undefined }, 200],
    ['the session header twice', { 'mcp-session-id': ['S', 'S'] }, 400],
  ] as const)('answers %s', async (_what, given, status) => {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries({ ...json, ...given })) {
      if (typeof value === 'string') headers[name] = value === 'S' ? session : value;
      else if (Array.isArray(value)) headers[name] = value.map(() => session);
    }
    const reply = await at.send({ headers, body: callText('{}') });
    expect(reply.status).toBe(status);
  });

  it('answers 5 MB with 413 before it closes the connection, announced or not', async () => {
    // In a process of its own, so that it goes on sending while the answer is made.
    const client = `
      const [url, session] = process.argv.slice(1);
      const headers = { 'content-type': 'application/json', 'mcp-session-id': session, accept: 'application/json, text/event-stream' };
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'fs__echo', arguments: { a: 'x'.repeat(5 * 1024 * 1024) } } });
      const post = (body) => fetch(url, { method: 'POST', headers, duplex: 'half', body }).then(
        async (answer) => answer.status + ' ' + answer.headers.get('connection') + ' ' + (await answer.text()).includes('larger than'),
        (error) => String(error.cause?.code ?? error),
      );
      for (let round = 0; round < 10; round += 1) console.log(await post(text), await post(new Blob([text]).stream()));`;
    const run = promisify(execFile);
    const words = ['--input-type=module', '--eval', client, `${at.url}/mcp`, session];
    const { stdout } = await run(process.execPath, words);
    expect(new Set(stdout.trim().split('\n'))).toEqual(new Set(['413 close true 413 close true']));
  });

  it.each([
    ['namespace=A!', 400, 'argument_invalid'],
    [`namespace=${'a'.repeat(256)}`, 400, 'argument_invalid'],
    ['namespace=..%2F..%2Fetc', 400, 'argument_invalid'],
    ['namespace=%00', 400, 'argument_invalid'],
    ['namespace=', 400, 'argument_invalid'],
  ])('answers the address with %s', async (query, status, code) => {
    const reply = await at.send({ path: `/mcp?${query}`, headers: json, body: callText('{}') });
    expect([reply.status, reply.json().error.data.code]).toEqual([status, code]);
  });

  it('says which revisions it knows', async () => {
    const headers = { ...json, 'mcp-session-id': session, 'mcp-protocol-version': '2019-01-01' };
    expect((await at.send({ headers, body: callText('{}') })).json().error.data).toEqual({
      requested: '2019-01-01',
      supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'],
    });
  });

  it('answers other HTTP methods', async () => {
    expect((await at.send({ method: 'PUT', headers: json })).status).toBe(405);
    expect((await at.send({ method: 'GET', headers: { accept: 'application/json' } })).status).toBe(406);
    expect((await at.send({ method: 'GET', headers: { accept: 'text/event-stream' } })).status).toBe(400);
    expect((await at.send({ method: 'DELETE' })).status).toBe(400);
    expect((await at.send({ method: 'GET', headers: { 'mcp-protocol-version': '2026-07-28' } })).status).toBe(
      405,
    );
  });
});

describe('over 2026-07-28', () => {
  it.each([
    ['a good call', {}, modernCall(), 200, undefined],
    [
      'a name in Base64',
      { 'mcp-name': `=?base64?${Buffer.from('fs__echo').toString('base64')}?=` },
      modernCall(),
      200,
      undefined,
    ],
    ['no version header', { 'mcp-protocol-version': undefined }, modernCall(), 400, -32_020],
    ['another version in the header', { 'mcp-protocol-version': '2025-11-25' }, modernCall(), 400, -32_020],
    ['no method header', { 'mcp-method': undefined }, modernCall(), 400, -32_020],
    ['another method in the header', { 'mcp-method': 'tools/list' }, modernCall(), 400, -32_020],
    ['no name header', { 'mcp-name': undefined }, modernCall(), 400, -32_020],
    ['another name in the header', { 'mcp-name': 'fs__raw' }, modernCall(), 400, -32_020],
    ['a broken Base64 name', { 'mcp-name': '=?base64?%%?=' }, modernCall(), 400, -32_020],
    ['the name header twice', { 'mcp-name': ['fs__echo', 'fs__echo'] }, modernCall(), 400, -32_020],
    [
      'an unsupported version',
      { 'mcp-protocol-version': '2099-01-01' },
      modernCall({ ...envelope, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }),
      400,
      -32_022,
    ],
    [
      'no capabilities in the envelope',
      {},
      modernCall({ 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }),
      400,
      -32_602,
    ],
    ['no envelope', {}, frame({ id: 7, method: 'tools/call', params: { name: 'fs__echo' } }), 400, -32_602],
    [
      'an unknown method',
      { 'mcp-method': 'tools/fly', 'mcp-name': undefined },
      frame({ id: 7, method: 'tools/fly', params: { _meta: envelope } }),
      404,
      -32_601,
    ],
    ['a batch', {}, `[${modernCall()}]`, 400, -32_600],
  ] as const)('answers %s', async (_what, given, body, status, code) => {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries({ ...modernHeaders, ...given })) {
      if (value !== undefined) headers[name] = typeof value === 'string' ? value : [...value];
    }
    const reply = await at.send({ headers, body });
    expect([reply.status, reply.json().error?.code]).toEqual([status, code]);
  });
});

describe('headers that repeat arguments', () => {
  const schema = {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      deep: { properties: { level: { type: 'integer', 'x-mcp-header': 'Level' } } },
    },
  };
  const send = (given: Record<string, string | string[]>, args: object) => {
    const definition = { name: 'fs__where', description: 'where', inputSchema: schema };
    at.house.tools = [{ name: 'fs__where', server: 'fs', tool: 'where', stale: false, definition }];
    return at.send({
      headers: { ...modernHeaders, 'mcp-name': 'fs__where', ...given },
      body: frame({
        id: 7,
        method: 'tools/call',
        params: { name: 'fs__where', arguments: args, _meta: envelope },
      }),
    });
  };
  const both = { 'mcp-param-region': 'Ulm', 'mcp-param-level': '3' };
  it.each([
    ['both as they are', both, { region: 'Ulm', deep: { level: 3 } }, 200],
    [
      'one in Base64',
      { ...both, 'mcp-param-region': '=?base64?SGVsbG8=?=' },
      { region: 'Hello', deep: { level: 3 } },
      200,
    ],
    [
      'half a sentinel, meant as it is',
      { 'mcp-param-region': '=?base64?SGVsbG8=' },
      { region: '=?base64?SGVsbG8=' },
      200,
    ],
    ['none, and no arguments', {}, { region: null }, 200],
    [
      'a number that no header can carry exactly',
      { 'mcp-param-level': '9007199254740993' },
      { deep: { level: 9_007_199_254_740_992 } },
      200,
    ],
    ['one that is missing', { 'mcp-param-region': 'Ulm' }, { region: 'Ulm', deep: { level: 3 } }, 400],
    ['one that says something else', { 'mcp-param-region': 'Bonn' }, { region: 'Ulm' }, 400],
    ['one without an argument', { 'mcp-param-region': 'Ulm' }, {}, 400],
    ['broken Base64', { 'mcp-param-region': '=?base64?SGVsbG8?=' }, { region: 'Hello' }, 400],
    ['one twice', { 'mcp-param-region': ['Ulm', 'Ulm'] }, { region: 'Ulm' }, 400],
  ] as const)('are judged: %s', async (_what, given, args, status) => {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    );
    const before = at.house.calls.length;
    const reply = await send(headers, args);
    expect([reply.status, reply.json().error?.code === -32_020]).toEqual([status, status === 400]);
    expect(at.house.calls.length - before).toBe(status === 400 ? 0 : 1);
  });
});
