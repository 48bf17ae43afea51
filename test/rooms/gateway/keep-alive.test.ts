/** Signs of life: every open stream gets them, and never all at once. */
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openKeepAlive } from '../../../src/gateway/mcp/keep-alive.ts';
import { until } from '../../support/until.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp();
});

it('reaches every stream each round, a fifteenth of them at a time, and none that has ended', async () => {
  const keepAlive = openKeepAlive(150);
  cleanUps.push(() => keepAlive.close());
  const beats = new Map<number, number>();
  let atOnce = 0;
  let atOnceMax = 0;
  const server = createServer((req, res) => {
    const id = Number(req.url?.slice(1));
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    keepAlive.add(res, () => {
      if (atOnce === 0) queueMicrotask(() => (atOnce = 0));
      atOnce += 1;
      atOnceMax = Math.max(atOnceMax, atOnce);
      beats.set(id, (beats.get(id) ?? 0) + 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const heard = new Map<number, string>();
  const clients = Array.from({ length: 30 }, (_, id) =>
    get({ port, host: '127.0.0.1', path: `/${id}`, agent: false }, (res) => {
      res.on('data', (chunk: Buffer) => heard.set(id, `${heard.get(id) ?? ''}${chunk.toString()}`));
      res.on('error', () => undefined);
    }).on('error', () => undefined),
  );
  await until('all have heard twice', () => {
    const all = [...heard.values()].filter((text) => text.split(': keepalive\n\n').length > 2);
    return all.length === 30;
  });
  expect(atOnceMax).toBe(2);
  clients[0]?.destroy();
  await until('the others go on alone', () => {
    const rest = [...beats.entries()].filter(([id]) => id !== 0).map(([, count]) => count);
    return Math.min(...rest) > (beats.get(0) ?? 0) + 1;
  });
});
