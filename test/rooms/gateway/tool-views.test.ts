// What clients see of the tools: toolsets, sets of own tools, and the two tools that search and call; real clients.
import { afterEach, describe, expect, it } from 'vitest';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { ToolRules } from '../../../src/gateway/gateway.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
afterEach(() => at.close());

const rules: ToolRules = {
  toolsets: {
    talking: { tools: ['fs__echo'] },
    raw: { tools: ['fs/r*'], own: [] },
  },
  defaultToolsets: [],
  ownTools: ['task'],
  toolSearch: { mode: 'off', above: 3 },
};
const start = async (changes: Partial<ToolRules> = {}) => {
  at = await startGateway((needs) => ({ ...needs, toolRules: { ...rules, ...changes } }));
};
const info = { name: 'test-client', version: '1.0.0' };

async function openOld(path = '/mcp', headers: Record<string, string> = {}): Promise<OldClient> {
  const client = new OldClient(info);
  await client.connect(new OldTransport(new URL(path, at.url), { requestInit: { headers } }));
  return client;
}
async function openNew(path = '/mcp', headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(path, at.url), { requestInit: { headers } }),
  );
  return client;
}
const names = async (client: OldClient | Client) => (await client.listTools()).tools.map(({ name }) => name);
const eras = [
  ['the 1.x client', openOld],
  ['the 2.x client pinned to 2026-07-28', openNew],
] as const;

describe.each(eras)('%s', (_who, open) => {
  it('sees everything where it chooses nothing and there is no default', async () => {
    await start();
    expect(await names(await open())).toEqual(['task', 'fs__echo', 'fs__slow', 'fs__steps', 'fs__raw']);
  });

  it('chooses toolsets by path, query or header, for listing and for calling', async () => {
    await start();
    for (const [path, headers] of [
      ['/mcp/x/talking', {}],
      ['/mcp?toolsets=talking', {}],
      ['/mcp', { 'x-mcp-toolsets': 'talking' }],
      ['/mcp/x/talking?toolsets=raw', { 'x-mcp-toolsets': 'raw' }],
    ] as const) {
      const client = await open(path, headers);
      expect(await names(client)).toEqual(['task', 'fs__echo']);
      expect((await client.callTool({ name: 'fs__echo', arguments: {} })).isError ?? false).toBe(false);
      await expect(client.callTool({ name: 'fs__raw', arguments: {} })).rejects.toMatchObject({
        code: -32_602,
      });
      await client.close();
    }
    expect(at.house.calls.map(({ name }) => name)).toEqual(Array(4).fill('fs__echo'));
  });

  it('gets several at once, each with its own tools of ours', async () => {
    await start();
    expect(await names(await open('/mcp?toolsets=talking,raw'))).toEqual(['task', 'fs__echo', 'fs__raw']);
    expect(await names(await open('/mcp?toolsets=raw'))).toEqual(['fs__raw']);
  });

  it("gets the node's default, and everything when it asks for all", async () => {
    await start({ defaultToolsets: ['raw'] });
    expect(await names(await open())).toEqual(['fs__raw']);
    expect(await names(await open('/mcp?toolsets=default'))).toEqual(['fs__raw']);
    expect(await names(await open('/mcp?toolsets=default,talking'))).toEqual(['task', 'fs__echo', 'fs__raw']);
    expect(await names(await open('/mcp?toolsets=all'))).toHaveLength(5);
  });

  it('searches and calls instead of listing, with every byte of the arguments', async () => {
    await start({ toolSearch: { mode: 'always', above: 0 } });
    const client = await open();
    expect(await names(client)).toEqual(['task', 'find_tools', 'call_tool']);
    const { tools } = await client.listTools();
    expect(tools[1]?.description).toContain('There are tools of fs.');
    expect(client.getInstructions()).toContain('find_tools');
    expect(client.getInstructions()).not.toContain('acontext');
    const found = await client.callTool({ name: 'find_tools', arguments: { query: 'an echo', limit: 1 } });
    expect(found.structuredContent).toMatchObject({ tools: [{ name: 'fs__echo', server: 'fs' }], total: 4 });
    const wrapped = { name: 'fs__echo', arguments: { z: 1, a: [{ b: null }] } };
    const answer = await client.callTool({ name: 'call_tool', arguments: wrapped });
    expect(answer.structuredContent).toEqual({ z: 1, a: [{ b: null }] });
    expect(at.house.calls).toMatchObject([{ name: 'fs__echo', args: '{"z":1,"a":[{"b":null}]}' }]);
    const own = { name: 'task', arguments: { action: 'start', task: 'a task' } };
    expect((await client.callTool({ name: 'call_tool', arguments: own })).structuredContent).toBeDefined();
    expect(at.house.tasks).toMatchObject([{ task: 'a task' }]);
    for (const arguments_ of [
      {},
      { name: 'call_tool' },
      { name: 'no such' },
      { name: 'fs__echo', arguments: 3 },
    ])
      await expect(client.callTool({ name: 'call_tool', arguments: arguments_ })).rejects.toMatchObject({
        code: -32_602,
      });
  });

  it('may call what it knows by name, and has no way past its toolsets', async () => {
    await start({ toolSearch: { mode: 'always', above: 0 } });
    const client = await open('/mcp?toolsets=talking');
    expect((await client.callTool({ name: 'fs__echo', arguments: {} })).isError ?? false).toBe(false);
    const { structuredContent } = await client.callTool({
      name: 'find_tools',
      arguments: { query: 'raw slow' },
    });
    expect(structuredContent).toEqual({ tools: [], total: 1 });
    const past = { name: 'call_tool', arguments: { name: 'fs__raw', arguments: {} } };
    await expect(client.callTool(past)).rejects.toMatchObject({ code: -32_602 });
  });

  it('searches above the bound only, and what it sees follows the catalogue', async () => {
    await start({ toolSearch: { mode: 'auto', above: 3 } });
    const client = await open();
    expect(await names(client)).toEqual(['task', 'find_tools', 'call_tool']);
    at.house.tools = at.house.tools.slice(0, 3);
    expect(await names(client)).toEqual(['task', 'fs__echo', 'fs__slow', 'fs__steps']);
    await expect(client.callTool({ name: 'find_tools', arguments: { query: 'x' } })).rejects.toThrow(
      'tool not found',
    );
  });
});

describe('a choice of toolsets', () => {
  it.each(['/mcp?toolsets=talkin', '/mcp/x/talkin', '/mcp/x/constructor', `/mcp/x/${'x'.repeat(1_001)}`])(
    'that names none is refused with those there are: %s',
    async (path) => {
      await start();
      for (const method of ['POST', 'GET', 'DELETE']) {
        const body = method === 'POST' ? '{"jsonrpc":"2.0","id":1,"method":"ping"}' : '';
        const reply = await at.send({ method, path, headers: { 'content-type': 'application/json' }, body });
        const { error } = reply.json();
        expect([reply.status, error.code]).toEqual([400, -32_602]);
        expect(error.message).toMatch(
          /^there is no toolset "\w+"; there are talking, raw, all|^the choice of/,
        );
      }
    },
  );
});

describe('call_tool', () => {
  it('hands on bytes that no parser would give back', async () => {
    await start({ toolSearch: { mode: 'always', above: 0 } });
    const raw = '{"big":9007199254740993,"one":1.0, "zero":-0,"huge":1e400,"z":1,"a":"\\u00e9\\/"}';
    const params = `{"arguments":{"arguments": ${raw} ,"name":"fs__echo"},"name":"call_tool"}`;
    const begin = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    };
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: begin });
    const opened = await at.send({ headers, body });
    const session = String(opened.headers['mcp-session-id']);
    const reply = await at.send({
      headers: { ...headers, 'mcp-session-id': session },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`,
    });
    expect(reply.text).toContain(`"structuredContent":${raw}`);
    expect(at.house.calls.map(({ args }) => args)).toEqual([raw]);
  });
});

describe('the cost of a view', () => {
  it('of a call does not grow with the catalogue', async () => {
    await start({ defaultToolsets: ['talking'] });
    let reads = 0;
    const tools = Array.from({ length: 1_000 }, (_, n) => ({
      name: `fs__t${n}`,
      server: 'fs',
      tool: `t${n}`,
      stale: false,
      get definition() {
        reads += 1;
        return { name: `fs__t${n}` };
      },
    }));
    at.house.tools = [...at.house.tools, ...tools];
    const client = await openOld();
    for (let call = 0; call < 20; call += 1) await client.callTool({ name: 'fs__echo', arguments: {} });
    expect(reads).toBe(0);
    await client.listTools();
    await client.listTools();
    expect(reads).toBe(0);
  });
});
