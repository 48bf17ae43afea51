// Sessions that live elsewhere: who left is not passed on, who is passed on is waited for, and what waits is bounded.
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AnswerSink, ForwardedRequest, GatewayNeeds, Listener } from '../../../src/gateway/gateway.ts';
import { stopWaiting, watchAgain } from '../../../src/gateway/mcp/legacy-take-over.ts';
import type { Seat } from '../../../src/gateway/mcp/legacy-sessions.ts';
import { startGateway } from '../../support/gateway-server.ts';
import { createSmallHouse, localPrincipal } from '../../support/gateway-needs.ts';
import { until } from '../../support/until.ts';

const finished = { outcome: 'finished', isError: false, result: '{}' } as const;
type Forward = (request: ForwardedRequest, sink: AnswerSink) => Promise<void>;

/** A gateway all of whose unknown sessions live elsewhere; `found` lets the look end. */
async function startElsewhere(forward: Forward) {
  let found: () => void = () => undefined;
  const isFound = new Promise<void>((resolve) => {
    found = resolve;
  });
  const sought: string[] = [];
  const at = await startGateway((needs) => ({
    ...needs,
    sessions: {
      ...needs.sessions,
      seek: async (id) => {
        sought.push(id);
        await isFound;
        return { where: 'there', forward };
      },
    },
  }));
  onTestFinished(() => at.close());
  return { ...at, sought, found, isFound, url: at.url, open: at.open };
}

const headers = { accept: 'application/json, text/event-stream', 'mcp-session-id': 's-far' };

describe('a request for a session elsewhere', () => {
  it('is not passed on for a client that left while it was looked for', async () => {
    let passed = 0;
    const at = await startElsewhere(async () => void (passed += 1));
    const left = new AbortController();
    const listening = fetch(`${at.url}/mcp`, { headers, signal: left.signal }).catch(() => undefined);
    await until('it is looked for', () => at.sought.length === 1);
    left.abort();
    await listening;
    await until('it left', () => at.open() === 0);
    at.found();
    await at.isFound;
    await new Promise((resolve) => setImmediate(resolve));
    expect(passed).toBe(0);
  });

  it('is waited for by a node that stops', async () => {
    let end: () => void = () => undefined;
    let passed = 0;
    const at = await startElsewhere(async (_request, sink) => {
      passed += 1;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      sink.head(200, 'application/json');
      await sink.write(Buffer.from('{"whole":true}'));
    });
    at.found();
    const answer = at.send({
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    await until('it is passed on', () => passed === 1);
    let isDrained = false;
    const drained = at.gateway.drain().then(() => void (isDrained = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDrained).toBe(false);
    end();
    expect((await answer).json()).toEqual({ whole: true });
    await drained;
  });
});

describe('what changed while there was no stream', () => {
  it('waits by its URI alone, and at most 64 Ki characters of it', async () => {
    let listener: Listener | undefined;
    const at = await startGateway((needs) => ({
      ...needs,
      hearing: {
        ...needs.hearing,
        watch: async (_uri, heard) => {
          listener = heard;
          return finished;
        },
      },
    }));
    onTestFinished(() => at.close());
    const json = { 'content-type': 'application/json', accept: 'application/json' };
    const clientInfo = { name: 'away', version: '1' };
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
    const opened = await at.send({
      headers: json,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    });
    const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
    const watching = { jsonrpc: '2.0', id: 2, method: 'resources/subscribe', params: { uri: 'a:1' } };
    await at.send({ headers: { ...json, ...session }, body: JSON.stringify(watching) });
    for (let n = 0; n < 200; n += 1)
      listener?.updated({ uri: `a:${n}:${'u'.repeat(1_000)}`, more: 'm'.repeat(10_000) });
    const ended = new AbortController();
    const stream = await fetch(`${at.url}/mcp`, {
      headers: { accept: 'text/event-stream', ...session },
      signal: ended.signal,
    });
    let text = '';
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString('utf8');
      listener?.updated({ uri: 'a:last' });
      if (text.includes('a:last')) break;
    }
    ended.abort();
    expect(text).toContain('a:0:');
    expect(text).not.toContain('mmm');
    expect(text.length).toBeLessThan(80_000);
  });
});

describe('what is watched again after a take-over', () => {
  it('is not watched any more where the session ended meanwhile', async () => {
    const house = createSmallHouse();
    const session = house.needs.sessions.open({
      principal: localPrincipal,
      transport: 'http',
      revision: '2025-06-18',
      client: 'away/1',
    });
    session.wish({ what: 'watch', uri: 'a:1' });
    let answer: () => void = () => undefined;
    const watched = new Set<string>();
    const hearing: GatewayNeeds['hearing'] = {
      ...house.needs.hearing,
      watch: async (uri) => {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        watched.add(uri);
        return finished;
      },
      unwatch: async (uri) => {
        watched.delete(uri);
        return finished;
      },
    };
    const told: unknown[] = [];
    const peer = { updated: (params: unknown) => void told.push(params) };
    watchAgain({ ...house.needs, hearing }, { session, peer } as unknown as Seat);
    session.close('the client ended it');
    answer();
    await until('nobody watches', () => watched.size === 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect([...watched]).toEqual([]);
    expect(told).toEqual([]);
  });

  it('is tried once more when other resources are offered, and not after the end of its peer', async () => {
    const house = createSmallHouse();
    const open = (): Seat['session'] => {
      const session = house.needs.sessions.open({
        principal: localPrincipal,
        transport: 'http',
        revision: '2025-06-18',
        client: 'away/1',
      });
      session.wish({ what: 'watch', uri: 'a:1' });
      return session;
    };
    const heard = new Set<(kind: 'resources' | 'prompts') => void>();
    let known = false;
    let watches = 0;
    const needs: GatewayNeeds = {
      ...house.needs,
      hearing: {
        ...house.needs.hearing,
        watch: async () => {
          watches += 1;
          return known
            ? finished
            : {
                outcome: 'refused',
                code: 'argument_invalid',
                message: 'nobody has it',
                retryAfterMs: undefined,
              };
        },
      },
      offers: {
        ...house.needs.offers,
        onChanged: (changed) => {
          heard.add(changed);
          return () => void heard.delete(changed);
        },
      },
    };
    const told: unknown[] = [];
    const createSeat = (): Seat =>
      ({
        session: open(),
        peer: { updated: (params: unknown) => void told.push(params) },
      }) as unknown as Seat;
    const [stays, goes] = [createSeat(), createSeat()];
    for (const seat of [stays, goes]) watchAgain(needs, seat);
    await until('both wait', () => heard.size === 2);
    stopWaiting(goes.peer);
    known = true;
    for (const changed of heard) changed('prompts');
    for (const changed of heard) changed('resources');
    await until('it is told', () => told.length > 0);
    expect(told).toEqual([{ uri: 'a:1' }]);
    expect(watches).toBe(3);
    expect(heard.size).toBe(0);
  });
});
