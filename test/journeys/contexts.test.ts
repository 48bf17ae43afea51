/** Two agents share a context through one node: one speaks 2026-07-28, the other one 2025; a third one is an upstream. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, connectOld } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

let place: Place;
let node: NodeProcess;
let ann: Agent;
let ben: Agent;
let contextId: string;

const upstream = {
  command: process.execPath,
  args: [join(packageRoot, 'test/fixtures/upstreams/context.mjs')],
  contextKeys: { read: ['count', 'task'], write: ['count', 'draft'] },
};

beforeAll(async () => {
  place = await createPlace({ mcpServers: { counter: upstream } });
  node = await startNodeProcess({ dataFolder: place.dataFolder, config: place.config, env: place.env });
  ann = await connectNew(node.url);
  ben = await connectOld(node.url);
});
afterAll(async () => {
  await Promise.all([ann.close(), ben.close()]);
  await node.stop();
  await place.remove();
});

const ask = async (agent: Agent, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
  const { isError, structured, text } = await agent.call('context', args);
  if (isError) throw new Error(text);
  return structured as Record<string, unknown>;
};
const rest = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${node.url}/api/v1/contexts${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('a shared context', () => {
  it('is made by one agent and changed by the other, each of them seeing what the other did', async () => {
    const made = await ask(ann, { action: 'create', name: 'release', values: { task: 'ship', draft: 1 } });
    contextId = String(made['context_id']);
    expect(made).toMatchObject({ version: 1, created: true });
    await ask(ben, { action: 'patch', context_id: contextId, values: { plan: { steps: ['build'] } } });
    expect(await ask(ann, { action: 'get', context_id: contextId })).toMatchObject({
      version: 2,
      values: { task: 'ship', draft: 1, plan: { steps: ['build'] } },
    });
    await expect(
      ask(ann, { action: 'set', context_id: contextId, values: { a: 1 }, expected_version: 1 }),
    ).rejects.toThrow(/not as it was expected/);
    await expect(ask(ann, { action: 'get', context_id: 'c-nowhere' })).rejects.toThrow(/no context/);
  });

  it('is a resource that an older client watches and hears of', async () => {
    const client = new OldClient({ name: 'watcher', version: '1' });
    const heard: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      heard.push(params.uri);
    });
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url)));
    const uri = `context://${contextId}`;
    const { resources } = await client.listResources();
    expect(resources.map((one) => one.uri)).toContain(uri);
    const { contents } = await client.readResource({ uri });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ version: 2 });
    await client.subscribeResource({ uri });
    await expect(client.subscribeResource({ uri: 'context://c-nowhere' })).rejects.toThrow(/no resource/);
    // Its stream opens beside its requests: what came before it is not told.
    await until('the watcher hears', async () => {
      await ask(ann, { action: 'set', context_id: contextId, values: { tick: Date.now() } });
      return heard.includes(uri);
    });
    await client.close();
  });

  it('is handed to an upstream as far as it may see it, and changed by it as far as it may', async () => {
    await ask(ben, { action: 'attach', context_id: contextId });
    const { version } = (await rest('GET', `/${contextId}?fresh=true`)).body;
    const first = await ben.call('counter__count', {});
    expect(JSON.parse(first.text)).toEqual({ id: contextId, version, values: { task: 'ship' } });
    const second = await ben.call('counter__count', {});
    expect(JSON.parse(second.text)).toMatchObject({ values: { task: 'ship', count: 1 } });
    const { body } = await rest('GET', `/${contextId}?fresh=true`);
    expect(body['version']).toBe(Number(version) + 2);
    expect(body['values']).toMatchObject({ count: 2, last_operation_time: expect.any(String) as string });
    expect(body['values']).not.toHaveProperty('forbidden');
    expect(body['values']).not.toHaveProperty('draft');
    await ask(ben, { action: 'detach' });
    expect((await ben.call('counter__count', {})).text).toBe('null');
  });

  it('tells the caller of the context in the reply, and of what was refused', async () => {
    const response = await fetch(new URL('/mcp', node.url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'counter__count',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'counter__count',
          arguments: {},
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
            'drey/context': contextId,
          },
        },
      }),
    });
    const { result } = (await response.json()) as { result: { _meta: Record<string, unknown> } };
    expect(result._meta).toMatchObject({
      'drey/context': { id: contextId, refused: ['forbidden'], version: expect.any(Number) as number },
      'drey/session': expect.any(String) as string,
      own: 1,
    });
  });

  it('has a history, a way back and a merge over REST, and its changes as a stream', async () => {
    const stream = new AbortController();
    const { body: events } = await fetch(`${node.url}/api/v1/contexts/${contextId}/changes`, {
      signal: stream.signal,
    });
    const reader = events?.pipeThrough(new TextDecoderStream()).getReader();
    const { body: versions } = await rest('GET', `/${contextId}/versions?limit=3`);
    const [latest] = versions['versions'] as { version: number }[];
    const { body: older } = await rest(
      'GET',
      `/${contextId}/versions?limit=3&cursor=${String(versions['next'])}`,
    );
    const all = [versions, older].flatMap((page) => page['versions'] as { version: number }[]);
    const first = Number(latest?.version);
    expect(all.map(({ version }) => version)).toEqual(all.map((_, n) => first - n));
    expect(all.length).toBeGreaterThan(3);
    expect(await rest('GET', `/${contextId}/versions?cursor=WyJ4Il0`)).toMatchObject({ status: 400 });
    const back = await rest('POST', `/${contextId}/rollback`, { version: 2 });
    expect(back.body).toEqual({ version: Number(latest?.version) + 1 });
    const copy = { base_version: 2, values: { task: 'ship it', draft: 1, plan: { steps: ['build'] } } };
    const synced = await rest('POST', `/${contextId}/sync`, copy);
    expect(synced).toMatchObject({ status: 200, body: { pushed: ['task'], pulled: [], conflicts: [] } });
    let text = '';
    while (!text.includes('ship it')) text += (await reader?.read())?.value ?? '';
    stream.abort();
    expect(text).toContain('"type":"context.updated"');
    const shared = { principal: '*', permissions: ['read'] };
    expect((await rest('PUT', `/${contextId}/access`, shared)).body).toMatchObject({ everyone: ['read'] });
    expect(await rest('GET', '/c-nowhere')).toMatchObject({ status: 404 });
    expect(await rest('PATCH', `/${contextId}`, { set: { big: 2 ** 60 } })).toMatchObject({ status: 400 });
    expect(await rest('DELETE', `/${contextId}`)).toMatchObject({ status: 200 });
  });
});

describe('agents with keys of their own', () => {
  const as = async (agent: string) => {
    const made = await node.post<{ key: string }>('/api/v1/keys?namespace=shared', { agent });
    return async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${node.url}/api/v1/contexts${path}`, {
        method,
        headers: { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
  };

  it('are given permissions by name, and by the ids of their requests they reach nothing', async () => {
    const [anns, bens] = [await as('ann'), await as('ben')];
    const made = (await anns('POST', '', { name: 'plan', values: { n: 1 } })).body;
    const path = `/${String(made['context_id'])}`;
    const change = { set: { n: 2 }, request_id: 'r-1' };
    const stored = await anns('PATCH', path, change);
    expect(stored.body).toMatchObject({ outcome: 'stored', version: 2 });
    expect((await anns('PATCH', path, change)).body).toEqual(stored.body);
    // Neither what another one calls so, nor another change of one's own, was stored with it.
    expect((await bens('PATCH', path, change)).status).toBe(404);
    expect((await anns('PATCH', path, { ...change, set: { n: 3 } })).body).toMatchObject({ version: 3 });

    expect((await anns('PUT', `${path}/access`, { principal: 'ben', permissions: ['read'] })).body).toEqual({
      creator: 'ann@shared',
      everyone: [],
      grants: [{ principal: 'ben@shared', permissions: ['read'] }],
    });
    expect(await bens('GET', path)).toMatchObject({ status: 200, body: { changed_by: 'ann@shared' } });
    expect((await bens('PATCH', path, change)).status).toBe(403);
    // What can be nobody's name is told, and not kept.
    for (const principal of ['Ben!', 'x'.repeat(41), 'a b@shared', '@shared'])
      expect((await anns('PUT', `${path}/access`, { principal, permissions: ['read'] })).status).toBe(400);
    await anns('PUT', `${path}/access`, { principal: 'ben@shared', permissions: ['write'] });
    expect((await bens('PATCH', path, { set: { n: 4 } })).body).toMatchObject({ version: 4 });
    await anns('PUT', `${path}/access`, { principal: 'ben', permissions: [] });
    expect((await bens('GET', path)).status).toBe(404);
  });
});
