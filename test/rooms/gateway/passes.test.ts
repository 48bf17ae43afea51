// Prompts, resources and completions of real upstreams, seen by real clients of both eras through the gateway.
import { describe, expect, it, onTestFinished } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { pageItemsMax, toPage } from '../../../src/gateway/mcp/pages.ts';
import { referenceProgram, startPassing, upstreamProgram } from '../../support/passing-gateway.ts';
import { until } from '../../support/until.ts';

const info = { name: 'test-client', version: '1.0.0' };

async function openOld(url: string): Promise<OldClient> {
  const client = new OldClient(info);
  await client.connect(new OldTransport(new URL(`${url}/mcp`)));
  onTestFinished(() => client.close());
  return client;
}

async function openNew(url: string): Promise<Client> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  onTestFinished(() => client.close());
  return client;
}

const eras = [
  ['the 1.x client', openOld],
  ['the 2.x client pinned to 2026-07-28', openNew],
] as const;

const two = { one: upstreamProgram('offering.mjs', 'one'), two: upstreamProgram('offering.mjs', 'two') };

describe.each(eras)('%s', (_who, open) => {
  it('sees the prompts of all upstreams under their prefixed names, to the last page', async () => {
    const { url } = await startPassing(two);
    const client = await open(url);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual([
      'one__greet',
      'one__picture',
      'one__only_one',
      'two__greet',
      'two__picture',
      'two__only_two',
    ]);
    expect(prompts[3]).toMatchObject({
      description: 'greet of two',
      arguments: [{ name: 'whom', required: true }],
      _meta: { from: 'two' },
    });
  });

  it('gets a prompt from its upstream, which hears its own name for it', async () => {
    const { url } = await startPassing(two);
    const client = await open(url);
    const { messages } = await client.getPrompt({ name: 'two__greet', arguments: { whom: 'Ann' } });
    const [message] = messages;
    const heard = message?.content.type === 'text' ? JSON.parse(message.content.text) : {};
    expect(heard.params).toMatchObject({ name: 'greet', arguments: { whom: 'Ann' } });
    await expect(client.getPrompt({ name: 'greet' })).rejects.toMatchObject({ code: -32_602 });
  });

  it('reads resources where they live: by URI, by template, by qualified URI, and unlisted ones', async () => {
    const { url } = await startPassing(two);
    const client = await open(url);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'test://one/a',
      'test://shared',
      'test://one/b',
      'test://two/a',
      'two+test://shared',
      'test://two/b',
    ]);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'sop://{namespace}/{id}',
      'test://one/items/{id}',
      'test://anywhere/{+path}',
      'test://two/items/{id}',
      'two+test://anywhere/{+path}',
    ]);
    const read = async (uri: string) => {
      const { contents } = await client.readResource({ uri });
      return contents.map((one) => [one.uri, 'text' in one ? one.text : undefined]);
    };
    expect(await read('test://two/b')).toEqual([['test://two/b', 'by two']]);
    expect(await read('test://shared')).toEqual([['test://shared', 'by one']]);
    expect(await read('two+test://shared')).toEqual([['test://shared', 'by two']]);
    expect(await read('test://two/items/7')).toEqual([['test://two/items/7', 'by two']]);
    expect(await read('test://anywhere/x/y')).toEqual([['test://anywhere/x/y', 'by one']]);
    // Nobody lists it; each upstream is asked in turn.
    expect(await read('other://two')).toEqual([['other://two', 'by two']]);
    await expect(client.readResource({ uri: 'test://nowhere' })).rejects.toMatchObject({
      code: client instanceof OldClient ? -32_002 : -32_602,
    });
  });

  it('completes arguments of prompts and templates', async () => {
    const { url } = await startPassing(two);
    const client = await open(url);
    const argument = { name: 'whom', value: 'A' };
    const complete = async (
      ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string },
    ) => {
      const { completion } = await client.complete({ ref, argument });
      return JSON.parse(completion.values[0] ?? '{}').params;
    };
    expect(await complete({ type: 'ref/prompt', name: 'two__greet' })).toMatchObject({
      ref: { type: 'ref/prompt', name: 'greet' },
      argument,
    });
    expect(await complete({ type: 'ref/resource', uri: 'test://two/items/{id}' })).toMatchObject({
      ref: { type: 'ref/resource', uri: 'test://two/items/{id}' },
    });
    expect(await complete({ type: 'ref/resource', uri: 'two+test://anywhere/{+path}' })).toMatchObject({
      ref: { uri: 'test://anywhere/{+path}' },
    });
  });

  it('sees and uses all that the reference server has', async () => {
    const { url } = await startPassing({ every: referenceProgram('server-everything') }, { prefix: 'never' });
    const client = await open(url);
    expect(client.getServerCapabilities()).toMatchObject({
      prompts: { listChanged: true },
      resources: { listChanged: true },
      completions: {},
    });
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain('args-prompt');
    const prompt = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Oslo', state: 'X' } });
    expect(JSON.stringify(prompt.messages)).toContain('Oslo');
    const { resources } = await client.listResources();
    expect(resources.length).toBeGreaterThan(3);
    const { contents } = await client.readResource({ uri: resources[0]?.uri ?? '' });
    expect(contents).toHaveLength(1);
    const { contents: templated } = await client.readResource({ uri: 'demo://resource/dynamic/text/3' });
    expect(JSON.stringify(templated)).toContain('Resource 3');
  });

  it('cancels what it asked for, down to the upstream', async () => {
    const { url, upstreams } = await startPassing({ one: two.one });
    const client = await open(url);
    await client.listResources();
    const abort = new AbortController();
    const reading = client.readResource({ uri: 'test://one/items/never' }, { signal: abort.signal }).then(
      () => 'answered',
      () => 'cancelled',
    );
    const { current } = upstreams.behind('one')?.resource ?? {};
    const said: unknown[] = [];
    current?.onNotification((_method, params) => said.push(params));
    await until('the request is upstream', () => current?.callsInFlight === 1);
    abort.abort();
    expect(await reading).toBe('cancelled');
    await until('it is given up', () => current?.callsInFlight === 0);
    await until('the upstream knows', () => JSON.stringify(said).includes('cancelled'));
  });
});

describe('what passes', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info },
  };
  const json = { 'content-type': 'application/json' };

  async function openRaw(url: Awaited<ReturnType<typeof startPassing>>) {
    const opened = await url.send({ headers: json, body: JSON.stringify(initialize) });
    const session = String(opened.headers['mcp-session-id']);
    return async (method: string, params: string) => {
      const body = `{"jsonrpc":"2.0","id":7,"method":"${method}","params":${params}}`;
      const { text } = await url.send({ headers: { ...json, 'mcp-session-id': session }, body });
      return text;
    };
  }

  it('passes as the bytes it is, both ways', async () => {
    const at = await startPassing({ one: two.one });
    const ask = await openRaw(at);
    const text = await ask(
      'prompts/get',
      '{"name":"one__greet","arguments":{"whom":"\\u0041"},"x":9007199254740993,"y":1.0}',
    );
    expect(text).toContain('"big":9007199254740993,"one":1.0,"unknownField":{ "kept" : true }');
    // The line that the upstream heard, inside a string of its answer.
    expect(text).toContain(
      JSON.stringify('"arguments":{"whom":"\\u0041"},"x":9007199254740993,"y":1.0').slice(1, -1),
    );
    expect(await ask('resources/read', '{"uri":"test://one/a"}')).toBe(
      '{"jsonrpc":"2.0","id":7,"result":{"contents":[{"uri":"test://one/a","text":"by one",' +
        '"big":9007199254740993,"one":1.0,"unknownField":{ "kept" : true }}],"_meta":{"kept":1.0}}}',
    );
  });

  it('says what is wrong with a request', async () => {
    const ask = await openRaw(await startPassing({ one: two.one }));
    const codeOf = async (method: string, params: string) => JSON.parse(await ask(method, params)).error.code;
    expect(await codeOf('prompts/get', '{}')).toBe(-32_602);
    expect(await codeOf('prompts/get', '[]')).toBe(-32_600);
    expect(await codeOf('resources/read', '{"uri":7}')).toBe(-32_602);
    expect(await codeOf('completion/complete', '{"ref":{"type":"ref/else"}}')).toBe(-32_602);
    expect(await codeOf('prompts/list', '{"cursor":"made up"}')).toBe(-32_602);
    // `__proto__` is a member like any other.
    expect(await ask('prompts/get', '{"name":"one__greet","__proto__":{"a":1}}')).toContain('messages');
  });

  it('says what is wrong with the headers of 2026-07-28, and has a time to live in its lists', async () => {
    const at = await startPassing({ one: two.one });
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': info,
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const send = async (method: string, params: object, name?: string) => {
      const headers = {
        ...json,
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(name === undefined ? {} : { 'mcp-name': name }),
      };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } });
      const reply = await at.send({ headers, body });
      return { status: reply.status, ...reply.json() };
    };
    const mismatch = { status: 400, id: 1, error: { code: -32_020 } };
    expect(await send('prompts/get', { name: 'one__greet' })).toMatchObject(mismatch);
    expect(await send('prompts/get', { name: 'one__greet' }, 'other')).toMatchObject(mismatch);
    expect(await send('resources/read', { uri: 'test://one/a' }, 'test://one/b')).toMatchObject(mismatch);
    const encoded = `=?base64?${Buffer.from('test://one/a').toString('base64')}?=`;
    const kept = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    for (const name of ['test://one/a', encoded])
      expect(await send('resources/read', { uri: 'test://one/a' }, name)).toMatchObject({ result: kept });
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])
      expect(await send(method, {})).toMatchObject({ status: 200, result: kept });
    expect(await send('logging/setLevel', { level: 'info' })).toMatchObject({ error: { code: -32_601 } });
    expect(await send('server/discover', {})).toMatchObject({
      result: { capabilities: { completions: {}, logging: {}, resources: { subscribe: true } } },
    });
  });

  it('goes on while an upstream is slow to list: it is waited for once, and not for long', async () => {
    const at = await startPassing({ ...two, slow: upstreamProgram('offering.mjs', 'slow', 'slow') });
    const ask = await openRaw(at);
    const list = async () => JSON.parse(await ask('prompts/list', '{}')).result.prompts;
    expect(await list()).toHaveLength(6);
    const begun = performance.now();
    for (let n = 0; n < 10; n += 1) expect(await list()).toHaveLength(6);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('keeps the lists of an upstream that died, marked as stale until it is back', async () => {
    const at = await startPassing(two);
    const ask = await openRaw(at);
    const list = async () => JSON.parse(await ask('prompts/list', '{}')).result;
    const before = await list();
    expect(before.prompts).toHaveLength(6);
    expect(before._meta).toBeUndefined();
    await ask('tools/call', '{"name":"two__die"}');
    await until('its end was noticed', () => at.upstreams.behind('two')?.resource.current === undefined);
    expect(await list()).toEqual({ ...before, _meta: { 'drey/stale': ['two'] } });
    await until('it is back', async () => (await list())._meta === undefined);
    expect(await list()).toEqual(before);
  });

  it('asks those again who announce no changes, and hears of changes from those who do', async () => {
    const loud = upstreamProgram('offering.mjs', 'loud', 'empty-at-first');
    const at = await startPassing({ loud, quiet: upstreamProgram('offering.mjs', 'quiet', 'quiet') });
    const ask = await openRaw(at);
    const list = async () => JSON.parse(await ask('prompts/list', '{}')).result.prompts.length;
    expect(await list()).toBe(3);
    await ask('tools/call', '{"name":"loud__fill"}');
    await until('the change was heard of', async () => (await list()) === 7);
  });
});

describe('a long list', () => {
  const toItem = (key: string) => ({ key, definition: { name: key } });
  const items = Array.from({ length: 2_500 }, (_, n) => toItem(`k${n}`));
  const walk = (list: typeof items, cursor?: string): string[] => {
    const page = toPage(list, cursor);
    expect(page.items.length).toBeLessThanOrEqual(pageItemsMax);
    const keys = page.items.map(({ key }) => key);
    return page.nextCursor === undefined ? keys : [...keys, ...walk(list, page.nextCursor)];
  };

  it('comes in pages, and all of it once', () => {
    expect(walk(items)).toEqual(items.map(({ key }) => key));
    expect(walk([])).toEqual([]);
    expect(walk(items.slice(0, pageItemsMax))).toHaveLength(pageItemsMax);
  });

  it('goes on behind what came last, also when it has changed', () => {
    const { nextCursor } = toPage(items, undefined);
    expect(toPage([toItem('new'), ...items], nextCursor).items[0]).toMatchObject({ key: 'k1000' });
    const without = items.filter(({ key }) => key !== 'k500');
    expect(toPage(without, nextCursor).items[0]).toMatchObject({ key: 'k1000' });
  });

  it('is listed anew where nobody can tell any more what was seen', () => {
    const { nextCursor } = toPage(items, undefined);
    const without = items.filter(({ key }) => key !== 'k999');
    expect(() => toPage(without, nextCursor)).toThrow('list anew');
  });

  it('has no page with more characters than may be, unless one entry alone has more', () => {
    const sizes = [10, 10, 90, 10, 10, 10];
    const list = sizes.map((size, n) => ({ key: `k${n}`, definition: { x: 'x'.repeat(size) } }));
    const cut = { charactersMax: 40 };
    const pages: string[][] = [];
    for (let cursor: string | undefined; ;) {
      const page = toPage(list, cursor, cut);
      pages.push(page.items.map(({ key }) => key));
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(pages).toEqual([['k0', 'k1'], ['k2'], ['k3', 'k4'], ['k5']]);
  });
});
