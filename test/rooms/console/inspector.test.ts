// The inspector's page and feed over real HTTP: who gets it, what it frames, what late joiners see, and how it ends.
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { breakerMachine } from '../../../machines/breaker.machine.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { createInspection, createRoot, createRoots } from '../../../src/actors/actors.ts';
import type { Inspection, Roots } from '../../../src/actors/actors.ts';
import { openInspector } from '../../../src/console/console.ts';
import type { Inspector } from '../../../src/console/console.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';

const times = { openMs: 100, backoff: 1, openMaxMs: null, halfOpenMaxMs: null };
let roots: Roots;
let inspection: Inspection;
let inspector: Inspector;
let server: Server;
let port = 0;
/** What ends each feed that is watched, connections that have closed, and when anybody is let in. */
const held = new Set<() => void>();
let asked = 0;
let closed = 0;
let admitted: Promise<void> | undefined;

beforeEach(async () => {
  roots = createRoots();
  inspection = createInspection({
    roots,
    redactor: createRedactor({ key: 'test' }),
    clock: { now: () => 1 },
    log: quietLog,
  });
  inspector = openInspector({
    hold: (_req, end) => {
      held.add(end);
      return () => void held.delete(end);
    },
    admit: async ({ host, authorization }) => {
      await admitted;
      if (host?.startsWith('127.0.0.1') !== true)
        return { ok: false, status: 403, sentence: 'this Host is not served' };
      if (authorization === 'Bearer wrong') return { ok: false, status: 401, sentence: 'no such key' };
      const local = authorization === undefined;
      return {
        ok: true,
        principal: {
          namespace: local ? 'default' : 'acme',
          mayNameNamespaces: local,
          scopes: ['events:read'],
        },
      };
    },
    watch: (filter, heard) => inspection.watch(filter, heard),
    receiverUrl: 'http://127.0.0.1:9/receiver.html?a=1&b=2',
  });
  [asked, closed, admitted] = [0, 0, undefined];
  held.clear();
  server = createServer((req, res) => {
    asked += 1;
    res.once('close', () => (closed += 1));
    if (!inspector.handle(req, res)) res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  inspector.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const openBreaker = (id: string, namespace = '_system') =>
  createRoot(breakerMachine, {
    input: { breakerId: id, times },
    roots,
    address: { namespace, kind: 'breaker', id },
    onError: () => undefined,
    log: quietLog,
  });

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers, method, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
}

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const res = await ask(path, headers, method);
  let text = '';
  for await (const chunk of res.setEncoding('utf8')) text += String(chunk);
  return { status: res.statusCode ?? 0, headers: res.headers, text };
}

/** Follows the feed and keeps its messages. */
async function follow(path: string, headers: Record<string, string> = {}) {
  const res = await ask(path, headers);
  const messages: Record<string, any>[] = []; // oxlint-disable-line typescript/no-explicit-any -- a test looks at what it likes
  let rest = '';
  res.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('data: ')) messages.push(JSON.parse(part.slice(6)));
  });
  res.on('error', () => undefined);
  return { res, messages };
}

describe('the page', () => {
  it('frames the receiver and nothing else, and loads from this node only', async () => {
    const page = await get('/inspector?kind=breaker');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers['content-security-policy']).toContain('frame-src http://127.0.0.1:9;');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).toContain('data-receiver="http://127.0.0.1:9/receiver.html?a=1&amp;b=2"');
    expect(page.text).not.toMatch(/(?:src|href)="https?:/);
    for (const [path, type] of [
      ['/inspector/page.js', 'text/javascript; charset=utf-8'],
      ['/inspector/page.css', 'text/css; charset=utf-8'],
    ])
      expect((await get(path ?? '')).headers['content-type']).toBe(type);
    expect((await get('/inspector/page.js')).text).not.toContain("postMessage(message, '*')");
  });

  it('may be had without a key, but not under a foreign name', async () => {
    expect((await get('/inspector', { authorization: 'Bearer wrong' })).status).toBe(200);
    expect((await get('/inspector', { host: 'evil.example' })).status).toBe(403);
    expect((await get('/inspector', {}, 'POST')).status).toBe(405);
    expect((await get('/inspectors')).status).toBe(404);
  });

  it.each(['ftp://x', 'http://stately.ai/inspect', 'javascript:alert(1)', 'nothing'])(
    'frames no %s',
    (receiverUrl) => {
      const admit = () => ({ ok: false, status: 403, sentence: '' }) as const;
      expect(() => openInspector({ admit, watch: () => () => undefined, receiverUrl })).toThrow(
        /DREY_INSPECTOR_URL/,
      );
    },
  );
});

describe('the feed', () => {
  it('begins with what there is, goes on with what happens, and lets go when its reader does', async () => {
    const breaker = openBreaker('b-1');
    breaker.send({ type: 'disable', at: 1 });
    const { res, messages } = await follow('/inspector/feed');
    await until('the registration comes', () => messages.length === 1);
    expect(messages[0]).toMatchObject({ type: '@xstate.actor', snapshot: { value: 'disabled' } });
    breaker.send({ type: 'reset', at: 2 });
    openBreaker('b-2');
    await until('all of it comes', () => messages.length >= 6);
    expect(messages.slice(1).map(({ type, sessionId }) => [type, sessionId])).toEqual([
      ['@xstate.event', '_system/breaker/b-1'],
      ['@xstate.snapshot', '_system/breaker/b-1'],
      ['@xstate.actor', '_system/breaker/b-2'],
      // It starts after it was registered.
      ['@xstate.event', '_system/breaker/b-2'],
      ['@xstate.snapshot', '_system/breaker/b-2'],
    ]);
    res.destroy();
    await until('nothing is observed any more', () => inspection.observed === 0);
  });

  it('shows others their own namespace only', async () => {
    openBreaker('b-1');
    openBreaker('b-2', 'acme');
    const { messages, res } = await follow('/inspector/feed?kind=breaker', { authorization: 'Bearer ann' });
    await until('the registration comes', () => messages.length > 0);
    expect(messages.map(({ sessionId }) => sessionId as string)).toEqual(['acme/breaker/b-2']);
    res.destroy();
    expect((await get('/inspector/feed?namespace=default', { authorization: 'Bearer ann' })).status).toBe(
      400,
    );
  });

  it.each([
    ['without a valid key', { authorization: 'Bearer wrong' }, '', 401],
    ['from a foreign page', { origin: 'https://evil.example' }, '', 403],
    ['from another port of this machine', { origin: 'http://127.0.0.1:1' }, '', 403],
    ['from a frame elsewhere', { 'sec-fetch-site': 'cross-site' }, '', 403],
    ['under a foreign name', { host: 'evil.example' }, '', 403],
    ['for a kind that is none', {}, '?kind=chair', 400],
    ['for a namespace that is none', {}, '?namespace=A!', 400],
    ['with a misspelled filter', {}, '?kid=x', 400],
  ] as const)('is refused %s', async (_what, headers, query, status) => {
    expect((await get(`/inspector/feed${query}`, headers)).status).toBe(status);
    expect(inspection.observed).toBe(0);
  });

  it('ends when its reader is let in no more, and is watched no longer than it is open', async () => {
    openBreaker('b-1');
    const first = await follow('/inspector/feed', { authorization: 'Bearer ann' });
    const second = await follow('/inspector/feed', { authorization: 'Bearer ann' });
    await until('both are watched', () => held.size === 2);
    first.res.destroy();
    await until('one is watched', () => held.size === 1);
    for (const end of held) end();
    await until('the other has ended', () => second.res.closed && held.size === 0);
    await until('nothing is observed any more', () => inspection.observed === 0);
  });

  it('takes no place for those who left before they were let in', async () => {
    let letIn = (): void => undefined;
    admitted = new Promise((resolve) => (letIn = resolve));
    for (let reader = 0; reader < 16; reader += 1) {
      const gone = request({ port, host: '127.0.0.1', path: '/inspector/feed', agent: false });
      gone.on('error', () => undefined).once('finish', () => setImmediate(() => gone.destroy()));
      gone.end();
    }
    await until('they have left', () => asked === 16 && closed === 16);
    letIn();
    admitted = undefined;
    const { res } = await follow('/inspector/feed');
    expect(res.statusCode).toBe(200);
    res.destroy();
  });

  it('is for a bounded number of readers, and ends with the node', async () => {
    openBreaker('b-1');
    const open: Awaited<ReturnType<typeof follow>>[] = [];
    for (let reader = 0; reader < 16; reader += 1) open.push(await follow('/inspector/feed'));
    expect((await get('/inspector/feed')).status).toBe(429);
    inspector.close();
    await until('all have ended', () => open.every(({ res }) => res.readableEnded));
    await until('nothing is observed any more', () => inspection.observed === 0);
  });
});
