// A session of the older era between nodes: whichever node its requests reach, its owner answers; and when the owner is
// killed or stopped, another node goes on with it.
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { openTruth } from './rig/truth.ts';
import type { Truth } from './rig/truth.ts';

let servers: Servers | undefined;
let truth: Truth;
const places: Place[] = [];
const nodes: NodeProcess[] = [];
/** The node that requests go to, as a load balancer would have it. */
let turn = 0;
const clients: Client[] = [];

async function start(number: number): Promise<void> {
  const place = places[number];
  if (place === undefined) throw new Error(`there is no place ${number}`);
  nodes[number] = await startNodeProcess({ ...place, env: { ...place.env, ...servers?.env } });
}

async function kill(number: number): Promise<void> {
  const child = nodes[number]?.child;
  const gone = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGKILL');
  await gone;
}

/** A client of the 1.x line that knows one address only; which node stands behind it is not its business. */
async function connect(
  key?: string,
  can: ClientCapabilities = {},
): Promise<{
  client: Client;
  transport: StreamableHTTPClientTransport;
  listening: () => number;
  cut: () => void;
}> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const client = new Client({ name: 'wanderer', version: '1' }, { capabilities: can });
  if (can.roots !== undefined)
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///wanderer' }] }));
  if (can.elicitation !== undefined)
    client.setRequestHandler(ElicitRequestSchema, () => ({
      action: 'accept',
      content: { name: 'wanderer' },
    }));
  if (can.sampling !== undefined)
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant',
      model: 'wanderer',
      content: { type: 'text', text: 'hello' },
    }));
  let streams = 0;
  let line = new AbortController();
  const transport = new StreamableHTTPClientTransport(new URL('http://balanced/mcp'), {
    requestInit: { headers },
    fetch: async (url, init) => {
      const { pathname, search } = new URL(url);
      const at = new URL(pathname + search, nodes[turn]?.url);
      if (init?.method !== 'GET') return fetch(at, init);
      line = new AbortController();
      const signal = AbortSignal.any([line.signal, ...(init.signal ? [init.signal] : [])]);
      const response = await fetch(at, { ...init, signal });
      if (response.ok) streams += 1;
      return response;
    },
  });
  await client.connect(transport);
  clients.push(client);
  return {
    client,
    transport,
    listening: () => streams,
    cut: () => line.abort(new Error('the line was cut')),
  };
}

async function readTypes(session: string): Promise<string[]> {
  const events = await truth.events();
  return events.filter(({ actor }) => actor.id === session).map(({ type }) => type);
}

beforeAll(async () => {
  servers = await startServers();
  const echo = join(packageRoot, 'test/fixtures/upstreams/echo.mjs');
  const asking = join(packageRoot, 'test/fixtures/upstreams/asking.mjs');
  for (let number = 0; number < 2; number += 1)
    places.push(
      await createPlace({
        mcpServers: {
          echo: { command: process.execPath, args: [echo] },
          offer: {
            command: process.execPath,
            args: [join(packageRoot, 'test/fixtures/upstreams/offering.mjs'), 'offer'],
          },
          ask: { command: process.execPath, args: [asking], connections: 'by-ability' },
        },
        learning: { enabled: false },
      }),
    );
  await Promise.all([start(0), start(1)]);
  truth = await openTruth(servers);
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await truth?.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await servers?.stop();
  await Promise.all(places.map((place) => place.remove()));
});

/** Without its row nobody could know a session whose node is gone. */
async function untilWritten(session: string): Promise<void> {
  await until('its row is written', async () => {
    const rows = await truth.rows<{ id: string }>(`select id from sessions where id = '${session}'`);
    return rows.length === 1;
  });
}

/** The status of a ping in a session. */
async function knock(number: number, session: string, key?: string): Promise<number> {
  const own: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(new URL('/mcp', nodes[number]?.url), {
    method: 'POST',
    headers: {
      ...own,
      'content-type': 'application/json',
      accept: 'application/json',
      'mcp-session-id': session,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  await response.body?.cancel();
  return response.status;
}

const call = (client: Client, path: string) => client.callTool({ name: 'echo__tool_0', arguments: { path } });

describe('a session of the older era before two nodes', () => {
  it('is answered by its owner, whichever node a request reaches', async () => {
    turn = 0;
    const { client, transport } = await connect();
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    const here = await call(client, 'at home');
    turn = 1;
    const there = await call(client, 'at home');
    expect(Object.keys(there)).toEqual(Object.keys(here));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo__tool_0');
    await expect(client.callTool({ name: 'echo__nothing', arguments: {} })).rejects.toThrow('no tool');
    const held = await Promise.all(
      nodes.map((node) => node.get<{ sessions: { id: string; calls: number }[] }>('/api/v1/sessions')),
    );
    expect(held.map(({ sessions }) => sessions.map(({ id, calls }) => [id, calls]))).toEqual([
      [[session, 3]],
      [],
    ]);
    await transport.terminateSession();
    await until('its end is told', async () => (await readTypes(session)).includes('session.closed'));
    expect(await Promise.all([knock(0, session), knock(1, session)])).toEqual([404, 404]);
    // Nor is somebody else's session anybody's business.
    expect(await knock(1, 's-of-nobody')).toBe(404);
  });

  it('is not taken from a node that is frozen: the caller is told to come back, and finds it where it was', async () => {
    turn = 0;
    const { client, transport } = await connect();
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    nodes[0]?.child.kill('SIGSTOP');
    try {
      expect(await knock(1, session)).toBe(503);
    } finally {
      nodes[0]?.child.kill('SIGCONT');
    }
    turn = 1;
    await until('it answers again', async () => (await knock(1, session)) === 200);
    await call(client, 'as before');
    const types = await readTypes(session);
    expect(types.filter((type) => type.startsWith('session.'))).toEqual(['session.opened']);
    await transport.terminateSession();
  });

  it('goes on where it was on the other node when its own is killed, and after that node came back', async () => {
    turn = 0;
    const { client, transport } = await connect();
    const session = transport.sessionId ?? '';
    await client.callTool({ name: 'task', arguments: { action: 'start', task: 'Wander about' } });
    await call(client, 'before');
    await until('its events are on the bus', async () =>
      (await readTypes(session)).includes('call.finished'),
    );
    await untilWritten(session);
    await kill(0);
    turn = 1;
    const begun = performance.now();
    // Several at once: it is taken over once.
    await Promise.all([call(client, 'one'), call(client, 'two'), call(client, 'three')]);
    expect(performance.now() - begun).toBeLessThan(5_000);
    await start(0);
    turn = 0;
    await call(client, 'forwarded');
    const finished = await client.callTool({
      name: 'task',
      arguments: { action: 'finish', outcome: 'success' },
    });
    expect(finished.structuredContent).toMatchObject({ state: 'finished', outcome: 'success' });
    await until('its events are on the bus', async () =>
      (await readTypes(session)).includes('task.finished'),
    );
    const types = await readTypes(session);
    expect(types.filter((type) => type.startsWith('session.'))).toEqual([
      'session.opened',
      'session.resumed',
    ]);
    expect(types.filter((type) => type === 'call.finished')).toHaveLength(5);
    expect(await readTasks(session)).toHaveLength(1);
  });

  it('of an agent with a key is taken over for that agent, and stays unknown to everybody else', async () => {
    const create = async (agent: string): Promise<string> => {
      const made = await nodes[1]?.post<{ key: string }>('/api/v1/keys?namespace=acme', { agent });
      return made?.key ?? '';
    };
    const [mine, other] = await Promise.all([create('wanderer'), create('stranger')]);
    turn = 0;
    const { client, transport } = await connect(mine);
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    await kill(0);
    turn = 1;
    expect([await knock(1, session, other), await knock(1, session)]).toEqual([404, 404]);
    const { content } = await call(client, 'after the end');
    expect(content).toBeDefined();
    const held = await nodes[1]?.get<{ sessions: { id: string; principal: string }[] }>(
      '/api/v1/sessions?namespace=acme',
    );
    expect(held?.sessions).toMatchObject([{ id: session, principal: 'wanderer@acme' }]);
    expect(await knock(1, session, other)).toBe(404);
    await start(0);
  });
  it('is asked by upstreams what its client can answer, and nothing else, also by the node that took it over', async () => {
    turn = 0;
    const { client, transport, listening } = await connect(undefined, {
      roots: { listChanged: true },
      elicitation: {},
    });
    const session = transport.sessionId ?? '';
    const told = async (number: number) =>
      (
        await nodes[number]?.get<{ sessions: { id: string; revision: string; client: string }[] }>(
          '/api/v1/sessions',
        )
      )?.sessions.find(({ id }) => id === session);
    const before = await told(0);
    const all = async () => [
      await ask(client, 'roots'),
      await ask(client, 'elicit'),
      await ask(client, 'sample'),
    ];
    const answers = await all();
    expect(answers).toMatchObject([
      { roots: [{ uri: 'file:///wanderer' }] },
      { action: 'accept', content: { name: 'wanderer' } },
      { code: -32_601 },
    ]);
    await untilWritten(session);
    const streams = listening();
    await kill(0);
    turn = 1;
    await until('the client listens again', () => listening() > streams);
    expect(await all()).toEqual(answers);
    expect(await told(1)).toMatchObject({ revision: before?.revision, client: before?.client });
    // Where an answer is no stream, the question goes out on the one that was opened anew.
    const response = await fetch(new URL('/mcp', nodes[1]?.url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'mcp-session-id': session,
        'mcp-protocol-version': before?.revision ?? '',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 'by-hand',
        method: 'tools/call',
        params: { name: 'ask__roots', arguments: {} },
      }),
    });
    expect(await response.text()).toContain('file:///wanderer');
    await transport.terminateSession();
    await start(0);
  });

  it('is asked, told and streamed to through the node that its client reached, as by its own', async () => {
    turn = 0;
    const { client, transport, listening, cut } = await connect(undefined, { roots: {}, elicitation: {} });
    const updated: string[] = [];
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void updated.push(params.uri),
    );
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    const watched = 'test://offer/a';
    await client.subscribeResource({ uri: watched });
    turn = 1;
    // On the stream of the call, whose answer would else come after it.
    expect(await ask(client, 'elicit')).toMatchObject({ action: 'accept', content: { name: 'wanderer' } });
    expect(await ask(client, 'sample')).toMatchObject({ code: -32_601 });
    // What one message of the bus cannot hold, there and back, up to what any front door takes.
    const long = '\u{1F43F}'.repeat(400_000);
    const { messages } = await client.getPrompt({ name: 'offer__greet', arguments: { whom: long } });
    expect(JSON.stringify(messages)).toContain(long);
    const padded = async (characters: number): Promise<unknown> =>
      client.callTool({ name: 'offer__state', arguments: { pad: 'x'.repeat(characters) } });
    expect(await padded(4 * 1024 * 1024 - 1_024)).toMatchObject({ content: [{ type: 'text' }] });
    await expect(padded(4 * 1024 * 1024)).rejects.toThrow('larger than');
    // Its stream of unasked messages may be at the other node as well.
    const second = await listenAt(1, session);
    expect(second.status).toBe(409);
    await second.body?.cancel();
    const streams = listening();
    cut();
    await until('its client listens at the other node', () => listening() > streams);
    updated.length = 0;
    await client.callTool({ name: 'offer__touch', arguments: { uri: watched } });
    await until('it is told there', () => updated.includes(watched));
    const held = await Promise.all(
      nodes.map((node) => node.get<{ sessions: { id: string }[] }>('/api/v1/sessions')),
    );
    expect(held.map(({ sessions }) => sessions.some(({ id }) => id === session))).toEqual([true, false]);
    // Whoever passed the stream on notices that its sender is gone; the client listens anew, and is served here.
    const before = listening();
    await kill(0);
    await until('its client listens again', () => listening() > before);
    updated.length = 0;
    await client.callTool({ name: 'offer__touch', arguments: { uri: watched } });
    await until('it is told here', () => updated.includes(watched));
    await transport.terminateSession();
    await start(0);
  });

  it('hears what it watches and the logs it asked for, also from the node that took it over', async () => {
    turn = 0;
    const { client, transport, listening } = await connect();
    const updated: string[] = [];
    const logged: unknown[] = [];
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void updated.push(params.uri),
    );
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params));
    const session = transport.sessionId ?? '';
    const watched = 'test://offer/a';
    await client.setLoggingLevel('warning');
    await client.subscribeResource({ uri: 'test://offer/b' });
    await client.subscribeResource({ uri: watched });
    await client.unsubscribeResource({ uri: 'test://offer/b' });
    await until('what it wants is written', async () => {
      const [row] = await truth.rows<{ wishes: string }>(
        `select wishes from sessions where id = '${session}'`,
      );
      return row?.wishes === JSON.stringify({ watched: [watched], level: 'warning' });
    });
    await until('its events are on the bus', async () =>
      (await readTypes(session)).includes('session.opened'),
    );
    const streams = listening();
    await kill(0);
    turn = 1;
    await until('the client listens again', () => listening() > streams);
    // What it may have missed counts as changed.
    await until('it is told so', () => updated.includes(watched));
    const state = async () => {
      const { content } = await client.callTool({ name: 'offer__state', arguments: {} });
      return JSON.parse((content as { text: string }[])[0]?.text ?? '{}') as unknown;
    };
    expect(await state()).toEqual({ watched: [watched], level: 'warning' });
    const before = updated.length;
    await client.callTool({ name: 'offer__touch', arguments: { uri: watched } });
    await until('it hears of the change', () => updated.length > before);
    await client.callTool({ name: 'offer__log', arguments: { text: 'over here' } });
    await until('it hears the log', () => logged.length > 0);
    expect(updated).not.toContain('test://offer/b');
    await client.unsubscribeResource({ uri: watched });
    expect(await state()).toMatchObject({ watched: [] });
    await transport.terminateSession();
    await start(0);
  });

  it('goes on at the other node when its own is stopped: calls under way end first, and nothing of it is lost', async () => {
    turn = 0;
    const { client, transport, listening } = await connect(undefined, { roots: {}, elicitation: {} });
    const updated: string[] = [];
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void updated.push(params.uri),
    );
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    const watched = 'test://offer/a';
    await client.callTool({ name: 'task', arguments: { action: 'start', task: 'Wander on' } });
    await client.setLoggingLevel('warning');
    await client.subscribeResource({ uri: watched });
    const slow = client.callTool({ name: 'echo__tool_0', arguments: { slowMs: 2_000 } });
    await until('the call is under way', async () => {
      const held = await nodes[0]?.get<{ sessions: { id: string; state: string }[] }>('/api/v1/sessions');
      return held?.sessions.some(({ id, state }) => id === session && state === 'working') === true;
    });
    const streams = listening();
    const ending = nodes[0]?.stop();
    turn = 1;
    await until('its own node takes nothing new', () => isStopping(0));
    // Whoever asks elsewhere meanwhile waits for the calls under way.
    const meanwhile = call(client, 'meanwhile');
    expect((await slow).isError).toBeFalsy();
    expect((await meanwhile).isError).toBeFalsy();
    expect(await ending).toBe(0);
    await until('the client listens again', () => listening() > streams);
    await until('what it watches counts as changed', () => updated.includes(watched));
    expect(await ask(client, 'elicit')).toMatchObject({ action: 'accept', content: { name: 'wanderer' } });
    const { content } = await client.callTool({ name: 'offer__state', arguments: {} });
    const text = (content as { text: string }[])[0]?.text ?? '{}';
    expect(JSON.parse(text)).toEqual({ watched: [watched], level: 'warning' });
    const finished = await client.callTool({
      name: 'task',
      arguments: { action: 'finish', outcome: 'success' },
    });
    expect(finished.structuredContent).toMatchObject({ state: 'finished', outcome: 'success' });
    await untilTold(session, 'task.finished');
    const types = await readTypes(session);
    expect(types.filter((type) => type.startsWith('session.'))).toEqual([
      'session.opened',
      'session.drained',
      'session.resumed',
    ]);
    expect(types.filter((type) => type === 'call.finished')).toHaveLength(4);
    expect(await readTasks(session)).toHaveLength(1);
    await transport.terminateSession();
    await start(0);
  });

  it('has its stream at another node again after the bus was away, and stays where it was', async () => {
    turn = 0;
    const { client, transport } = await connect();
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    const watched = 'test://offer/a';
    await client.subscribeResource({ uri: watched });
    // Its client listens at the node that it reached first; there is one stream a session.
    await client.close();
    const first = await untilListening(1, session);
    await servers?.stopBus();
    try {
      await first.ended;
      // Nobody takes from its node what only cannot be reached.
      expect(await knock(1, session)).toBe(503);
      expect(await knock(0, session)).toBe(200);
    } finally {
      await servers?.startBus();
    }
    const second = await untilListening(1, session);
    const touched = await callAt(0, session, 'offer__touch', { uri: watched });
    expect(touched).toBe(200);
    await until('it is told there', () => second.text().includes(watched));
    second.close();
    await until('its events are on the bus again', async () =>
      (await readTypes(session)).includes('call.finished'),
    );
    const types = await readTypes(session);
    expect(types.filter((type) => type.startsWith('session.'))).toEqual(['session.opened']);
  });

  it('has its stream wherever its client comes next when the node that passed it on is killed', async () => {
    turn = 0;
    const { client, transport } = await connect();
    const session = transport.sessionId ?? '';
    await untilWritten(session);
    const watched = 'test://offer/a';
    await client.subscribeResource({ uri: watched });
    await client.close();
    const passedOn = await untilListening(1, session);
    const taken = await listenAt(0, session);
    expect(taken.status).toBe(409);
    await taken.body?.cancel();
    await kill(1);
    await passedOn.ended;
    // Its node lets go of the stream that nobody passes on any more.
    const own = await untilListening(0, session);
    expect(await callAt(0, session, 'offer__touch', { uri: watched })).toBe(200);
    await until('it is told there', () => own.text().includes(watched));
    own.close();
    await start(1);
    const again = await untilListening(1, session);
    expect(await callAt(1, session, 'offer__touch', { uri: watched })).toBe(200);
    await until('it is told there, too', () => again.text().includes(watched));
    again.close();
  });

  it('goes on after a restart of the only node', async () => {
    await nodes[1]?.stop();
    turn = 0;
    const { client, transport } = await connect();
    const session = transport.sessionId ?? '';
    await client.callTool({ name: 'task', arguments: { action: 'start', task: 'Come back' } });
    expect(await nodes[0]?.stop()).toBe(0);
    await start(0);
    await call(client, 'again');
    const finished = await client.callTool({
      name: 'task',
      arguments: { action: 'finish', outcome: 'success' },
    });
    expect(finished.structuredContent).toMatchObject({ state: 'finished', outcome: 'success' });
    await untilTold(session, 'task.finished');
    expect(await readTypes(session)).not.toContain('session.closed');
    expect(await readTasks(session)).toHaveLength(1);
    await transport.terminateSession();
    await start(1);
  });
});

interface Listening {
  readonly text: () => string;
  /** Resolves when the stream is over, however it ended. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Listens at a node as soon as it lets in. */
async function untilListening(number: number, session: string): Promise<Listening> {
  const left = new AbortController();
  const response = await until(
    'it lets in who listens',
    async () => {
      const answer = await listenAt(number, session, left.signal);
      if (answer.status === 200) return answer;
      await answer.body?.cancel();
      return undefined;
    },
    20_000,
  );
  let text = '';
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString('utf8');
  };
  return { text: () => text, ended: read().catch(() => undefined), close: () => left.abort() };
}

/** The status of a call that is made by hand. */
async function callAt(number: number, session: string, name: string, args: object): Promise<number> {
  const response = await fetch(new URL('/mcp', nodes[number]?.url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'mcp-session-id': session,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  await response.text();
  return response.status;
}

async function untilTold(session: string, type: string): Promise<void> {
  await until(`${type} is on the bus`, async () => (await readTypes(session)).includes(type));
}

/** The tasks that a session's calls and tasks name. */
async function readTasks(session: string): Promise<unknown[]> {
  const tasks = (await truth.events()).flatMap(({ type, actor, data }) =>
    actor.id === session && /^(?:task|call)\./.test(type) ? [data['taskId']] : [],
  );
  return [...new Set(tasks)];
}

async function isStopping(number: number): Promise<boolean> {
  const response = await fetch(new URL('/healthz', nodes[number]?.url));
  await response.body?.cancel();
  return response.status === 503;
}

function listenAt(number: number, session: string, signal?: AbortSignal): Promise<Response> {
  return fetch(new URL('/mcp', nodes[number]?.url), {
    headers: { accept: 'text/event-stream', 'mcp-session-id': session },
    ...(signal === undefined ? {} : { signal }),
  });
}

async function ask(client: Client, question: string): Promise<unknown> {
  const { content } = await client.callTool({ name: `ask__${question}`, arguments: {} });
  return JSON.parse((content as { text: string }[])[0]?.text ?? '{}');
}
