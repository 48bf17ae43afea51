// Arguments and results pass the gateway byte for byte, whatever they are, over HTTP in both eras.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assert, asyncProperty, dictionary, jsonValue, string } from 'fast-check';
import { toDigest } from '../../../machines/words/ids.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
let session: string;
beforeAll(async () => {
  at = await startGateway();
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  session = String((await at.send({ headers: legacyHeaders, body })).headers['mcp-session-id']);
});
afterAll(() => at.close());

const legacyHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const meta =
  '{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';

function sendLegacy(name: string, args: string) {
  return at.send({
    headers: { ...legacyHeaders, 'mcp-session-id': session },
    body: ` {"params" : {"arguments":${args}, "name":"${name}"},"method":"tools/call","id": "r-1" ,"jsonrpc":"2.0"}`,
  });
}
function sendModern(name: string, args: string) {
  const headers = {
    ...legacyHeaders,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  };
  const body = `{"jsonrpc":"2.0","id":"r-1","method":"tools/call","params":{"name":"${name}","_meta":${meta},"arguments":${args}}}`;
  return at.send({ headers, body });
}

const tricky = [
  '{"n":9007199254740993,"f":1.0,"z":-0,"e":1e400,"big":1E+2}',
  '{ "b" : 1 ,\n "a":[ ] , "\\u0061b": "\\/" }',
  '{"text":"\\u0000 \\ud800 🐿 \\"quoted\\" {\\"not\\":\\"an object\\"}"}',
  '{"_meta":{"x":1},"arguments":{"name":"other"},"id":5}',
];

describe.each([
  ['older era', undefined, sendLegacy],
  ['2026-07-28', 'complete', sendModern],
] as const)('%s', (_era, resultType, send) => {
  it.each(tricky)('hands on %s', async (args) => {
    await send('fs__echo', args);
    expect(toDigest(at.house.calls.at(-1)?.args ?? '')).toBe(toDigest(args));
  });

  it.each(tricky)('hands back %s', async (result) => {
    at.house.rawResult = result.replace('{', '{"content":[],');
    const reply = await send('fs__raw', '{}');
    expect(reply.text.endsWith(`${at.house.rawResult.slice(1)}}`)).toBe(true);
    expect(reply.text.startsWith('{"jsonrpc":"2.0","id":"r-1","result":{')).toBe(true);
    expect(reply.json().result.resultType).toBe(resultType);
  });

  it('hands on any JSON object', async () => {
    await assert(
      asyncProperty(dictionary(string(), jsonValue({ maxDepth: 5 })), async (value) => {
        const args = JSON.stringify(value);
        const reply = await send('fs__echo', args);
        expect(reply.json().result.content[0].text).toBe(toDigest(args));
      }),
      { numRuns: 50 },
    );
  });
});

it('keeps a result of 2026-07-28 that is already complete exactly as it is', async () => {
  at.house.rawResult = '{"resultType":"input_required","_meta":{"a":1.0},"requestState":"x"}';
  const reply = await sendModern('fs__raw', '{}');
  expect(reply.text).toBe(`{"jsonrpc":"2.0","id":"r-1","result":${at.house.rawResult}}`);
});

it('puts type and identity into an empty result', async () => {
  at.house.rawResult = '{ }';
  expect((await sendModern('fs__raw', '{}')).json().result).toMatchObject({
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'drey' } },
  });
});

it('hands back an upstream error as it is, but not one about the other hop', async () => {
  const failed = {
    outcome: 'failed',
    code: 'upstream_failed',
    message: 'it failed',
    countsAgainst: false,
  } as const;
  at.house.outcome = { ...failed, error: '{"code":-32602,"message":"no such path","data":{"n":1.0}}' };
  expect((await sendLegacy('fs__echo', '{}')).text).toContain(
    '{"code":-32602,"message":"no such path","data":{"n":1.0}}',
  );
  at.house.outcome = { ...failed, error: '{"code":-32020,"message":"headers disagree"}' };
  expect((await sendLegacy('fs__echo', '{}')).json().error).toEqual({
    code: 502,
    message: 'it failed',
    data: { code: 'upstream_failed', retry: 'later' },
  });
  at.house.outcome = {
    outcome: 'refused',
    code: 'breaker_open',
    message: 'fs is resting',
    retryAfterMs: 700,
  };
  expect((await sendLegacy('fs__echo', '{}')).json().error).toEqual({
    code: 503,
    message: 'fs is resting',
    data: { code: 'breaker_open', retry: 'later', retryAfterMs: 700 },
  });
  at.house.outcome = undefined;
});
