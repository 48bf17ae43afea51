// More than a node takes on at a time: what comes on top is sent away at once, with a hint, and nothing else suffers.
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { calmMs, openOverload, quickMs, standingMs } from '../../../src/gateway/mcp/overload.ts';
import { openShedding, waitMsMax, waitingMin } from '../../../src/gateway/mcp/shedding.ts';
import type { Place, Shedding } from '../../../src/gateway/mcp/shedding.ts';
import { loopTurns } from '../../../src/gateway/mcp/turns.ts';
import type { TurnsOptions } from '../../../src/gateway/mcp/turns.ts';
import { listen } from '../../../src/node/http.ts';
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

/** Turns of a loop that stand still until they are told to go on. */
function openLoop() {
  let at = 0;
  const next: (() => void)[] = [];
  const turns: TurnsOptions = {
    now: () => at,
    later: (run) => void next.push(run),
    soon: loopTurns.soon,
  };
  return {
    turns,
    work: (ms: number) => void (at += ms),
    /** The loop's next turn, with all that follows from it. */
    turn: async () => {
      for (const run of next.splice(0)) run();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('the count of what a node has taken on', () => {
  it('gives places and bytes while there are any, and gives them back once', async () => {
    const { turns } = openLoop();
    const shedding = openShedding({ requestsMax: 2, bytesMax: 10, turns });
    const [one, two] = [await shedding.enter(), await shedding.enter()];
    expect((await shedding.enter())?.isTooMuch).toBe(true);
    expect([one?.take(6), two?.take(5), two?.take(4)]).toEqual([true, false, true]);
    one?.leave();
    expect(two?.take(6)).toBe(true);
    two?.leave();
    const three = await shedding.enter();
    expect(three?.take(10)).toBe(true);
  });
});

describe('requests of which more come than are answered', () => {
  /** Each request is a step of 10 ms, and in each turn so many come. */
  function offer(shedding: Shedding, { work, turn }: ReturnType<typeof openLoop>) {
    const told = { served: 0, sentAway: 0 };
    const order: number[] = [];
    let came = 0;
    const take = (place: Place | undefined, n: number): void => {
      if (place === undefined) return;
      order.push(n);
      if (place.isTooMuch) {
        told.sentAway += 1;
        place.sendAway();
        place.leave();
        return;
      }
      told.served += 1;
      work(10);
      place.leave();
    };
    const run = async (turnsCount: number, each: number): Promise<void> => {
      for (let n = 0; n < turnsCount; n += 1) {
        for (let come = 0; come < each; come += 1) {
          const entered = shedding.enter();
          const number = (came += 1);
          if (entered instanceof Promise) void entered.then((place) => take(place, number));
          else take(entered, number);
        }
        await turn();
        work(1);
      }
    };
    return { told, order, run };
  }

  it('works off a burst, all of it and in the order in which it came', async () => {
    const loop = openLoop();
    const shedding = openShedding({ turns: loop.turns });
    const { told, order, run } = offer(shedding, loop);
    await run(1, 200);
    expect(shedding.figures.waiting).toBeGreaterThan(150);
    await run(300, 0);
    expect(told).toEqual({ served: 200, sentAway: 0 });
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(shedding.figures).toEqual({ underWay: 0, waiting: 0, sentAway: 0 });
  });

  it('are sent away once nobody has come through quickly for a while, and taken again when it is over', async () => {
    const loop = openLoop();
    const shedding = openShedding({ turns: loop.turns });
    const { told, run } = offer(shedding, loop);
    const turnsToStand = Math.ceil(standingMs / 11);
    await run(turnsToStand - 20, 2);
    expect(told.sentAway).toBe(0);
    await run(40, 2);
    expect(told.sentAway).toBeGreaterThan(0);
    const before = { ...told };
    await run(200, 2);
    // Half of them are served all the time: nobody's waiting makes others wait.
    expect(told.served - before.served).toBeGreaterThan(150);
    expect(shedding.figures.waiting).toBeLessThan(waitingMin + 10);
    // It is over: bursts are worked off again, one after the other, whatever was before.
    await run(waitingMin + 10, 0);
    loop.work(calmMs);
    await run(1, 1);
    const after = told.sentAway;
    for (let burst = 0; burst < 5; burst += 1) {
      await run(1, 100);
      await run(120, 0);
    }
    expect(told.sentAway).toBe(after);
    expect(shedding.figures).toMatchObject({ underWay: 0, waiting: 0 });
  });

  it('begin in the next turn, when the present one has had its work', async () => {
    const { turns, work, turn } = openLoop();
    const shedding = openShedding({ turns });
    expect(shedding.enter()).not.toBeInstanceOf(Promise);
    work(quickMs);
    const waiting = [shedding.enter(), shedding.enter()];
    expect(waiting.every((one) => one instanceof Promise)).toBe(true);
    expect(shedding.figures).toEqual({ underWay: 3, waiting: 2, sentAway: 0 });
    await turn();
    expect(await Promise.all(waiting.map(async (one) => one))).toEqual([
      expect.anything(),
      expect.anything(),
    ]);
  });
});

describe('overload', () => {
  const openNoted = () => {
    let at = 0;
    const overload = openOverload(() => at);
    const note = (afterMs: number, waitedMs: number): boolean => {
      at += afterMs;
      overload.note(waitedMs);
      return overload.isOn;
    };
    return { note };
  };

  it('begins when all have waited for a while, and ends with one who did not, after a calm', () => {
    const { note } = openNoted();
    const steps = standingMs / 10;
    expect(Array.from({ length: steps - 1 }, () => note(10, quickMs + 1))).not.toContain(true);
    expect(note(10, quickMs + 1)).toBe(true);
    expect(note(10, 0)).toBe(true);
    expect(note(10, waitMsMax * 10)).toBe(true);
    expect(note(calmMs + 1, 0)).toBe(false);
  });

  it('is neither a burst after which somebody came through, nor a standstill', () => {
    const { note } = openNoted();
    for (let n = 0; n < 10; n += 1) {
      for (let ms = 0; ms < standingMs - 200; ms += 100) expect(note(100, 500)).toBe(false);
      note(100, quickMs);
    }
    for (let n = 0; n < 5; n += 1) expect(note(60_000, 60_000)).toBe(false);
  });
});

describe('a node with a turn full of work', () => {
  it('lets in who connects, and serves who came before in small parts meanwhile', async () => {
    const shedding = openShedding();
    let worked = 0;
    const server = await listen('127.0.0.1', 0, {
      handle: (_req, res) => {
        void (async () => {
          const place = await shedding.enter();
          worked += 1;
          for (const begun = performance.now(); performance.now() - begun < 5;);
          place?.leave();
          res.end();
        })();
        return true;
      },
      onConnection: () => shedding.connected(),
      handleUpgrade: (_req, socket) => void socket.destroy(),
    });
    onTestFinished(() => server.close(0));
    const ask = (agent: Agent | false) =>
      new Promise<void>((resolve, reject) => {
        const sent = request(server.url, { agent }, (res) => void res.resume().once('end', () => resolve()));
        sent.once('error', reject);
        sent.end();
      });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const over = new AbortController();
    const regulars = Array.from({ length: 40 }, async () => {
      while (!over.signal.aborted) await ask(agent);
    });
    await until('the regulars are busy', () => worked > 100);
    const before = worked;
    await Promise.all(Array.from({ length: 40 }, () => ask(false)));
    // One let in with each turn of forty steps would be 1,600 of them.
    expect(worked - before).toBeLessThan(400);
    over.abort();
    await Promise.all(regulars);
  }, 60_000);
});

describe('a gateway with all it can take', () => {
  it('sends the next call away with 503 and a hint, and takes calls again afterwards', async () => {
    const requestsMax = 200;
    // A clock that stands still: how long the calls take here is not what is looked at.
    const turns = { ...loopTurns, now: () => 0 };
    const { at, session } = await open(openShedding({ requestsMax, turns }));
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

  it('sends away what is new and too late, and lets through what belongs to a call under way', async () => {
    const own = openShedding();
    let isTooMuch = false;
    const shedding: Shedding = {
      connected: () => own.connected(),
      get figures() {
        return own.figures;
      },
      enter: async () => {
        const place = await own.enter();
        if (place === undefined) throw new Error('there are places');
        return { ...place, isTooMuch };
      },
    };
    const { at, session } = await open(shedding);
    const headers = { ...json, 'mcp-session-id': session };
    const underWay = at.send({ headers, body: call('fs__slow', 7) });
    await until('the call is under way', () => at.house.calls.length === 1);
    isTooMuch = true;
    const shed = await at.send({ headers, body: call('fs__echo', 8) });
    expect([shed.status, shed.headers['retry-after'], shed.json().id]).toEqual([503, '1', 8]);
    const params = { requestId: 7, reason: 'changed my mind' };
    const cancel = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    expect((await at.send({ headers, body: cancel })).status).toBe(202);
    expect((await underWay).status).toBe(200);
    const answer = JSON.stringify({ jsonrpc: '2.0', id: 'nobody-asked', result: {} });
    expect((await at.send({ headers, body: answer })).status).not.toBe(503);
    expect(own.figures).toEqual({ underWay: 0, waiting: 0, sentAway: 1 });
  });

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

  it('gives back the places of those who went away while they waited', async () => {
    const loop = openLoop();
    const shedding = openShedding({ turns: loop.turns });
    const { at } = await open(shedding);
    loop.work(quickMs);
    const socket = connect(at.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const body = call('fs__echo', 1);
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    socket.write(Array.from({ length: 6 }, () => head + body).join(''));
    await until('all of them wait', () => shedding.figures.waiting === 6);
    const left = at.open();
    socket.resetAndDestroy();
    await until('the server knows that they left', () => at.open() < left);
    await until('all places are free', async () => {
      await loop.turn();
      return shedding.figures.underWay === 0;
    });
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
