import { describe, expect, it } from 'vitest';
import {
  bodyOf,
  listen,
  startScripted,
  startV1,
  startV2,
  type Answer,
} from '../../fixtures/upstreams/servers.ts';
import { call, open, resultOf, textOf, until } from './upstreams.ts';

const weird =
  '{"content":[],"big":9007199254740993,"one":1.0,"zero":-0,"huge":1e400,"a":"\\u00e9" , "s":[ ]}';
const json = { 'content-type': 'application/json' };
const events = { 'content-type': 'text/event-stream' };

describe('an upstream over HTTP', { timeout: 20_000 }, () => {
  it.each([
    ['events', false],
    ['JSON', true],
  ])(
    'of the SDK 1.x line answers as %s in the 2025 era, with session and configured headers',
    async (_title, asJson) => {
      const server = await startV1(asJson);
      const upstream = await open({ type: 'http', url: server.url, headers: { Authorization: 'Bearer t' } });
      expect(upstream.revision).toBe('2025-11-25');
      expect((await upstream.listTools()).map(({ name }) => name)).toEqual(['add', 'slow', 'hang']);
      expect(textOf(await call(upstream, 'add', { args: '{"a":1,"b":2}' }))).toBe('3');
      await upstream.ping();
      expect(server.seen.at(-1)).toMatchObject({
        authorization: 'Bearer t',
        'mcp-protocol-version': '2025-11-25',
        'mcp-session-id': expect.any(String),
      });
      expect(server.seen.at(-1)).not.toHaveProperty('traceparent');
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      await call(upstream, 'add', { args: '{"a":1,"b":2}', traceparent });
      expect(server.seen.at(-1)).toMatchObject({ traceparent });
    },
  );

  it('forwards progress with the client token and log messages of the call', async () => {
    const upstream = await open({ url: (await startV1()).url });
    const seen: string[] = [];
    const outcome = await call(upstream, 'slow', {
      meta: '{"progressToken":7}',
      notify: (text) => seen.push(text),
    });
    expect(textOf(outcome)).toBe('slow and done');
    expect(seen.map((text) => JSON.parse(text))).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 7, progress: 1 } },
      { method: 'notifications/message', params: { data: 'working' } },
    ]);
  });

  it.each([404, 400])(
    'opens a new session when the server forgot the old one (%i), and calls again',
    async (status) => {
      const server = await startV1(false, status);
      const upstream = await open({ url: server.url });
      let changes = 0;
      upstream.onToolsChanged(() => (changes += 1));
      server.forget();
      const outcomes = await Promise.all(
        [1, 2, 3].map((n) => call(upstream, 'add', { args: `{"a":${n},"b":0}` })),
      );
      expect(outcomes.map(textOf)).toEqual(['1', '2', '3']);
      expect(changes).toBe(1);
      expect(new Set(server.seen.map((headers) => headers['mcp-session-id'])).size).toBe(3); // none, the first, the second
    },
  );

  it('tells when tools change', async () => {
    const server = await startV1();
    const upstream = await open({ url: server.url });
    const changed = new Promise<void>((resolve) => upstream.onToolsChanged(resolve));
    // The stream for notifications opens after the handshake; a change before it would be lost.
    const timer = setInterval(() => {
      try {
        server.grow();
      } catch {
        // already grown
      }
    }, 50);
    await changed;
    clearInterval(timer);
    expect((await upstream.listTools()).map(({ name }) => name)).toContain('grown');
  });

  it('speaks the 2026 era with a server of the SDK 2.x line: headers, envelope, mirrored arguments, changes', async () => {
    const server = await startV2();
    const upstream = await open({ url: server.url });
    expect(upstream.revision).toBe('2026-07-28');
    expect((await upstream.listTools()).map(({ name }) => name)).toEqual(['add', 'weather']);
    expect(textOf(await call(upstream, 'add', { args: '{"a":1,"b":2}', meta: '{"x":1}' }))).toBe('3');
    expect(server.seen.at(-1)).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-name': 'add' });
    expect(textOf(await call(upstream, 'weather', { args: '{"city":"Zürich"}' }))).toBe('Zürich');
    expect(server.seen.at(-1)).toMatchObject({ 'mcp-param-city': '=?base64?WsO8cmljaA==?=' });
    await upstream.ping();
    const changed = new Promise<void>((resolve) => upstream.onToolsChanged(resolve));
    server.changed();
    await changed;
  });

  it.each<[string, Answer]>([
    [
      'JSON',
      (id, response) => response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":"${id}","result":${weird}}`),
    ],
    [
      'events',
      (id, response) =>
        response
          .writeHead(200, events)
          .end(
            `: hello\r\nid: 1\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":"${id}","result":${weird}}\r\n\r\n`,
          ),
    ],
    ['a batch', (id, response) => response.writeHead(200, json).end(`[{"id":"${id}","result":${weird}}]`)],
  ])('hands on the bytes of a result that came as %s', async (_title, answer) => {
    const upstream = await open({ url: await startScripted(answer) });
    expect(await call(upstream, 'any')).toEqual({ outcome: 'finished', result: weird, isError: false });
  });

  it('hands on the bytes of the arguments', async () => {
    let received = '';
    const url = await listen(async (request, response) => {
      const text = await bodyOf(request);
      const { id, method } = JSON.parse(text === '' ? '{}' : text);
      if (id === undefined) return response.writeHead(request.method === 'POST' ? 202 : 405).end();
      if (method === 'tools/call') received = text;
      const result = {
        protocolVersion: '2025-06-18',
        capabilities: {},
        serverInfo: { name: 'x', version: '1' },
        content: [],
      };
      return response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
    const upstream = await open({ url, era: 'legacy' });
    resultOf(await call(upstream, 'any', { args: weird }));
    expect(received).toContain(`"arguments":${weird}`);
  });

  it('fetches the rest of an answer when the server closed the stream early', async () => {
    let first = '';
    const url = await startScripted((id, response, request) => {
      if (id !== '') {
        first = id;
        response.writeHead(200, events).end('id: event-1\nretry: 10\ndata:\n\n');
        return;
      }
      expect(request.headers['last-event-id']).toBe('event-1');
      response
        .writeHead(200, events)
        .end(`id: event-2\ndata: {"jsonrpc":"2.0","id":"${first}","result":{"content":[]}}\n\n`);
    });
    const upstream = await open({ url });
    expect(resultOf(await call(upstream, 'any'))).toEqual({ content: [] });
  });

  it.each<[string, Answer, boolean, string]>([
    ['a server error', (_id, response) => response.writeHead(503).end('busy'), true, 'it answered 503 busy'],
    ['too many requests', (_id, response) => response.writeHead(429).end(), true, 'it answered 429'],
    [
      'a refusal',
      (_id, response) => response.writeHead(401).end('who are you'),
      false,
      'it answered 401 who are you',
    ],
    [
      'a redirect',
      (_id, response) => response.writeHead(307, { location: '/' }).end(),
      false,
      'it answered 307',
    ],
    ['no content', (_id, response) => response.writeHead(204).end(), true, 'without an answer'],
    [
      'broken JSON',
      (_id, response) => response.writeHead(200, json).end('{"id":'),
      true,
      'something unreadable',
    ],
    [
      'a stream that ends',
      (_id, response) => response.writeHead(200, events).end(': hi\n\n'),
      true,
      'its stream ended',
    ],
    ['a cut connection', (_id, response) => response.destroy(), true, 'the connection failed: ECONNRESET'],
    [
      'a stream that breaks',
      (_id, response) => void response.writeHead(200, events).write(': hi\n\n', () => response.destroy()),
      true,
      'its stream broke',
    ],
    [
      'too large an answer',
      (_id, response) => response.writeHead(200, json).end(`"${'x'.repeat(5 * 1024 * 1024)}"`),
      false,
      'its answer is larger than 4 MiB',
    ],
  ])('meets %s', async (_title, answer, countsAgainst, sentence) => {
    const upstream = await open({ url: await startScripted(answer) });
    const outcome = await call(upstream, 'any');
    expect(outcome).toMatchObject({ outcome: 'failed', countsAgainst });
    expect(outcome).toHaveProperty('message', expect.stringContaining(sentence));
  });

  it('tells a server of the 2025 era that nobody waits, and closes the stream', async () => {
    const others: string[] = [];
    let isClosed = false;
    const url = await startScripted(
      (_id, response) => {
        response.on('close', () => (isClosed = true));
        response.writeHead(200, events).write(': wait\n\n');
      },
      (text) => others.push(text),
    );
    const upstream = await open({ url });
    const cancel = new AbortController();
    const waiting = call(upstream, 'any', { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 50);
    expect(await waiting).toMatchObject({ code: 'call_cancelled' });
    await until(() => isClosed && others.some((text) => text.includes('"requestId":"drey-')));
    expect(await call(upstream, 'any', { timeoutMs: 30 })).toMatchObject({
      code: 'call_timeout',
      countsAgainst: true,
    });
  });

  it('that cannot be reached is refused with a sentence without secrets', async () => {
    const entry = { url: 'http://127.0.0.1:1/mcp?key=${KEY}', headers: { Authorization: 'Bearer ${KEY}' } };
    const refused = open(entry, { alias: 'web', env: { KEY: 'hush-hush' } });
    await expect(refused).rejects.toThrow(
      /^the upstream "web" at http:\/\/127.0.0.1:1\/mcp cannot be reached: /,
    );
    await expect(refused).rejects.toMatchObject({ code: 'upstream_unavailable' });
  });

  it('leaves no listener on a shared signal behind', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const upstream = await open({ url: (await startV1()).url });
    for (let n = 0; n < 50; n += 1) await call(upstream, 'add', { args: '{"a":1,"b":2}' });
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
