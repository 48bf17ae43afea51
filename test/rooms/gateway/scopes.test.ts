// Scopes at the front door: every resource and tool names what it needs, and who lacks it is told so the same way
// everywhere.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scope } from '../../../machines/words/scopes.ts';
import type { Principal } from '../../../src/gateway/gateway.ts';
import { ownToolSets } from '../../../src/gateway/gateway.ts';
import { resources } from '../../../src/gateway/rest/rest.ts';
import { callTool, findTools } from '../../../src/gateway/tools/tools.ts';
import { localPrincipal } from '../../support/gateway-needs.ts';
import type { SmallHouse } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

/** What whoever was let in may ask without a scope: how the node is, and what can be asked at all. */
const open = new Set([
  'GET /status',
  'GET /status/changes',
  'GET /openapi.json',
  'GET /problems',
  'GET /problems/:code',
]);

let house: SmallHouse;
let at: GatewayServer;
let scopes: readonly string[] = [];

beforeEach(async () => {
  const principal = (): Principal => ({
    ...localPrincipal,
    id: 'cat@acme',
    namespace: 'acme',
    local: false,
    mayNameNamespaces: false,
    scopes,
  });
  at = await startGateway((needs) => ({ ...needs, admit: () => ({ ok: true, principal: principal() }) }));
  house = at.house;
});
afterEach(() => at.close());

const modern = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2026-07-28',
};

function post(method: string, params: Record<string, unknown>, headers: Record<string, string> = {}) {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'cat', version: '1' },
  };
  return fetch(`${at.url}/mcp`, {
    method: 'POST',
    headers: { ...modern, 'mcp-method': method, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  });
}

it('tells of the machine only to those who may read the node', async () => {
  const lost = { id: 'r-nats', state: 'away', lastError: 'EACCES /home/ann/.drey/nats' };
  const facts = { version: '1.0.0', state: 'running', missing: ['bus'], sessions: 2 };
  const config = { file: '/home/ann/drey.json', error: 'bad /home/ann/drey.json', restartNeeded: [] };
  const whole = {
    ...facts,
    pid: 4711,
    nats: { url: 'nats://127.0.0.1:4222' },
    config,
    resources: [lost],
    learning: { engine_status: 'running', pid: 4712 },
  };
  await at.close();
  at = await startGateway((needs) => ({
    ...needs,
    status: () => Promise.resolve(whole),
    admit: () => ({
      ok: true,
      principal: { ...localPrincipal, id: 'cat@acme', local: false, mayNameNamespaces: false, scopes },
    }),
  }));
  const read = async () => (await at.send({ method: 'GET', path: '/api/v1/status' })).json();
  scopes = Scope.options.filter((scope) => scope !== 'node:read');
  expect(await read()).toEqual({
    ...facts,
    config: { file: null, error: null, restartNeeded: [] },
    resources: [{ ...lost, lastError: null }],
    learning: { engine_status: 'running' },
  });
  scopes = ['node:read'];
  expect(await read()).toEqual(whole);
});

describe('what is needed is said', () => {
  it.each(resources.map((one) => [`${one.method} ${one.path}`, one] as const))('%s', (name, one) => {
    if (open.has(name)) expect(one.scope).toBeUndefined();
    else expect(Scope.safeParse(one.scope).success).toBe(true);
  });

  it.each(
    [...[...ownToolSets.values()].flat(), findTools, callTool].map((tool) => [tool.name, tool] as const),
  )('the tool %s', (_, tool) => {
    let scope: unknown;
    try {
      scope = tool.toScope({});
    } catch (error) {
      // It depends on the arguments, and these are none.
      expect(error).toMatchObject({ code: 'argument_invalid' });
      return;
    }
    expect(Scope.safeParse(scope).success).toBe(true);
  });
});

describe('what is said is all that is needed', () => {
  it.each(resources.filter(({ docs }) => docs !== undefined))('by $method $path', async (one) => {
    scopes = Scope.options;
    const document = (await (await fetch(`${at.url}/api/v1/openapi.json`)).json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const operation = document.paths[one.path.replaceAll(/:(\w+)/g, '{$1}')]?.[one.method.toLowerCase()];
    scopes = [one.scope, one.alsoScope].filter((scope) => scope !== undefined);
    const leaving = new AbortController();
    const { headers } = await fetch(`${at.url}/api/v1${one.path.replaceAll(/:\w+/g, 'x')}`, {
      method: one.method,
      headers: { 'content-type': one.docs?.bodyType ?? 'application/json' },
      signal: leaving.signal,
      ...(one.docs?.body === undefined ? {} : { body: JSON.stringify(one.docs.example ?? {}) }),
    });
    leaving.abort();
    const lacking = /scope="([^"]+)"/.exec(headers.get('www-authenticate') ?? '')?.[1];
    // What only some requests need stands with what they ask for.
    if (lacking !== undefined) expect(JSON.stringify(operation)).toContain(lacking);
  });
});

describe('who lacks it is refused', () => {
  it.each(
    resources.filter(({ scope }) => scope !== undefined).map((one) => [one.method, one.path, one.scope]),
  )('by %s %s', async (method, path, scope) => {
    scopes = Scope.options.filter((other) => other !== scope);
    const response = await fetch(`${at.url}/api/v1${path?.replaceAll(/:\w+/g, 'x')}`, {
      method: method ?? '',
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", scope="${scope}"`,
    );
    expect(await response.json()).toMatchObject({
      code: 'permission_denied',
      detail: expect.stringContaining(scope ?? '?'),
    });
  });

  it('by a tool call of an upstream, which never gets there', async () => {
    scopes = ['sop:read'];
    const params = { name: 'fs__echo', arguments: {} };
    const refused = await post('tools/call', params, { 'mcp-name': 'fs__echo' });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('scope="tool:call"');
    expect(await refused.json()).toMatchObject({
      error: {
        code: 403,
        data: { code: 'permission_denied' },
        message: expect.stringContaining('tool:call'),
      },
    });
    expect(house.calls).toEqual([]);
    scopes = ['tool:call'];
    expect((await post('tools/call', params, { 'mcp-name': 'fs__echo' })).status).toBe(200);
    expect(house.calls).toHaveLength(1);
  });

  it('by an own tool, which does nothing', async () => {
    scopes = ['tool:call', 'sop:read'];
    const params = { name: 'task', arguments: { action: 'start', task: 'try' } };
    const refused = await post('tools/call', params, { 'mcp-name': 'task' });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="task:write"',
    ]);
    expect(house.tasks).toEqual([]);
  });

  it('with the scopes of the key that is shown now, not of the one that began the session', async () => {
    scopes = ['tool:call'];
    const json = { 'content-type': 'application/json', accept: 'application/json' };
    const begin = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'cat', version: '1' },
    };
    const begun = await fetch(`${at.url}/mcp`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: begin }),
    });
    const session = begun.headers.get('mcp-session-id') ?? '';
    const call = async () => {
      const response = await fetch(`${at.url}/mcp`, {
        method: 'POST',
        headers: { ...json, 'mcp-session-id': session },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'fs__echo' } }),
      });
      await response.text();
      return response.status;
    };
    expect(await call()).toBe(200);
    scopes = ['sop:read'];
    expect(await call()).toBe(403);
  });

  it('and learned procedures are not there for who may not read them', async () => {
    scopes = ['tool:call'];
    const read = await post('resources/read', { uri: 'sop://acme/p-1' }, { 'mcp-name': 'sop://acme/p-1' });
    expect(read.status).toBe(403);
    const listed = await post('resources/templates/list', {});
    expect(await listed.json()).toMatchObject({ result: { resourceTemplates: [] } });
  });
});
