// A call's stream that broke, and the client that comes back for the rest.
import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStreamShelf, streamsMax } from '../../../src/gateway/mcp/stream-history.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

async function openSession(): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 't', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  return String((await at.send({ headers: json, body })).headers['mcp-session-id']);
}

interface Listening {
  readonly heard: () => string;
  readonly ended: Promise<void>;
  readonly sent: ClientRequest;
}

function listen(method: string, headers: Record<string, string>, body?: string): Listening {
  let heard = '';
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const sent = request(`${at.url}/mcp`, { method, agent: false, headers }, (response) => {
    response.on('data', (part: Buffer) => (heard += part.toString()));
    response.on('error', end);
    response.on('end', end);
  });
  sent.on('error', end);
  sent.end(body);
  return { heard: () => heard, ended, sent };
}

/** A call that has told its progress once and waits; the client has heard of it. */
async function beginCall(session: string, revision = '2025-11-25'): Promise<Listening> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: 'fs__slow', arguments: {} },
  });
  const before = at.house.calls.length;
  const headers = { ...json, 'mcp-session-id': session, 'mcp-protocol-version': revision };
  const listening = listen('POST', headers, body);
  await until('the call is under way', () => at.house.calls.length > before);
  tell(1);
  await until('the client heard of it', () => listening.heard().includes('"progress":1'));
  return listening;
}

const tell = (progress: number, token = 1): void =>
  at.house.calls
    .at(-1)
    ?.command.notify?.(
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":${progress}}}`,
    );

const resume = (session: string, last: string): Listening =>
  listen('GET', { accept: 'text/event-stream', 'mcp-session-id': session, 'last-event-id': last });

const idsOf = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1] ?? '');

describe('a stream that broke', () => {
  it('is fetched to its end, each event once, and the call was never cancelled', async () => {
    const session = await openSession();
    const first = await beginCall(session);
    expect(first.heard()).toMatch(/^id: 1-0\nretry: 1000\ndata: \n\nid: 1-1\nevent: message\ndata: \{/);
    first.sent.destroy();
    await first.ended;
    tell(2);
    at.house.release();
    const second = resume(session, '1-1');
    await second.ended;
    expect(at.house.calls.at(-1)?.command.signal.aborted).toBe(false);
    expect(idsOf(second.heard())).toEqual(['1-2', '1-3']);
    expect(second.heard()).toContain('"progress":2');
    expect(second.heard()).toContain('{"jsonrpc":"2.0","id":7,"result":{"content":[]}}');
    const third = resume(session, '1-0');
    await third.ended;
    expect(idsOf(third.heard())).toEqual(['1-1', '1-2', '1-3']);
  });

  it('goes on over the new connection while the call still runs', async () => {
    const session = await openSession();
    const first = await beginCall(session);
    const second = resume(session, '1-1');
    await first.ended;
    tell(2);
    await until('the new connection hears of it', () => second.heard().includes('"progress":2'));
    at.house.release();
    await second.ended;
    expect(idsOf(second.heard())).toEqual(['1-2', '1-3']);
  });

  it('is not primed for revisions that know no event without data', async () => {
    const session = await openSession();
    const first = await beginCall(session, '2025-06-18');
    expect(idsOf(first.heard())).toEqual(['1-0']);
    expect(first.heard()).not.toContain('retry');
    at.house.release();
    await first.ended;
  });

  it.each(['1-9', '2-0', 'x', '', '1-1-1', '9999999999-1'])(
    'cannot be found by an event that never was: "%s"',
    async (last) => {
      const session = await openSession();
      const first = await beginCall(session);
      const reply = await at.send({
        method: 'GET',
        headers: { accept: 'text/event-stream', 'mcp-session-id': session, 'last-event-id': last },
      });
      expect([reply.status, reply.json().error.code]).toEqual([400, -32_600]);
      at.house.release();
      await first.ended;
    },
  );

  it('ends with its session', async () => {
    const session = await openSession();
    const first = await beginCall(session);
    await at.send({ method: 'DELETE', headers: { 'mcp-session-id': session } });
    await first.ended;
    expect(at.house.calls.at(-1)?.command.signal.aborted).toBe(true);
    expect(first.heard()).toContain('"id":7,"error":');
  });

  it('is nobody else’s', async () => {
    const session = await openSession();
    const first = await beginCall(session);
    const reply = await at.send({
      method: 'GET',
      headers: {
        accept: 'text/event-stream',
        'mcp-session-id': await openSession(),
        'last-event-id': '1-0',
      },
    });
    expect(reply.status).toBe(400);
    at.house.release();
    await first.ended;
  });

  it('is nothing an official client of the 1.x line would notice', async () => {
    const client = new OldClient({ name: 't', version: '1' });
    await client.connect(new OldTransport(new URL('/mcp', at.url)));
    const seen: number[] = [];
    const called = client.callTool({ name: 'fs__slow', arguments: {} }, undefined, {
      onprogress: ({ progress }) => seen.push(progress),
    });
    await until('the call is under way', () => at.house.calls.length === 1);
    const meta = JSON.parse(at.house.calls[0]?.command.meta ?? '{}') as { progressToken: number };
    tell(1, meta.progressToken);
    await until('the client heard of it', () => seen.length === 1);
    expect(at.breakConnections()).toBe(1);
    at.house.release();
    expect(await called).toEqual({ content: [] });
    await client.close();
  });
});

describe('a call without the beginning of a stream', () => {
  it('is cancelled when its client goes away', async () => {
    const session = await openSession();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'fs__slow', arguments: {} },
    });
    const { sent } = listen('POST', { ...json, 'mcp-session-id': session }, body);
    await until('the call is under way', () => at.house.calls.length === 1);
    sent.destroy();
    await until('it is cancelled', () => at.house.calls[0]?.command.signal.aborted);
  });
});

describe('the shelf', () => {
  const gone = { destroyed: true, destroy: () => undefined } as unknown as Parameters<
    ReturnType<typeof openShelf>['open']
  >[0];
  const openShelf = (characters?: number) => openStreamShelf(characters).openHistory();

  it('lets the oldest events fall, whosever they are, and knows that their streams are incomplete', () => {
    const shelf = openStreamShelf(1_000);
    const [one, other] = [shelf.openHistory(), shelf.openHistory()];
    const early = one.open(gone, false);
    early.write('"early"');
    const late = other.open(gone, false);
    for (let n = 0; n < 100; n += 1) late.write(`"late ${n}"`);
    expect(one.find('1-0')).toBeDefined(); // nothing comes after it
    early.write('"and more"');
    expect(one.find('1-0')).toBeDefined();
    for (let n = 0; n < 100; n += 1) late.write(`"later ${n}"`);
    expect(one.find('1-0')).toBeUndefined();
    expect(other.find('1-0')).toBeUndefined();
    expect(other.find('1-199')).toBeDefined();
    expect(other.find('1-195')).toBeDefined();
  });

  it('keeps the newest streams of a session', () => {
    const history = openShelf();
    for (let n = 0; n <= streamsMax; n += 1) history.open(gone, true);
    expect(history.find('1-0')).toBeUndefined();
    expect(history.find('2-0')).toBeDefined();
    history.close();
    expect(history.find('2-0')).toBeUndefined();
  });
});
