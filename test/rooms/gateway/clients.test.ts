// Real MCP clients of both SDK lines against the gateway over HTTP.
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toDigest } from '../../../machines/words/ids.ts';
import { ownerScopes } from '../../../machines/words/scopes.ts';
import { sampleSop } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

const info = { name: 'test-client', version: '1.0.0' };

async function openOld(token?: string): Promise<OldClient> {
  const client = new OldClient(info);
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new OldTransport(new URL(`${at.url}/mcp`), { requestInit: { headers } }));
  return client;
}

async function openNew(mode: 'auto' | { pin: '2026-07-28' }): Promise<Client> {
  const client = new Client(info, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${at.url}/mcp`)));
  return client;
}

const own = [
  'acontext_inject_context',
  'acontext_get_sops',
  'acontext_record_feedback',
  'acontext_get_learning_status',
  'task',
  'context',
  'memory',
  'sop',
];

describe.each([
  ['the 1.x client', 'legacy', () => openOld()],
  ['the 2.x client that negotiates', 'modern', () => openNew('auto')],
  ['the 2.x client pinned to 2026-07-28', 'modern', () => openNew({ pin: '2026-07-28' })],
] as const)('%s', (_who, era, open) => {
  it('lists own tools and upstream tools', async () => {
    const client = await open();
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual([...own, 'fs__echo', 'fs__slow', 'fs__steps', 'fs__raw']);
    await client.close();
  });

  it('calls an upstream tool and gets its result', async () => {
    const client = await open();
    const result = await client.callTool({ name: 'fs__echo', arguments: { path: '/a', n: 1 } });
    expect(result.structuredContent).toEqual({ path: '/a', n: 1 });
    expect(result.content).toEqual([{ type: 'text', text: toDigest('{"path":"/a","n":1}') }]);
    await client.close();
  });

  it('calls an own tool and gets what its output schema promises', async () => {
    at.house.sops = [sampleSop()];
    const client = await open();
    await client.listTools();
    const result = await client.callTool({
      name: 'acontext_get_sops',
      arguments: { trigger_pattern: 'deploy the service' },
    });
    expect(result.structuredContent).toMatchObject({
      sops: [{ sop_id: 'p-1', confidence: 0.8, occurrences: 4 }],
    });
    expect(at.house.tasks).toMatchObject([{ task: 'deploy the service', source: 'trigger_pattern' }]);
    await client.close();
  });

  it('follows the progress of a call', async () => {
    const client = await open();
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    const call = { name: 'fs__steps', arguments: {} };
    await (client instanceof Client
      ? client.callTool(call, { onprogress })
      : client.callTool(call, undefined, { onprogress }));
    expect(seen).toEqual([1, 2, 3]);
    await client.close();
  });

  it('cancels a call all the way down', async () => {
    const client = await open();
    const abort = new AbortController();
    const call = { name: 'fs__slow', arguments: {} };
    const options = { signal: abort.signal };
    const calling =
      client instanceof Client ? client.callTool(call, options) : client.callTool(call, undefined, options);
    const settled = calling.then(
      () => 'answered',
      () => 'cancelled',
    );
    await until('the call is upstream', () => at.house.calls.length === 1);
    abort.abort();
    expect(await settled).toBe('cancelled');
    await until('it is cancelled there', () => at.house.calls[0]?.command.signal.aborted === true);
    await client.close();
  });

  it('is told that a tool does not exist', async () => {
    const client = await open();
    await expect(client.callTool({ name: 'fs__nothing', arguments: {} })).rejects.toMatchObject({
      code: -32_602,
    });
    await client.close();
  });

  it('makes all of its calls in one session', async () => {
    const client = await open();
    await client.callTool({ name: 'fs__echo', arguments: {} });
    await client.callTool({ name: 'fs__echo', arguments: {} });
    expect(new Set(at.house.calls.map((call) => call.session)).size).toBe(1);
    expect([...at.house.sessions.values()].map(({ opened }) => opened)).toMatchObject([
      {
        transport: 'http',
        client: 'test-client/1.0.0',
        revision: era === 'modern' ? '2026-07-28' : '2025-11-25',
      },
    ]);
    await client.close();
  });
});

describe('sessions of the older era', () => {
  it('end with DELETE, and are then not found', async () => {
    const client = await openOld();
    await (client.transport as OldTransport).terminateSession();
    expect([...at.house.sessions.values()].map((held) => held.closedFor)).toEqual(['the client ended it']);
    await client.close();
  });

  it('cannot be used by another principal, who is told the same as of an unknown one', async () => {
    const ann = await openOld('ann');
    const id = (ann.transport as OldTransport).sessionId ?? '';
    const ask = (session: string) =>
      at.send({
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer bob',
          'mcp-session-id': session,
        },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fs__echo"}}',
      });
    const theirs = await ask(id);
    const nobodys = await ask('s-00000000-0000-7000-8000-000000000000');
    expect([theirs.status, theirs.text]).toEqual([404, nobodys.text]);
    expect(at.house.calls).toEqual([]);
    await ann.close();
  });

  it('are taken up by a gateway that does not hold them', async () => {
    const session = at.house.needs.sessions.open({
      principal: {
        id: 'local',
        namespace: 'default',
        local: true,
        mayNameNamespaces: true,
        scopes: ownerScopes,
      },
      transport: 'http',
      revision: '2025-11-25',
      client: 'x',
    });
    const reply = await at.send({
      headers: { 'content-type': 'application/json', 'mcp-session-id': session.id },
      body: '{"jsonrpc":"2.0","id":"a","method":"tools/list"}',
    });
    expect(reply.json().result.tools).toHaveLength(own.length + 4);
  });

  it('are told on their stream that the tools changed', async () => {
    const client = await openOld();
    let told = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      told += 1;
    });
    await until('the client is told', () => {
      at.house.tellCatalogueChanged();
      return told > 0;
    });
    expect(told).toBeGreaterThan(0);
    await client.close();
  });
});

describe('logical sessions of 2026-07-28', () => {
  it('begin anew after half an hour of silence', async () => {
    const client = await openNew({ pin: '2026-07-28' });
    await client.callTool({ name: 'fs__echo', arguments: {} });
    at.house.nowMs += 31 * 60_000;
    await client.callTool({ name: 'fs__echo', arguments: {} });
    expect(new Set(at.house.calls.map((call) => call.session)).size).toBe(2);
    await client.close();
  });

  it('follow the conversation a client names, and the handle an answer gave', async () => {
    const client = await openNew({ pin: '2026-07-28' });
    const call = async (meta: Record<string, string>) => {
      const result = await client.callTool({ name: 'fs__echo', arguments: {}, _meta: meta });
      return result._meta?.['drey/session'];
    };
    const one = await call({ 'drey/conversation': 'one' });
    const two = await call({ 'drey/conversation': 'two' });
    expect(two).not.toBe(one);
    expect(await call({ 'drey/conversation': 'one' })).toBe(one);
    expect(await call({ 'drey/session': String(two) })).toBe(two);
    await expect(call({ 'drey/session': 's-nobody' })).rejects.toMatchObject({ code: 404 });
    await client.close();
  });

  it('are told by subscription that the tools changed', async () => {
    const told: string[] = [];
    const client = new Client(info, {
      versionNegotiation: { mode: { pin: '2026-07-28' } },
      listChanged: { tools: { onChanged: () => told.push('tools'), debounceMs: 0 } },
    });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${at.url}/mcp`)));
    await until('the client is told', () => {
      at.house.tellCatalogueChanged();
      return told.length > 0;
    });
    expect(told[0]).toBe('tools');
    await client.close();
  });
});

it('cancels the call of a client that goes away', async () => {
  const client = await openOld();
  const sessionId = (client.transport as OldTransport).sessionId ?? '';
  const headers = { 'content-type': 'application/json', 'mcp-session-id': sessionId };
  const req = request({ port: at.port, host: '127.0.0.1', path: '/mcp', method: 'POST', headers });
  req.on('error', () => undefined);
  req.end('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fs__slow"}}');
  await until('the call is upstream', () => at.house.calls.length === 1);
  req.destroy();
  expect(await until('it is cancelled there', () => at.house.calls[0]?.command.signal.aborted)).toBe(true);
  await client.close();
});

describe('draining', () => {
  it('refuses new calls, lets those under way end, and then is idle', async () => {
    const client = await openOld();
    const slow = client.callTool({ name: 'fs__slow', arguments: {} });
    await until('the call is upstream', () => at.house.calls.length === 1);
    const drained = at.gateway.drain();
    await expect(client.callTool({ name: 'fs__echo', arguments: {} })).rejects.toMatchObject({
      code: 503,
      data: { code: 'node_draining', retry: 'later', retryAfterMs: 1_000 },
    });
    at.house.release();
    await slow;
    await drained;
    await client.close();
  });
});
