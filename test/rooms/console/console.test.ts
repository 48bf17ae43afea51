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

/** The script and the style that the page names. */
async function toParts(): Promise<string[]> {
  const { text } = await get('/');
  return [...text.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map((match) => match[1] ?? '');
}

describe('the page', () => {
  it('is served with its parts under a strict policy, which is kept for what cannot change', async () => {
    const parts = await toParts();
    expect(parts.length).toBeGreaterThan(1);
    for (const path of ['/', '/?namespace=acme', ...parts]) {
      const reply = await get(path);
      expect(reply.status, path).toBe(200);
      expect(reply.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(reply.headers['x-content-type-options']).toBe('nosniff');
      expect(reply.headers['cache-control']).toContain(parts.includes(path) ? 'immutable' : 'no-cache');
    }
  });

  it('is packed for those who take it so', async () => {
    const [part = ''] = await toParts();
    const [packed, plain] = [await get(part, { 'accept-encoding': 'gzip, br' }), await get(part)];
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(Number(packed.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']));
  });

  it('asks no other host for anything and has no script or style of its own in it', async () => {
    const { text } = await get('/');
    expect(text).not.toMatch(/https?:\/\/|<script(?![^>]*\bsrc=)|<style|style="|onclick=/);
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
