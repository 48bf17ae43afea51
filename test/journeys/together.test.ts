/**
 * Two agents with keys of their own, made as a user makes them, through the official clients of both eras: they share a
 * context and hear of each other's changes, and what one remembers the other finds, unless it is private or forgotten.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';

interface Agent {
  readonly key: string;
  readonly client: Client | OldClient;
  /** Resources it was told of, in their order. */
  readonly heard: string[];
}
type Facts = Record<string, unknown>;

let place: Place;
let node: NodeProcess;
/** Speaks 2026-07-28. */
let ann: Agent & { readonly client: Client };
/** Speaks 2025-11-25, with a session. */
let ben: Agent & { readonly client: OldClient };
const clients: (Client | OldClient)[] = [];

beforeAll(async () => {
  place = await createPlace({ learning: { enabled: false } });
  node = await startNodeProcess(place);
  ann = await enterNew(await createKey('ann', 'acme'));
  ben = await enterOld(await createKey('ben', 'acme'));
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await node?.stop();
  await place?.remove();
});

async function createKey(agent: string, namespace: string): Promise<string> {
  const words = ['keys', 'create', agent, '--namespace', namespace, '--data', place.dataFolder];
  const { code, stdout, stderr } = await runDrey(place, words);
  if (code !== 0) throw new Error(`drey ${words.join(' ')} ended with ${code}: ${stderr}`);
  return stdout.trim();
}

const toHeaders = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } });

async function enterNew(key: string): Promise<typeof ann> {
  const client = new Client(
    { name: 'ann', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri);
  });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url), toHeaders(key)));
  clients.push(client);
  return { key, client, heard };
}

async function enterOld(key: string): Promise<typeof ben> {
  const client = new OldClient({ name: 'ben', version: '1' });
  const heard: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    heard.push(params.uri);
  });
  await client.connect(new OldHttpTransport(new URL('/mcp', node.url), toHeaders(key)));
  clients.push(client);
  return { key, client, heard };
}

async function ask({ client }: Agent, name: string, args: Facts): Promise<Facts> {
  const { content, isError, structuredContent } = await client.callTool({ name, arguments: args });
  if (isError === true) throw new Error(JSON.stringify(content));
  return structuredContent as Facts;
}
const context = (agent: Agent, args: Facts) => ask(agent, 'context', args);
const memory = (agent: Agent, args: Facts) => ask(agent, 'memory', args);

async function found(agent: Agent, query: string): Promise<readonly unknown[]> {
  const { memories } = await memory(agent, { action: 'search', query });
  return (memories as { content: string }[]).map(({ content }) => content);
}

async function create(agent: Agent, name: string, values: Facts): Promise<string> {
  const made = await context(agent, { action: 'create', name, values });
  return String(made['context_id']);
}

describe('a context of two agents', () => {
  it('is shared with a key, and changed by one only where it is as it was seen', async () => {
    const id = await create(ann, 'release', { stage: 'build' });
    const shared = { action: 'share', context_id: id, with: 'ben@acme', permissions: ['read', 'write'] };
    await context(ann, shared);
    expect(await context(ben, { action: 'get', context_id: id })).toMatchObject({
      version: 1,
      values: { stage: 'build' },
    });
    const change = { action: 'set', context_id: id, expected_version: 1 };
    expect(await context(ben, { ...change, values: { stage: 'test' } })).toMatchObject({ version: 2 });
    await expect(context(ann, { ...change, values: { stage: 'ship' } })).rejects.toThrow(/not as it was/);
    const byValue = { action: 'set', context_id: id, expected: { stage: 'test' }, values: { stage: 'ship' } };
    expect(await context(ann, byValue)).toMatchObject({ version: 3 });
    await expect(context(ben, byValue)).rejects.toThrow(/not as it was/);
    expect(await context(ben, { action: 'get', context_id: id })).toMatchObject({
      version: 3,
      values: { stage: 'ship' },
    });
    const { versions } = await context(ann, { action: 'history', context_id: id });
    expect((versions as Facts[]).map((one) => one['changed_by'])).toEqual([
      'ann@acme',
      'ben@acme',
      'ann@acme',
    ]);
  });

  it('tells the one in 2025 of what the other did, who subscribed to the resource', async () => {
    const id = await create(ann, 'watched by ben', { step: 1 });
    const uri = `context://${id}`;
    await context(ann, { action: 'share', context_id: id, with: '*', permissions: ['read'] });
    await ben.client.subscribeResource({ uri });
    // Its stream opens beside its requests: what came before it is not told.
    await until('ben hears', async () => {
      await context(ann, { action: 'set', context_id: id, values: { step: Date.now() } });
      return ben.heard.includes(uri);
    });
    const { contents } = await ben.client.readResource({ uri });
    const { version } = await context(ann, { action: 'get', context_id: id });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ version });
  });

  it('tells the one in 2026-07-28 of what the other did, who listens', async () => {
    const id = await create(ben, 'watched by ann', { step: 1 });
    const uri = `context://${id}`;
    await context(ben, { action: 'share', context_id: id, with: 'ann@acme', permissions: ['read'] });
    const stream = await ann.client.listen({ resourceSubscriptions: [uri] });
    expect(stream.honoredFilter).toMatchObject({ resourceSubscriptions: [uri] });
    await context(ben, { action: 'set', context_id: id, values: { step: 2 } });
    await until('ann hears', () => ann.heard.includes(uri));
    await stream.close();
    const { contents } = await ann.client.readResource({ uri });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ version: 2 });
  });

  it('is closed to who has no part in it, and tells them nothing', async () => {
    const id = await create(ann, 'mine', { secret: 'plan' });
    const uri = `context://${id}`;
    await expect(context(ben, { action: 'get', context_id: id })).rejects.toThrow(/no context/);
    await expect(ben.client.subscribeResource({ uri })).rejects.toThrow(/no resource/);
    const eve = await enterNew(await createKey('eve', 'globex'));
    await expect(context(eve, { action: 'get', context_id: id })).rejects.toThrow(/no context/);
    const stream = await eve.client.listen({ resourceSubscriptions: [uri] });
    expect(stream.honoredFilter.resourceSubscriptions ?? []).toEqual([]);
    await stream.close();
  });
});

describe('what two agents remember', () => {
  it('is found by the other one, in other words, until it is forgotten', async () => {
    const content = 'The staging server of billing is called otter';
    const stored = await memory(ann, { action: 'store', content, kind: 'fact' });
    const { memory_id: id } = stored['memory'] as { memory_id: string };
    expect(await found(ben, 'which server is staging')).toEqual([content]);
    const again = await memory(ben, {
      action: 'store',
      content: 'the staging server of billing is called otter.',
    });
    expect(again).toMatchObject({ merged: true, memory: { memory_id: id, stated: 2 } });
    expect(await memory(ben, { action: 'forget', memory_id: id })).toEqual({ forgotten: id });
    expect(await found(ann, 'which server is staging')).toEqual([]);
    await expect(memory(ann, { action: 'get', memory_id: id })).rejects.toThrow(/no memory/);
  });

  it('stays with one of them where it is private, and in the namespace where it is not', async () => {
    const own = 'My review notes for the quarterly audit are in drawer seven';
    await memory(ben, { action: 'store', content: own, visibility: 'private' });
    const common = 'The quarterly audit is signed by the controller';
    await memory(ben, { action: 'store', content: common });
    expect(await found(ben, 'quarterly audit')).toHaveLength(2);
    expect(await found(ann, 'quarterly audit')).toEqual([common]);
    const eve = await enterOld(await createKey('mallory', 'globex'));
    expect(await found(eve, 'quarterly audit')).toEqual([]);
  });
});
