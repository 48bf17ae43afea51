// More than a node takes on at a time: what comes on top is sent away at once, with a hint, and nothing else suffers.
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { ceilingMin, openShedding } from '../../../src/gateway/mcp/shedding.ts';
import type { Shedding } from '../../../src/gateway/mcp/shedding.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const handshake = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
});
const call = (name: string, id: number) =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } });

async function open(shedding?: Shedding): Promise<{ at: GatewayServer; session: string }> {
  const at = await startGateway(undefined, shedding);
  onTestFinished(() => at.close());
  const reply = await at.send({
    headers: json,
    body: handshake,
  });
  return { at, session: String(reply.headers['mcp-session-id']) };
}

describe('the count of what a node has taken on', () => {
  it('gives places and bytes while there are any, and gives them back once', () => {
    const shedding = openShedding({ requestsMax: 2, bytesMax: 10 });
    const [one, two] = [shedding.enter(), shedding.enter()];
    expect(shedding.enter()).toBeUndefined();
    expect([one?.take(6), two?.take(5), two?.take(4)]).toEqual([true, false, true]);
    one?.leave();
    expect(two?.take(6)).toBe(true);
    two?.leave();
    const three = shedding.enter();
    expect(three?.take(10)).toBe(true);
  });
});

describe('a node that stays late', () => {
  const places = Array.from({ length: ceilingMin });

  it('takes on less and less until it is on time, never nothing, and then more again', () => {
    let late = 0;
    let at = 0;
    const shedding = openShedding({ requestsMax: 1_000, lateness: () => late, now: () => at });
    const next = (): number => {
      at += 250;
      shedding.enter()?.leave();
      return shedding.figures.ceiling;
    };
    const under = Array.from({ length: 200 }, () => shedding.enter());
    expect(next()).toBe(1_000);
    late = 400;
    // From what is under way, not from the maximum: else the first steps would change nothing.
    expect([next(), next(), next()]).toEqual([170, 144, 128]);
    expect(shedding.enter()).toBeUndefined();
    for (const place of under) place?.leave();
    for (let step = 0; step < 20; step += 1) next();
    expect(shedding.figures.ceiling).toBe(ceilingMin);
    expect(places.map(() => shedding.enter()).every((place) => place !== undefined)).toBe(true);
    expect(shedding.enter()).toBeUndefined();
    late = 0;
    for (let step = 0; step < 60; step += 1) next();
    expect(shedding.figures.ceiling).toBe(1_000);
  });

  it('changes nothing more often than four times a second, however many come', () => {
    const shedding = openShedding({ requestsMax: 1_000, lateness: () => 500, now: () => 1_000 });
    for (let n = 0; n < 200; n += 1) shedding.enter();
    expect(shedding.figures).toEqual({ ceiling: ceilingMin, sentAway: 72 });
  });
});

describe('a gateway with all it can take', () => {
  it('sends the next call away with 503 and a hint, and takes calls again afterwards', async () => {
    const requestsMax = 200;
    const { at, session } = await open(openShedding({ requestsMax }));
    const headers = { ...json, 'mcp-session-id': session };
    const under = Array.from({ length: requestsMax }, (_, id) =>
      at.send({ headers, body: call('fs__slow', id + 1) }),
    );
    await until('all places are taken', () => at.house.calls.length === requestsMax, 25_000);
    const began = performance.now();
    const shed = await at.send({ headers, body: call('fs__echo', 1) });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect([shed.status, shed.headers['retry-after'], shed.json().error]).toEqual([
      503,
      '1',
      {
        code: 429,
        message: 'this node has all it can take on at a time; try again in a moment',
        data: { code: 'limit_reached', retry: 'later', retryAfterMs: 1_000 },
      },
    ]);
    at.house.release();
    const statuses = new Set((await Promise.all(under)).map(({ status }) => status));
    expect([...statuses]).toEqual([200]);
    expect((await at.send({ headers, body: call('fs__echo', 1) })).status).toBe(200);
  }, 60_000);

  it('holds a bounded number of bytes, however many large messages come at once', async () => {
    const { at, session } = await open();
    const chunk = Buffer.alloc(512 * 1024, 0x20);
    const before = process.memoryUsage().rss;
    // Without a length, and never to their end: all of it would have to be kept.
    const senders = Array.from({ length: 100 }, () => {
      const sender = request(`${at.url}/mcp`, {
        method: 'POST',
        agent: false,
        headers: { ...json, 'mcp-session-id': session, 'transfer-encoding': 'chunked' },
      });
      const status = new Promise<number>((resolve) => {
        sender.on('response', (response) => resolve(response.statusCode ?? 0));
        sender.on('error', () => resolve(0));
      });
      for (let count = 0; count < 7; count += 1) sender.write(chunk);
      return { sender, status };
    });
    onTestFinished(() => senders.forEach(({ sender }) => void sender.destroy()));
    const first = await Promise.race(senders.map(({ status }) => status));
    // Who is sent away while still speaking may only see the connection end.
    expect([503, 0]).toContain(first);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 * limits.bodiesBytesMax);
    for (const { sender } of senders) sender.destroy();
    await until('there is room again', async () => {
      const reply = await at.send({
        headers: { ...json, 'mcp-session-id': session },
        body: call('fs__echo', 1),
      });
      return reply.status === 200;
    });
  }, 60_000);

  it('says when to come back where no session is to be had', async () => {
    const { at } = await open();
    at.house.needs.sessions.open = () => {
      throw new DreyError('limit_reached', 'this node takes no more sessions now');
    };
    const reply = await at.send({ headers: json, body: handshake });
    expect([reply.status, reply.headers['retry-after'], reply.json().error.data]).toEqual([
      429,
      '1',
      { code: 'limit_reached', retry: 'later', retryAfterMs: 1_000 },
    ]);
  });

  it('refuses announced giants before they are sent', async () => {
    const { at, session } = await open();
    const before = process.memoryUsage().rss;
    const statuses = await Promise.all(
      Array.from(
        { length: 1_000 },
        () =>
          new Promise<number>((resolve) => {
            const sender = request(`${at.url}/mcp`, {
              method: 'POST',
              agent: false,
              headers: { ...json, 'mcp-session-id': session, 'content-length': String(20 * 1024 * 1024) },
            });
            sender.on('response', (response) => {
              resolve(response.statusCode ?? 0);
              sender.destroy();
            });
            sender.on('error', () => resolve(0));
            sender.flushHeaders();
          }),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([413]));
    expect(process.memoryUsage().rss - before).toBeLessThan(limits.bodiesBytesMax);
  }, 60_000);
});
