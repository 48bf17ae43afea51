// What people look at over REST: stored events to their end, live actors, dead letters and who may touch them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { limits } from '../../../machines/words/limits.ts';
import type { DeadLetterView } from '../../../src/gateway/gateway.ts';
import { actorEventsMax } from '../../../src/node/actor-then.ts';
import { shareAnswer } from '../../../src/node/shared-answer.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  at.send({ method: 'GET', path: `/api/v1${path}`, headers });
const post = (path: string, headers: Record<string, string> = {}) =>
  at.send({
    path: `/api/v1${path}`,
    body: '{}',
    headers: { 'content-type': 'application/json', ...headers },
  });
const asAnn = { authorization: 'Bearer ann' };

function toLetter(id: number, namespace: string): DeadLetterView {
  return {
    id,
    actor: { namespace, kind: 'session', id: 's-1' },
    reason: 'not today',
    code: 'unexpected',
    stream: 'DREY_EVENTS',
    sequence: 40 + id,
    subject: `drey.event.${namespace}.session.s-1.task.started`,
    by: 'learning',
    attempts: 5,
    at: '2026-01-01T00:00:00.000Z',
    body: 'x'.repeat(1_000),
  };
}

function toEvent(number: number): AnyEvent {
  return {
    id: `v-${number}`,
    type: 'memory.forgotten',
    at: '2026-01-01T00:00:00.000Z',
    namespace: 'default',
    actor: { kind: 'memory', id: 'm-1' },
    version: 1,
    data: { reason: 'x'.repeat(2_000) },
  };
}

describe('events with until=now', () => {
  it('come with their place in the stream, and the answer ends', async () => {
    at.house.stored = [toEvent(1), toEvent(2)];
    const reply = await get('/events?until=now&kind=memory&id=m-1');
    expect(at.house.read).toEqual({
      namespace: 'default',
      withSystem: true,
      kind: 'memory',
      id: 'm-1',
      from: 'all',
    });
    const lines = reply.text.split('\n').filter((line) => line.startsWith('data: '));
    expect(lines.map((line) => JSON.parse(line.slice(6)) as unknown)).toEqual([
      { ...toEvent(1), sequence: 1 },
      { ...toEvent(2), sequence: 2 },
    ]);
    expect(reply.text.endsWith(': that is all\n\n')).toBe(true);
  });

  it('are all there, however many: the reader sets the pace', async () => {
    at.house.stored = Array.from({ length: 5_000 }, (_, number) => toEvent(number));
    const reply = await get('/events?until=now');
    expect(reply.text.match(/^data: /gm)).toHaveLength(5_000);
  });

  it('begin at the moment that is named, which from may not contradict', async () => {
    await get('/events?until=now&since=2026-01-01T00:00:00Z');
    expect(at.house.read).toMatchObject({ from: { at: '2026-01-01T00:00:00Z' } });
    for (const wrong of ['since=yesterday', 'since=2026-01-01T00:00:00Z&from=all'])
      expect((await get(`/events?until=now&${wrong}`)).status, wrong).toBe(400);
  });

  it('are refused together with from=new', async () => {
    expect((await get('/events?until=now&from=new')).json()).toMatchObject({
      status: 400,
      code: 'argument_invalid',
    });
  });
});

describe('replaying events', () => {
  it('is asked for by place, for the namespaces one may read', async () => {
    const send = (body: object, headers: Record<string, string> = {}) =>
      at.send({
        path: '/api/v1/events/replay',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      });
    const body = { subject: 'replay.mine', sequences: [3, 4] };
    expect((await send(body)).json()).toEqual({ published: 2 });
    expect(at.house.republished).toEqual([{ namespaces: ['default', '_system'], ...body }]);
    expect((await send(body, asAnn)).status).toBe(403);
    for (const wrong of [{ ...body, sequences: [] }, { ...body, sequences: [0] }, { sequences: [1] }])
      expect((await send(wrong)).json()).toMatchObject({ status: 400, code: 'argument_invalid' });
  });
});

describe('actors', () => {
  it('are those of the namespace and of the node, by kind and id', async () => {
    at.house.actors = [
      { namespace: 'default', kind: 'session', id: 's-1', states: ['ready'] },
      { namespace: '_system', kind: 'learning', id: 'l-engine', states: ['running', 'flowing'] },
      { namespace: 'acme', kind: 'session', id: 's-2', states: ['ready'] },
    ];
    expect((await get('/actors')).json()).toMatchObject({ total: 2 });
    expect((await get('/actors?kind=learning&id=l-engine')).json()).toEqual({
      actors: [{ namespace: '_system', kind: 'learning', id: 'l-engine', states: ['running', 'flowing'] }],
      total: 1,
    });
    expect((await get('/actors?kind=chair')).json()).toMatchObject({ status: 400 });
  });

  it('are told with what people know them by, cut', async () => {
    at.house.actors = [
      { namespace: 'default', kind: 'sop', id: 'p-1', states: ['active'], name: 'Copy the notes'.repeat(40) },
      { namespace: 'default', kind: 'breaker', id: 'b-1', states: ['closed'] },
    ];
    const { actors } = (await get('/actors')).json() as { actors: { name?: string }[] };
    expect(actors.map(({ name }) => name?.length)).toEqual([300, undefined]);
  });

  it('are no procedures for who may not read procedures', async () => {
    at.house.actors = [
      { namespace: 'acme', kind: 'session', id: 's-2', states: ['ready'] },
      { namespace: 'acme', kind: 'sop', id: 'p-1', states: ['active'] },
    ];
    expect((await get('/actors', asAnn)).json()).toMatchObject({ total: 2 });
    const asCleo = { authorization: 'Bearer cleo' };
    expect((await get('/actors', asCleo)).json()).toMatchObject({ total: 1, actors: [{ kind: 'session' }] });
    expect((await get('/actors?kind=sop&id=p-1', asCleo)).json()).toEqual({ actors: [], total: 0 });
  });
});

describe('what is under the node', () => {
  it('is told to who looks after it, with every limit under its name', async () => {
    const { bus, limits: told, rates } = (await get('/system')).json();
    expect(bus.streams).toEqual([
      expect.objectContaining({ stream: 'DREY_EVENTS', messages: 3, bytes_max: null, last_sequence: 3 }),
    ]);
    expect(bus.consumers).toEqual([
      expect.objectContaining({ consumer: 'learning', pending: 1, unsettled: 1, settled: 1 }),
    ]);
    for (const [name, max] of Object.entries(limits)) expect(told).toContainEqual({ name, max });
    expect(rates.operations.map(({ operation }: { operation: string }) => operation)).toContain('sop_write');
  });

  it('tells the limits while the bus is away, and that it is', async () => {
    at.house.bus = () => {
      throw new DreyError('bus_unavailable', 'the bus does not answer');
    };
    const { status, json } = await get('/system');
    expect([status, json()]).toMatchObject([200, { bus: null, bus_reason: 'the bus does not answer' }]);
    for (const [name, max] of Object.entries(limits)) expect(json().limits).toContainEqual({ name, max });
  });

  it('is asked for once by all who look within a moment', async () => {
    let [now, asked] = [0, 0];
    const read = shareAnswer(async () => (asked += 1), { now: () => now }, 100);
    expect(await Promise.all([read(), read()])).toEqual([1, 1]);
    now = 99;
    expect(await read()).toBe(1);
    now = 100;
    expect(await read()).toBe(2);
  });

  it('is not for those who may only look at their own namespace', async () => {
    expect((await get('/system', asAnn)).json()).toMatchObject({
      status: 403,
      code: 'permission_denied',
      detail: expect.stringContaining('node:read'),
    });
  });
});

describe('what an actor was then', () => {
  const toEdge = (number: number, from: string, to: string, more: object = {}): AnyEvent => ({
    id: `v-${number}`,
    type: 'session.drained',
    at: '2026-01-01T00:00:00.000Z',
    namespace: 'default',
    actor: { kind: 'session', id: 's-1' },
    version: 1,
    data: { from, to, cause: { type: 'opened', at: 0 }, ...more },
  });
  const input = { sessionId: 's-1', settings: { callsMax: 2, idleMs: 1_000, drainMs: 500 } };

  it('is folded from its events up to the place, redacted', async () => {
    const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    const closed = { cause: { type: 'close', reason: `gone with ${token}`, at: 0 } };
    at.house.stored = [toEdge(1, 'opening', 'ready', { input }), toEdge(2, 'ready', 'closed', closed)];
    const first = await get('/actors/session/s-1/then?sequence=1');
    expect(first.json()).toMatchObject({
      states: ['ready'],
      context: { sessionId: 's-1' },
      since: { sequence: 1 },
      folded: 1,
      differences: 0,
    });
    const second = await get('/actors/session/s-1/then?sequence=7');
    expect(second.json()).toMatchObject({ states: ['closed'], folded: 2, differences: 0 });
    expect(second.text).not.toContain(token);
  });

  it('needs what its events need, and says what cannot be folded', async () => {
    const path = '/actors/session/s-1/then?sequence=1';
    expect((await get(path)).json()).toMatchObject({ status: 404, code: 'actor_unknown' });
    at.house.stored = [toEdge(1, 'opening', 'ready', { input })];
    expect((await get(path, asAnn)).status).toBe(200);
    // Neither another namespace nor a key that may not follow events leads there.
    const asBob = { authorization: 'Bearer bob' };
    for (const wall of ['default', '_system'])
      expect((await get(`${path}&namespace=${wall}`, asBob)).status, wall).toBe(403);
    const asCleo = { authorization: 'Bearer cleo' };
    expect((await get(path, asCleo)).json()).toMatchObject({
      status: 403,
      detail: expect.stringContaining('events:read'),
    });
    for (const wrong of ['session/s-1/then', 'chair/s-1/then?sequence=1', 'session/s-1/then?sequence=0'])
      expect((await get(`/actors/${wrong}`)).status, wrong).toBe(400);
    const told = (await get('/actors/memory/m-1/then?sequence=1')).json();
    expect(told).toMatchObject({ status: 400, code: 'argument_invalid' });
    expect(told.detail).toContain('have no machine');
  });

  it('ends with a sentence where a life is too long', async () => {
    at.house.stored = Array.from({ length: actorEventsMax + 1 }, (_, number) => toEvent(number));
    const told = (await get('/actors/session/s-1/then?sequence=900000')).json();
    expect(told).toMatchObject({ code: 'limit_reached', detail: expect.stringContaining('drey replay') });
  });
});

describe('dead letters', () => {
  beforeEach(() => {
    at.house.dead = [toLetter(1, 'default'), toLetter(2, '_system'), toLetter(3, 'acme')];
  });

  it('are listed for the local principal with those of the node, and cut', async () => {
    const { letters, total } = (await get('/dead?limit=5')).json();
    expect([letters.map(({ id }: { id: number }) => id), total, letters[0].body.length]).toEqual([
      [1, 2],
      2,
      200,
    ]);
    expect((await get('/dead/1')).json()).toEqual(toLetter(1, 'default'));
  });

  it('are only one’s own for everybody else', async () => {
    expect((await get('/dead', asAnn)).json()).toMatchObject({ letters: [{ id: 3 }], total: 1 });
    for (const id of [1, 2, 99, 'x', '1e3', '-1']) {
      expect((await get(`/dead/${id}`, asAnn)).json()).toMatchObject({
        status: 404,
        code: 'dead_letter_unknown',
      });
    }
  });

  it('are sent again and dropped', async () => {
    expect((await post('/dead/1/retry')).json()).toEqual({ id: 1, stream: 'DREY_EVENTS', sequence: 99 });
    expect((await post('/dead/2/drop')).json()).toEqual({ id: 2, dropped: true });
    expect((await post('/dead/2/drop')).json()).toMatchObject({ status: 404 });
    expect(at.house.dead.map(({ id }) => id)).toEqual([3]);
  });

  it('are not touched by who lacks the scope', async () => {
    for (const verb of ['retry', 'drop']) {
      expect((await post(`/dead/3/${verb}`, asAnn)).json()).toMatchObject({
        status: 403,
        code: 'permission_denied',
      });
    }
    expect(at.house.dead).toHaveLength(3);
  });
});

describe('the changes of the status', () => {
  it('come as they are now, and again with each change, until the reader leaves', async () => {
    at.house.health = { health: { version: 7 } };
    const abort = new AbortController();
    const reply = await fetch(`${at.url}/api/v1/status/changes`, { signal: abort.signal });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('data: {"health":{"version":7}}\n\n');
    at.house.tellHealth({ health: { version: 8 } });
    expect((await reader?.read())?.value).toBe('data: {"health":{"version":8}}\n\n');
    expect(at.house.followerCount()).toBe(1);
    abort.abort();
    await until('it is forgotten', () => at.house.followerCount() === 0);
  });

  it('are for those who may come in', async () => {
    expect((await get('/status/changes', { authorization: 'Bearer nobody' })).status).toBe(401);
  });
});
