// The REST face over real HTTP.
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { sampleSop } from '../../support/gateway-needs.ts';
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
const post = (path: string, body: string, type = 'application/json', headers: Record<string, string> = {}) =>
  at.send({ path: `/api/v1${path}`, body, headers: { 'content-type': type, ...headers } });

describe('reading', () => {
  it('answers status, sessions and learning', async () => {
    expect((await get('/status')).json()).toEqual({ state: 'running', version: '0.0.1' });
    expect((await get('/sessions')).json()).toEqual({ sessions: [], total: 0, next: null });
    expect((await get('/learning')).json()).toMatchObject({ engine_status: 'running' });
  });

  it('lists SOPs and shows one', async () => {
    at.house.sops = [sampleSop(), sampleSop({ sopId: 'p-2' })];
    const list = (await get('/sops?limit=1&offset=1')).json();
    expect(list).toMatchObject({
      sops: [{ sop_id: 'p-2', trigger: 'deploy the service' }],
      limit: 1,
      offset: 1,
    });
    expect((await get('/sops/p-1')).json()).toMatchObject({ sop_id: 'p-1', evidence: ['k-1', 'k-2'] });
    const missing = await get('/sops/p-3');
    expect([missing.status, missing.headers['content-type']]).toEqual([404, 'application/problem+json']);
    expect(missing.json()).toMatchObject({ status: 404, code: 'sop_unknown', title: 'Not Found' });
  });
});

it.each([
  ['a path that is not there', 'GET', '/nothing', {}, 404, 'method_unknown'],
  ['another method', 'POST', '/status', {}, 405, 'method_unknown'],
  ['a limit that is too large', 'GET', '/sops?limit=1000000000', {}, 400, 'argument_invalid'],
  ['a negative offset', 'GET', '/sops?offset=-1', {}, 400, 'argument_invalid'],
  ['a confidence that is no number', 'GET', '/sops?min_confidence=NaN', {}, 400, 'argument_invalid'],
  ['a query that says it twice', 'GET', '/sops?limit=1&limit=2', {}, 400, 'argument_invalid'],
  ['a misspelled query', 'GET', '/sops?limt=1', {}, 400, 'argument_invalid'],
  ['a status that is none', 'GET', '/sops?status=good', {}, 400, 'argument_invalid'],
  ['an event type that is none', 'GET', '/events?type=session.opened,nothing', {}, 400, 'argument_invalid'],
  ['a namespace that is none', 'GET', '/sops?namespace=A!', {}, 400, 'argument_invalid'],
  [
    'a namespace of others',
    'GET',
    '/sops?namespace=other',
    { authorization: 'Bearer ann' },
    403,
    'permission_denied',
  ],
  ['an unknown key', 'GET', '/status', { authorization: 'Bearer x' }, 401, 'principal_unknown'],
  ['a foreign Host', 'GET', '/status', { host: 'evil.example' }, 403, 'permission_denied'],
  ['a foreign Origin', 'GET', '/status', { origin: 'https://evil.example' }, 403, 'permission_denied'],
  ['a shutdown by others', 'POST', '/shutdown', { authorization: 'Bearer ann' }, 403, 'permission_denied'],
] as const)('answers %s with a problem', async (_what, method, path, headers, status, code) => {
  const reply = await at.send({ method, path: `/api/v1${path}`, headers });
  expect([reply.status, reply.json().code, reply.json().status]).toEqual([status, code, status]);
});

it('names the field, what it must be and what came', async () => {
  expect((await get('/sops?min_confidence=2')).json().detail).toBe(
    'min_confidence must be between 0 and 1, got 2',
  );
});

it('tells what an agent would get and why, and counts nothing', async () => {
  at.house.sops = [sampleSop()];
  const reply = await post('/ask', '{"task":"deploy the service"}');
  expect(reply.json()).toMatchObject({
    task: 'deploy the service',
    sops: [{ sop_id: 'p-1', relevance: 0.8, why: 'its trigger "deploy the service" matches the task' }],
    injected_context: [{ type: 'sop', sop_id: 'p-1' }],
  });
  expect(at.house.injections).toEqual([]);
  expect((await post('/ask', '{"task":"  "}')).status).toBe(400);
  expect((await post('/ask', '{"task":"x"}', 'text/plain')).status).toBe(400);
  expect((await post('/ask', `{"task":"${'x'.repeat(70_000)}"}`)).status).toBe(413);
});

it('tells what came near and was rejected, each for its reason, and serves none of it', async () => {
  const unsure = sampleSop({ sopId: 'p-2', confidence: 0.3, status: 'candidate', relevance: 0.6 });
  const away = sampleSop({ sopId: 'p-3', status: 'quarantined', confidence: 0.2 });
  const others = [4, 5, 6].map((n) => sampleSop({ sopId: `p-${n}`, relevance: 0.5 }));
  const waiting = sampleSop({ sopId: 'p-7', status: 'shadow', confidence: 0.69 });
  at.house.sops = [sampleSop(), unsure, ...others, away, waiting];
  const told = (await post('/ask', '{"task":"deploy the service","limit":1}')).json();
  expect(told.sops.map(({ sop_id: id }: { sop_id: string }) => id)).toEqual(['p-1']);
  expect(told).toMatchObject({ bar: 0.5, held_out: false });
  const why = Object.fromEntries(
    told.rejected.map((one: { sop_id: string; reason: string }) => [one.sop_id, one.reason]),
  );
  expect(why).toEqual({
    'p-2': 'below_bar',
    'p-3': 'not_active',
    'p-4': 'outranked',
    'p-5': 'outranked',
    'p-6': 'outranked',
    'p-7': 'not_active',
  });
  const whys = told.rejected.map(({ why: one }: { why: string }) => one).join('\n');
  expect(whys).toContain('in the shadow: it waits for a second principal');
  expect(whys).toContain('quarantined: right silent predictions bring it back');
  const { injected_context: served } = told;
  expect(served.map(({ sop_id: id }: { sop_id: string }) => id)).toEqual(['p-1']);
  expect(at.house.injections).toEqual([]);
});

it.each(['shadow', 'quarantined', 'deprecated', 'retired'] as const)(
  'begins no guided run of what is %s',
  async (status) => {
    at.house.sops = [sampleSop({ status })];
    const refused = await post('/sops/p-1/runs', '{"dry_run":true}');
    expect([refused.status, refused.json().code]).toEqual([400, 'argument_invalid']);
    expect(refused.json().detail).toContain(
      `this SOP is ${status}, and only active ones and candidates are followed`,
    );
  },
);

describe('learning anew', () => {
  it('is ordered for every namespace, or for the one that is named', async () => {
    const ordered = await post('/relearn', '{}');
    expect([ordered.status, ordered.json()]).toMatchObject([
      202,
      {
        relearn_id: 'l-1',
        state: 'running',
        from: 'archive',
        dry_run: false,
        namespace: null,
        differs: true,
      },
    ]);
    await post('/relearn?namespace=acme', '{"from":"stream","dry_run":true}');
    expect(at.house.relearnings).toMatchObject([
      { namespace: null, from: 'archive', isTrial: false, by: { id: 'local' } },
      { namespace: 'acme', from: 'stream', isTrial: true },
    ]);
    expect((await post('/relearn', '{"from":"memory"}')).status).toBe(400);
  });

  it('tells how far it is', async () => {
    expect((await get('/relearn/l-7')).json()).toMatchObject({
      relearn_id: 'l-7',
      state: 'done',
      ended_at: '2026-01-01T00:00:01.000Z',
      differs: true,
      counts: { same: 1, changed: 1, kept: 1 },
      differences: [{ sop_id: 'p-1', difference: 'changed', parts: ['steps'] }],
      error: null,
    });
  });

  it('needs the scope for it', async () => {
    const headers = { authorization: 'Bearer ann' };
    expect((await post('/relearn', '{}', 'application/json', headers)).status).toBe(403);
    expect((await get('/relearn/l-7', headers)).status).toBe(403);
    expect(at.house.relearnings).toEqual([]);
  });
});

describe('importing', () => {
  const episode = (key: string) =>
    JSON.stringify({
      source: 'file',
      key,
      task: 'do it',
      outcome: 'success',
      agent: 'a',
      calls: [{ tool: 'x', args: {}, result: null, error: false }],
    });

  it('takes one episode a line, also without a last line end', async () => {
    const reply = await post('/import', `${episode('1')}\n\n${episode('2')}`, 'application/x-ndjson');
    expect([reply.status, reply.json()]).toEqual([200, { episodes: 2, calls: 2, duplicates: 0 }]);
    expect(at.house.imported.map((one) => one.key)).toEqual(['1', '2']);
  });

  it('names the line that is wrong', async () => {
    const wrong = await post('/import', `${episode('1')}\n{"source":"file"}\n`, 'application/x-ndjson');
    expect([wrong.status, wrong.json().detail]).toEqual([400, expect.stringMatching(/^line 2: key /)]);
    const malformed = await post('/import', `{]\n`, 'application/x-ndjson');
    expect([malformed.status, malformed.json().detail]).toEqual([
      400,
      expect.stringMatching(/^line 1: Parse error/),
    ]);
    expect((await post('/import', '', 'text/csv')).status).toBe(400);
  });
});

it('follows events with the filters asked for, and stops when the reader leaves', async () => {
  const event: AnyEvent = {
    id: 'v-1',
    type: 'session.closed',
    at: '2026-01-01T00:00:00.000Z',
    namespace: 'acme',
    actor: { kind: 'session', id: 's-1' },
    version: 1,
    data: { reason: 'done' },
  };
  let seen = '';
  const path =
    '/api/v1/events?namespace=acme&topic=state&kind=session&id=s-1&type=session.closed,session.expired&from=all';
  const req = request({ port: at.port, host: '127.0.0.1', path }, (res) => {
    res.on('error', () => undefined);
    res.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
    });
  });
  req.on('error', () => undefined);
  req.end();
  await until('the follower is there', () => seen.includes(': following'));
  expect(at.house.followed).toEqual({
    namespace: 'acme',
    withSystem: true,
    topic: 'state',
    kind: 'session',
    id: 's-1',
    types: ['session.closed', 'session.expired'],
    from: 'all',
  });
  at.house.emit(event);
  await until('the event arrives', () => seen.includes(`id: v-1\ndata: ${JSON.stringify(event)}\n\n`));
  req.destroy();
  await until('the follower is let go', () => at.house.followerCount() === 0);
});

it('is healthy until it drains, and needs no key to say so', async () => {
  const health = (headers: Record<string, string> = {}) =>
    at.send({ method: 'GET', path: '/healthz', headers });
  expect((await health()).json()).toEqual({ status: 'ok' });
  expect((await health({ authorization: 'Bearer nobody' })).status).toBe(200);
  expect((await health({ host: 'evil.example' })).status).toBe(403);
  await at.gateway.drain();
  expect((await health()).status).toBe(503);
});

it('shuts down for its own user after it has answered', async () => {
  const reply = await post('/shutdown', '');
  expect([reply.status, reply.json()]).toEqual([202, { stopping: true }]);
  await until('the node is told', () => at.house.shutdowns === 1);
});
