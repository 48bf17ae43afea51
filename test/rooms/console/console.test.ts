// The console's page over real HTTP: what is served, to whom, and that it reaches for no other host.
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole } from '../../../src/console/console.ts';

let server: Server;
let port = 0;
beforeAll(async () => {
  const page = openConsole({
    admit: ({ host, authorization }) => {
      if (host?.startsWith('127.0.0.1') !== true)
        return { ok: false, status: 403, sentence: 'this Host is not served' };
      return authorization === 'Bearer wrong'
        ? { ok: false, status: 401, sentence: 'no such key' }
        : { ok: true };
    },
  });
  server = createServer((req, res) => {
    if (!page.handle(req, res)) res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', path, headers, method, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
    });
    req.on('error', reject).end();
  });
}

describe('the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/?namespace=acme', 'text/html; charset=utf-8'],
    ['/console/page.css', 'text/css; charset=utf-8'],
    ['/console/page.js', 'text/javascript; charset=utf-8'],
  ])('is served at %s with a strict policy', async (path, type) => {
    const reply = await get(path);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, type]);
    expect(reply.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
  });

  it('reaches for no other host and writes no markup', async () => {
    const all = await Promise.all(['/', '/console/page.css', '/console/page.js'].map((path) => get(path)));
    const text = all.map((reply) => reply.text).join('\n');
    expect(text).not.toMatch(/https?:\/\//);
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|style="|onclick=/,
    );
  });

  it('names only elements that are there', async () => {
    const [html, script] = await Promise.all([get('/'), get('/console/page.js')]);
    const named = [...script.text.matchAll(/byId\('([^']+)'\)/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(5);
    for (const id of named) expect(html.text).toContain(`id="${id}"`);
  });
});

it.each([
  ['a foreign Host', '/', { host: 'evil.example' }, 'GET', 403],
  ['a wrong key, which the page itself asks for', '/', { authorization: 'Bearer wrong' }, 'GET', 200],
  ['another method', '/', {}, 'POST', 405],
  ['HEAD', '/', {}, 'HEAD', 200],
  ['a path that is not its own', '/console/../package.json', {}, 'GET', 404],
] as const)('answers %s', async (_what, path, headers, method, status) => {
  expect((await get(path, headers, method)).status).toBe(status);
});
