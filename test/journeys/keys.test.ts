// Agents with keys and tokens before two nodes: who they are everywhere, what is theirs alone, and how soon they are out.
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import type { Issuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import type { RecordingUpstream } from '../support/recording-upstream.ts';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { openTruth } from './rig/truth.ts';
import type { Truth } from './rig/truth.ts';

/** Within this a revocation counts everywhere. */
const revokedMsMax = 5_000;
const audience = 'https://gw.example/mcp';

let servers: Servers;
let issuer: Issuer;
let upstream: RecordingUpstream;
let truth: Truth;
const places: Place[] = [];
const nodes: NodeProcess[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  [servers, issuer, upstream] = await Promise.all([startServers(), startIssuer(), startRecordingUpstream()]);
  const echo = join(packageRoot, 'test/fixtures/upstreams/echo.mjs');
  for (let number = 0; number < 2; number += 1)
    places.push(
      await createPlace({
        mcpServers: {
          echo: { command: process.execPath, args: [echo] },
          rec: {
            url: upstream.url,
            credentials: 'principal',
            headers: { 'x-caller': '${DREY_PRINCIPAL}' },
          },
        },
        auth: { issuer: issuer.url, audience },
        learning: { enabled: false },
      }),
    );
  nodes.push(
    ...(await Promise.all(
      places.map((place) => startNodeProcess({ ...place, env: { ...place.env, ...servers.env } })),
    )),
  );
  truth = await openTruth(servers);
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await truth?.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await Promise.all([upstream?.close(), issuer?.close()]);
  await servers?.stop();
  await Promise.all(places.map((place) => place.remove()));
});

interface Made {
  readonly key: string;
  readonly key_id: string;
}

const create = (agent: string, namespace = 'acme', changes: object = {}): Promise<Made> =>
  nodeAt(0).post<Made>(`/api/v1/keys?namespace=${namespace}`, { agent, ...changes });

function nodeAt(number: number): NodeProcess {
  const node = nodes[number];
  if (node === undefined) throw new Error(`there is no node ${number}`);
  return node;
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

async function knock(number: number, secret: string, path = '/api/v1/sessions'): Promise<number> {
  const response = await fetch(nodeAt(number).url + path, { headers: bearer(secret) });
  await response.body?.cancel();
  return response.status;
}

async function connect(number: number, secret: string) {
  const at = { number };
  const client = new Client({ name: 'agent', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL('http://balanced/mcp'), {
    requestInit: { headers: bearer(secret) },
    fetch: async (url, init) => {
      const { pathname, search } = new URL(url);
      return fetch(new URL(pathname + search, nodeAt(at.number).url), init);
    },
  });
  await client.connect(transport);
  clients.push(client);
  return { client, transport, at };
}

const untilRow = (session: string) =>
  until('the row of the session is written', async () => {
    const rows = await truth.rows('select 1 from sessions where id = $1', [session]);
    return rows.length === 1;
  });

describe('a key', () => {
  it('is printed once, opens every node as its agent, and is nowhere in the database', async () => {
    const made = await runDrey(places[0] as Place, [
      'keys',
      'create',
      'cli',
      '--namespace',
      'acme',
      '--expires',
      '1d',
      '--data',
      places[0]?.dataFolder ?? '',
    ]);
    const key = made.stdout.trim();
    expect(made.code).toBe(0);
    expect(key).toMatch(/^drey_/);
    expect(made.stderr).toContain('shown this once');
    for (const number of [0, 1]) {
      const { client } = await connect(number, key);
      await client.callTool({ name: 'echo__tool_0', arguments: {} });
      const { sessions } = (await (
        await fetch(`${nodeAt(number).url}/api/v1/sessions`, { headers: bearer(key) })
      ).json()) as { sessions: { principal: string; namespace: string }[] };
      expect(sessions).toMatchObject([{ principal: 'cli@acme', namespace: 'acme' }]);
    }
    const { stdout: shown } = await runDrey(places[0] as Place, [
      'sessions',
      '--namespace',
      'acme',
      '--data',
      places[0]?.dataFolder ?? '',
    ]);
    expect(shown).toMatch(/^ID +CLIENT +WHO +STATE +CALLS +DOING +TASK/);
    expect(shown).toMatch(/agent.* cli@acme .* 1 +idle since .*, last echo__tool_0 \(finished\)/);
    const dump = await truth.rows<{ row: string }>(
      `select to_jsonb(k)::text as row from api_keys k union all select event::text from outbox
       union all select to_jsonb(a)::text from audit_log a`,
    );
    const events = JSON.stringify(await truth.events());
    const secret = key.split('_')[2] ?? '?';
    expect(JSON.stringify(dump) + events).not.toContain(secret);
    expect(nodes.map((node) => node.output()).join('')).not.toContain(secret);
    const listed = await runDrey(places[0] as Place, [
      'keys',
      '--namespace',
      'acme',
      '--data',
      places[0]?.dataFolder ?? '',
    ]);
    expect(listed.stdout).toContain('cli');
    expect(listed.stdout).not.toContain(secret);
  });

  it('chooses its namespace, whatever is named', async () => {
    const { key } = await create('chooser', 'globex', { scopes: ['session:read', 'tool:call', 'sop:read'] });
    expect(await knock(1, key, '/api/v1/sessions?namespace=globex')).toBe(200);
    expect(await knock(1, key, '/api/v1/sessions?namespace=acme')).toBe(403);
    expect(await knock(1, key, '/api/v1/sessions?namespace=nowhere')).toBe(403);
    expect(await knock(1, key, '/mcp?namespace=acme')).toBe(403);
  });

  it('cannot give what it does not have, nor more than two at a time', async () => {
    const { key } = await create('admin', 'acme', { scopes: ['key:admin', 'sop:read'] });
    const ask = async (path: string, body: object) => {
      const response = await fetch(nodeAt(1).url + path, {
        method: 'POST',
        headers: { ...bearer(key), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect(await ask('/api/v1/keys', { agent: 'x', scopes: ['tool:call'] })).toMatchObject({
      status: 403,
      body: { code: 'permission_denied', detail: expect.stringContaining('tool:call') },
    });
    const one = await ask('/api/v1/keys', { agent: 'x', scopes: ['sop:read'] });
    const two = await ask('/api/v1/keys', { agent: 'x', scopes: ['sop:read'] });
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(await ask('/api/v1/keys', { agent: 'x', scopes: ['sop:read'] })).toMatchObject({ status: 429 });
    // One that carries more cannot be rotated into one's own hands.
    const strong = await create('strong', 'acme', { scopes: ['tool:call'] });
    expect((await ask(`/api/v1/keys/${strong.key_id}/rotate`, {})).status).toBe(403);
    const foreign = await create('foreign', 'globex');
    const unknown = await ask('/api/v1/keys/aaaaaaaaaaaaaaaa/revoke', {});
    const theirs = await ask(`/api/v1/keys/${foreign.key_id}/revoke`, {});
    expect([unknown.status, theirs.status]).toEqual([404, 404]);
    expect(theirs.body['code']).toBe(unknown.body['code']);
    const identity = { issuer: issuer.url, subject: 'ann' };
    expect((await ask('/api/v1/agents', { agent: 'x', identity })).status).toBe(403);
  });

  it('is rotated with both good for a while, and the session goes on with the new one', async () => {
    const old = await create('rotating');
    const { transport } = await connect(0, old.key);
    const fresh = await nodeAt(0).post<Made>(`/api/v1/keys/${old.key_id}/rotate?namespace=acme`, {
      overlap_seconds: 2,
    });
    expect(await Promise.all([knock(1, old.key), knock(1, fresh.key)])).toEqual([200, 200]);
    const goOn = await fetch(`${nodeAt(0).url}/mcp`, {
      method: 'POST',
      headers: {
        ...bearer(fresh.key),
        'content-type': 'application/json',
        accept: 'application/json',
        'mcp-session-id': transport.sessionId ?? '',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    expect(goOn.status).toBe(200);
    await until('the old one is over', async () => (await knock(1, old.key)) === 401, 2_000 + revokedMsMax);
    expect(await knock(1, fresh.key)).toBe(200);
  });

  it('that is revoked opens no node, and keeps no stream open, within five seconds', async () => {
    const { key, key_id: keyId } = await create('leaving', 'acme', {
      scopes: ['session:read', 'events:read', 'tool:call'],
    });
    const streams = await Promise.all(
      [0, 1].flatMap((number) =>
        ['/api/v1/events', '/api/v1/status/changes', '/inspector/feed'].map((path) =>
          fetch(`${nodeAt(number).url}${path}`, {
            headers: { ...bearer(key), accept: 'text/event-stream' },
          }),
        ),
      ),
    );
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    expect(await Promise.all([knock(0, key), knock(1, key)])).toEqual([200, 200]);
    await nodeAt(0).post(`/api/v1/keys/${keyId}/revoke?namespace=acme`, {});
    const begun = performance.now();
    await until('no node knows it', async () => {
      const seen = await Promise.all([knock(0, key), knock(1, key)]);
      return seen.every((status) => status === 401);
    });
    // One is cut off in the middle, which its reader sees as an error.
    await Promise.all(streams.map((stream) => stream.text().catch(() => '')));
    expect(performance.now() - begun).toBeLessThan(revokedMsMax);
    const audited = await truth.rows<{ action: string }>(
      `select action from audit_log where namespace = 'acme' and object = $1 order by position`,
      [keyId],
    );
    expect(audited.map(({ action }) => action)).toEqual(['key_created', 'key_revoked']);
  });

  it('that is revoked while the bus answers nobody is out everywhere within five seconds all the same', async () => {
    const { key, key_id: keyId } = await create('unheard', 'acme', { scopes: ['session:read'] });
    expect(await Promise.all([knock(0, key), knock(1, key)])).toEqual([200, 200]);
    servers.freezeBus();
    try {
      await nodeAt(0).post(`/api/v1/keys/${keyId}/revoke?namespace=acme`, {});
      const begun = performance.now();
      await until(
        'no node knows it',
        async () => {
          const seen = await Promise.all([knock(0, key), knock(1, key)]);
          return seen.every((status) => status === 401);
        },
        revokedMsMax,
      );
      expect(performance.now() - begun).toBeLessThan(revokedMsMax);
    } finally {
      servers.thawBus();
    }
  });

  it('of an agent that is shut out opens nothing until it is let in again', async () => {
    const { key } = await create('suspended');
    expect(await knock(1, key)).toBe(200);
    await nodeAt(0).post('/api/v1/agents/suspended/disable?namespace=acme', {});
    await until('it is out', async () => (await knock(1, key)) === 401);
    await nodeAt(0).post('/api/v1/agents/suspended/enable?namespace=acme', {});
    await until('it is in', async () => (await knock(1, key)) === 200);
  });
});

describe('a session of an agent', () => {
  it('is found from every node by the agent, and is unknown to everybody else', async () => {
    const [mine, other, same] = await Promise.all([
      create('walker'),
      create('stranger'),
      create('walker', 'globex'),
    ]);
    const { client, transport, at } = await connect(0, mine.key);
    const session = transport.sessionId ?? '';
    await untilRow(session);
    at.number = 1;
    const answer = await client.callTool({ name: 'echo__tool_0', arguments: { from: 'afar' } });
    expect(answer.isError).not.toBe(true);
    const ping = async (number: number, secret: string | undefined, id: string) => {
      const response = await fetch(`${nodeAt(number).url}/mcp`, {
        method: 'POST',
        headers: {
          ...(secret === undefined ? {} : bearer(secret)),
          'content-type': 'application/json',
          accept: 'application/json',
          'mcp-session-id': id,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      });
      return [response.status, await response.text()];
    };
    const nobody = await ping(0, other.key, 's-of-nobody');
    expect(nobody[0]).toBe(404);
    for (const number of [0, 1])
      for (const secret of [other.key, same.key, undefined])
        expect(await ping(number, secret, session)).toEqual(nobody);
    expect((await ping(1, mine.key, session))[0]).toBe(200);
  });

  it('does at its owner only what the key may do that is shown where it came in', async () => {
    const strong = await create('narrow', 'acme', { scopes: ['tool:call', 'session:read'] });
    const weak = await create('narrow', 'acme', { scopes: ['session:read'] });
    const { transport } = await connect(0, strong.key);
    const session = transport.sessionId ?? '';
    await untilRow(session);
    const call = async (secret: string) => {
      const response = await fetch(`${nodeAt(1).url}/mcp`, {
        method: 'POST',
        headers: {
          ...bearer(secret),
          'content-type': 'application/json',
          accept: 'application/json',
          'mcp-session-id': session,
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'echo__tool_0', arguments: {} },
        }),
      });
      await response.body?.cancel();
      return response.status;
    };
    expect([await call(strong.key), await call(weak.key)]).toEqual([200, 403]);
    const told = await until('both calls are told of', async () => {
      const own = (await truth.events()).filter(
        ({ actor, type }) => actor.id === session && type.startsWith('call.'),
      );
      return own.length === 2 ? own : undefined;
    });
    expect(told).toMatchObject([
      { type: 'call.finished', data: { name: 'echo__tool_0' } },
      { type: 'call.refused', data: { name: 'echo__tool_0', code: 'permission_denied' } },
    ]);
  });
});

describe('an upstream with credentials of each principal', () => {
  it('has a connection for each agent, and never sees what the agent showed us', async () => {
    const [one, two] = await Promise.all([create('first'), create('second')]);
    const token = await issuer.sign({ sub: 'ann', aud: audience, scope: 'tool:call' });
    await nodeAt(0).post('/api/v1/agents?namespace=acme', {
      agent: 'ann',
      identity: { issuer: issuer.url, subject: 'ann' },
    });
    const secrets = [one.key, two.key, token];
    for (const secret of secrets) {
      const { client } = await connect(1, secret);
      await client.callTool({ name: 'rec__greet', arguments: {} });
    }
    const calls = upstream.seen.filter(({ body }) => body.includes('"tools/call"'));
    expect(calls.map(({ headers }) => headers['x-caller'])).toEqual([
      'first@acme',
      'second@acme',
      'ann@acme',
    ]);
    expect(new Set(calls.map(({ headers }) => headers['mcp-session-id'])).size).toBe(3);
    const everything = JSON.stringify(upstream.seen);
    for (const secret of secrets) expect(everything).not.toContain(secret);
    const stored = JSON.stringify([
      await truth.events(),
      await truth.rows('select event::text from outbox'),
      await truth.rows('select * from sessions'),
      nodes.map((node) => node.output()),
    ]);
    for (const secret of secrets) expect(stored).not.toContain(secret);
  });
});

describe('access tokens', () => {
  it('are asked for as the MCP specification has it', async () => {
    const { url } = nodeAt(0);
    const document = {
      resource: audience,
      authorization_servers: [issuer.url],
      bearer_methods_supported: ['header'],
    };
    for (const path of ['', '/mcp']) {
      const response = await fetch(`${url}/.well-known/oauth-protected-resource${path}`);
      expect(await response.json()).toMatchObject(document);
    }
    const wrong = await issuer.sign({ sub: 'ann', aud: 'https://upstream.example/mcp', scope: 'tool:call' });
    const response = await fetch(`${url}/mcp`, { method: 'POST', headers: bearer(wrong) });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token", resource_metadata="https://gw.example/.well-known/oauth-protected-resource/mcp"',
    ]);
    const narrow = await issuer.sign({ sub: 'ann', aud: audience, scope: 'sop:read' });
    const sessions = await fetch(`${url}/api/v1/sessions`, { headers: bearer(narrow) });
    expect([sessions.status, sessions.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope", ' +
        'resource_metadata="https://gw.example/.well-known/oauth-protected-resource/mcp", scope="session:read"',
    ]);
  });

  it('of an agent that is shut out are worth nothing on any node', async () => {
    const token = await issuer.sign({ sub: 'ann', aud: audience, scope: 'session:read' });
    expect(await Promise.all([knock(0, token), knock(1, token)])).toEqual([200, 200]);
    await nodeAt(0).post('/api/v1/agents/ann/disable?namespace=acme', {});
    await until('nobody knows it', async () => {
      const seen = await Promise.all([knock(0, token), knock(1, token)]);
      return seen.every((status) => status === 401);
    });
  });
});
