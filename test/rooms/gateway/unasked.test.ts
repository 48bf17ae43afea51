// What upstreams say without being asked, and who hears it: changed lists, watched resources, logs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import {
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { describe, expect, it } from 'vitest';
import { listen } from '../../fixtures/upstreams/servers.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { startPassing, upstreamProgram } from '../../support/passing-gateway.ts';
import { until } from '../../support/until.ts';

const one = upstreamProgram('offering.mjs', 'one');
const uri = 'test://one/a';

interface Caller {
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<{ content?: unknown }>;
}

/** What the upstream remembers of us. */
async function stateOf(client: unknown): Promise<{ watched: string[]; level: string }> {
  const { content } = await (client as Caller).callTool({ name: 'one__state' });
  return JSON.parse((content as { text: string }[])[0]?.text ?? '{}');
}

function touch(client: unknown, changed = uri): Promise<unknown> {
  return (client as Caller).callTool({ name: 'one__touch', arguments: { uri: changed } });
}

function hearUpdates(client: OldClient): string[] {
  const heard: string[] = [];
  client.setNotificationHandler(
    ResourceUpdatedNotificationSchema,
    ({ params }) => void heard.push(params.uri),
  );
  return heard;
}

describe.each(['http', 'stream'] as const)('over %s', (way) => {
  it('a client of the older era hears that lists changed', async () => {
    const at = await startPassing({ loud: upstreamProgram('offering.mjs', 'loud', 'empty-at-first') });
    const heard: string[] = [];
    const client = await connectOld(at, {
      way,
      prepare: (opening) => {
        opening.setNotificationHandler(PromptListChangedNotificationSchema, () => void heard.push('prompts'));
        opening.setNotificationHandler(
          ResourceListChangedNotificationSchema,
          () => void heard.push('resources'),
        );
      },
    });
    await client.listPrompts();
    // Over HTTP the stream on which it is told opens after the handshake.
    await until('it hears', async () => {
      await client.callTool({ name: 'loud__fill' });
      return heard.includes('prompts');
    });
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(3);
    expect((await client.listResources()).resources).toHaveLength(3);
  });

  it('a client of the newer era hears that lists changed', async () => {
    const at = await startPassing({ loud: upstreamProgram('offering.mjs', 'loud', 'empty-at-first') });
    const heard: string[] = [];
    const changed = (list: string) => ({
      autoRefresh: false,
      debounceMs: 0,
      onChanged: () => void heard.push(list),
    });
    const listChanged = { prompts: changed('prompts'), resources: changed('resources') };
    const client = await connectNew(at, { way, options: { listChanged } });
    await client.listPrompts();
    await client.callTool({ name: 'loud__fill' });
    await until('it hears', () => heard.includes('prompts') && heard.includes('resources'));
  });

  it('a client of the older era watches a resource until it does not any more', async () => {
    const at = await startPassing({ one });
    const client = await connectOld(at, { way });
    const heard = hearUpdates(client);
    expect(client.getServerCapabilities()?.resources).toEqual({ listChanged: true, subscribe: true });
    await client.subscribeResource({ uri });
    expect(await stateOf(client)).toMatchObject({ watched: [uri] });
    await until('it hears', async () => {
      await touch(client);
      return heard.length > 0;
    });
    expect(heard[0]).toBe(uri);
    await client.unsubscribeResource({ uri });
    expect(await stateOf(client)).toMatchObject({ watched: [] });
  });

  it('a client of the newer era watches a resource until it does not any more', async () => {
    const at = await startPassing({ one });
    const client = await connectNew(at, { way });
    const heard: string[] = [];
    client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void heard.push(params.uri),
    );
    const stream = await client.listen({ resourceSubscriptions: [uri] });
    expect(stream.honoredFilter).toEqual({ resourceSubscriptions: [uri] });
    await until('it is watched', async () => (await stateOf(client)).watched.includes(uri));
    await touch(client);
    await until('it hears', () => heard.length > 0);
    await stream.close();
    await until('it is not watched', async () => (await stateOf(client)).watched.length === 0);
  });
});

describe('a change that comes while a client of the older era has no stream', () => {
  it('is told once, as soon as it listens again', async () => {
    const at = await startPassing({ one });
    let session: Record<string, string> = {};
    const post = async (method: string, params: object, id?: number) => {
      const response = await fetch(`${at.url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...session },
        body: JSON.stringify({ jsonrpc: '2.0', method, params, ...(id === undefined ? {} : { id }) }),
      });
      await response.text();
      const named = response.headers.get('mcp-session-id');
      if (named !== null) session = { 'mcp-session-id': named };
      return response.status;
    };
    const clientInfo = { name: 'away', version: '1' };
    await post('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo }, 1);
    await post('notifications/initialized', {});
    await post('resources/subscribe', { uri }, 2);
    const change = { name: 'one__touch', arguments: { uri } };
    for (const id of [3, 4]) expect(await post('tools/call', change, id)).toBe(200);
    const hear = async (enough: (text: string) => boolean): Promise<string> => {
      const ended = new AbortController();
      const headers = { accept: 'text/event-stream', ...session };
      const response = await fetch(`${at.url}/mcp`, { headers, signal: ended.signal });
      let text = '';
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString('utf8');
        if (enough(text)) break;
      }
      ended.abort();
      return text;
    };
    const first = await hear((text) => text.includes('resources/updated'));
    expect(first.match(/resources\/updated/g)).toHaveLength(1);
    expect(first).toContain(uri);
  });
});

describe('watching', () => {
  it('is one subscription for all who watch, and ends with the last', async () => {
    const at = await startPassing({ one });
    const ann = await connectOld(at, { way: 'stream' });
    const bob = await connectOld(at, { way: 'stream', token: 'bob' });
    const [heardByAnn, heardByBob] = [hearUpdates(ann), hearUpdates(bob)];
    await ann.subscribeResource({ uri });
    await bob.subscribeResource({ uri });
    await touch(ann);
    await until('both hear', () => heardByAnn.length === 1 && heardByBob.length === 1);
    await ann.unsubscribeResource({ uri });
    await touch(ann);
    await until('one still hears', () => heardByBob.length === 2);
    expect(heardByAnn).toHaveLength(1);
    await bob.close();
    await until('nobody watches', async () => (await stateOf(ann)).watched.length === 0);
  });

  it('goes on when the upstream comes back, and what was missed counts as changed', async () => {
    const at = await startPassing({ one });
    const client = await connectOld(at, { way: 'stream' });
    const heard = hearUpdates(client);
    await client.subscribeResource({ uri });
    await client.callTool({ name: 'one__die' }).catch(() => undefined);
    await until('it hears', () => heard.length > 0);
    expect(await stateOf(client)).toMatchObject({ watched: [uri] });
  });

  it('knows resources that two upstreams share apart', async () => {
    const at = await startPassing({ one, two: upstreamProgram('offering.mjs', 'two') });
    const client = await connectOld(at, { way: 'stream' });
    const heard = hearUpdates(client);
    await client.subscribeResource({ uri: 'two+test://shared' });
    await client.callTool({ name: 'one__touch', arguments: { uri: 'test://shared' } });
    await client.callTool({ name: 'two__touch', arguments: { uri: 'test://shared' } });
    await until('it hears', () => heard.length > 0);
    expect(heard).toEqual(['two+test://shared']);
  });

  it('reaches upstreams of the newer era', async () => {
    const handler = createMcpHandler(() => {
      const server = new McpServer(
        { name: 'modern', version: '1' },
        { capabilities: { resources: { subscribe: true, listChanged: true } } },
      );
      for (const name of ['a', 'b'])
        server.registerResource(name, `modern://${name}`, {}, ({ href }) => ({
          contents: [{ uri: href, text: name }],
        }));
      return server;
    });
    const serve = toNodeHandler(handler);
    const url = await listen((req: IncomingMessage, res: ServerResponse) => serve(req as never, res));
    const at = await startPassing({ one: { url } });
    const client = await connectOld(at, { way: 'stream' });
    const heard = hearUpdates(client);
    await client.subscribeResource({ uri: 'modern://a' });
    await client.subscribeResource({ uri: 'modern://b' });
    handler.notify.resourceUpdated('modern://a');
    handler.notify.resourceUpdated('modern://b');
    await until('it hears', () => heard.length === 2);
    await client.unsubscribeResource({ uri: 'modern://a' });
    handler.notify.resourceUpdated('modern://a');
    handler.notify.resourceUpdated('modern://b');
    await until('it hears of one', () => heard.length > 2);
    expect(heard).toEqual(['modern://a', 'modern://b', 'modern://b']);
  });
});

describe('logs', () => {
  function hearLogs(client: OldClient): unknown[] {
    const heard: unknown[] = [];
    client.setNotificationHandler(
      LoggingMessageNotificationSchema,
      ({ params }) => void heard.push(params.data),
    );
    return heard;
  }
  const log = (client: OldClient, text: string) => client.callTool({ name: 'one__log', arguments: { text } });

  it('of a call are heard by its caller', async () => {
    const at = await startPassing({ one });
    const client = await connectOld(at);
    const heard = hearLogs(client);
    await log(client, 'here');
    await until('it hears', () => heard.includes('here'));
  });

  it('come from the level on that was asked for, and the upstream knows the most talkative', async () => {
    const at = await startPassing({ one });
    const [ann, other] = [await connectOld(at, { way: 'stream' }), await connectOld(at, { way: 'stream' })];
    expect(ann.getServerCapabilities()?.logging).toEqual({});
    await ann.setLoggingLevel('error');
    await until('it is told', async () => (await stateOf(ann)).level === 'error');
    await other.setLoggingLevel('debug');
    await until('it is told', async () => (await stateOf(ann)).level === 'debug');
    const heard = hearLogs(ann);
    await log(ann, 'a warning');
    await stateOf(ann);
    expect(heard).toEqual([]);
    await expect(
      ann.request({ method: 'logging/setLevel', params: { level: 'x' as 'info' } }, anyResult),
    ).rejects.toMatchObject({ code: -32_602 });
  });
});

const anyResult = {
  parse: (value: unknown) => value,
  safeParse: (data: unknown) => ({ success: true, data }),
} as never;
