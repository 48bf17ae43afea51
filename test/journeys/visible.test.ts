/**
 * Everything that lives in a running node can be seen and checked: each actor's events lead to the state it is in, the
 * inspector's feed shows it to a late joiner, the figures count, a trace goes all the way, dead letters can be handled.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNices } from '../support/nices.ts';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilHealthy, untilLearned } from './rig/status.ts';
import { lookAt, readAddresses } from './rig/truth.ts';

interface ActorView {
  readonly namespace: string;
  readonly kind: string;
  readonly id: string;
  readonly states: readonly string[];
}

interface Message {
  readonly type: string;
  readonly sessionId: string;
  readonly definition?: string;
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
let place: Place;
let node: NodeProcess;
let client: Client;

beforeAll(async () => {
  place = await createPlace({
    mcpServers: {
      echo: { command: process.execPath, args: [join(packageRoot, 'test/fixtures/upstreams/echo.mjs')] },
    },
  });
  node = await startNodeProcess({ dataFolder: place.dataFolder, config: place.config, env: place.env });
  client = new Client({ name: 'visible', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url)));
  await untilHealthy(node);
});
afterAll(async () => {
  await client.close();
  await node.stop();
  await place.remove();
});

const call = () =>
  client.callTool({ name: 'echo__tool_0', arguments: { path: 'a' }, _meta: { traceparent } });

describe('a running node', () => {
  it('passes a trace on to the upstream and into the event', async () => {
    const answer = (await call()) as unknown as { line: string };
    expect(JSON.parse(answer.line)).toMatchObject({ params: { _meta: { traceparent } } });
    await untilLearned(node);
    const [stored] = await lookAt(place.dataFolder, (truth) => truth.calls());
    expect(stored).toMatchObject({ type: 'call.finished', traceparent });
  });

  it('has every live actor in the state to which its events lead', async () => {
    const { actors } = await node.get<{ actors: ActorView[] }>('/api/v1/actors');
    expect(new Set(actors.map(({ kind }) => kind))).toEqual(
      new Set(['node', 'session', 'breaker', 'resource', 'learning', 'worker']),
    );
    for (const { namespace, kind, id, states } of actors) {
      const words = ['replay', `${namespace}/${kind}/${id}`, '--url', node.url, '--json'];
      const { code, stdout, stderr } = await runDrey(place, words);
      expect([code, stderr], `${kind}/${id}`).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject({ differences: [], agrees: true, live: states, states });
    }
  });

  it('shows all of them to an inspector that joins late, those of its learner, too', async () => {
    const { actors } = await node.get<{ actors: ActorView[] }>('/api/v1/actors');
    const abort = new AbortController();
    const answer = await fetch(`${node.url}/inspector/feed`, { signal: abort.signal });
    const messages: Message[] = [];
    const reading = readFeed(answer, messages).catch(() => undefined);
    const registered = (): string[] =>
      messages.filter(({ type }) => type === '@xstate.actor').map(({ sessionId }) => sessionId);
    await until('all are registered', () => registered().length >= actors.length, 20_000);
    expect(registered().sort()).toEqual(
      actors.map(({ namespace, kind, id }) => `${namespace}/${kind}/${id}`).sort(),
    );
    const before = messages.length;
    await call();
    await until('the call is seen', () => messages.length > before, 20_000);
    expect(messages.slice(before).some(({ sessionId }) => sessionId.startsWith('default/session/'))).toBe(
      true,
    );
    abort.abort();
    await reading;
  });

  it('serves its pages as they are written, not the compiled code beside them', async () => {
    for (const [path, file] of [
      ['/inspector/page.js', 'inspector-page.js'],
      ['/inspector/page.css', 'inspector-page.css'],
    ] as const) {
      const written = await readFile(join(packageRoot, 'src/console', file), 'utf8');
      expect(await (await fetch(node.url + path)).text(), path).toBe(written);
    }
  });

  it('counts what happens', async () => {
    const text = await (await fetch(`${node.url}/metrics`)).text();
    const lines = text.split('\n');
    for (const line of [
      'drey_calls_total{server="echo",outcome="finished"} 2',
      'drey_node_state{state="running"} 1',
      'drey_breaker_state{breaker="b-echo",state="closed"} 1',
      'drey_resource_up{resource="r-postgres"} 1',
      'drey_bus_up 1',
      'drey_dead_letters 0',
      'drey_learning_up 1',
      'drey_worker_starts_total{worker="intake"} 1',
      'drey_sessions 1',
      'drey_actors{kind="session"} 1',
      'drey_actor_activations_total{kind="breaker"} 1',
      'drey_event_lag_alarm 0',
      'drey_events_set_aside_total 0',
      'drey_outbox_waiting 0',
    ])
      expect(lines).toContain(line);
  });

  it('lets dead letters be listed, sent again and dropped', async () => {
    const { host, username } = new URL((await readAddresses(place.dataFolder)).natsUrl);
    const bus = await connect({ servers: host, token: username });
    const message = JSON.stringify({ version: 1, type: 'task.invented', id: 'v-1' });
    await jetstream(bus).publish('drey.event.default.session.s-1.task.started', message);
    await bus.close();
    const list = async (): Promise<{ letters: { id: number; code: string }[] }> =>
      JSON.parse((await runDrey(place, ['dead', '--url', node.url, '--json'])).stdout) as never;
    const letter = await until('it is parked', async () => (await list()).letters[0], 30_000);
    expect(letter.code).toBe('unknown_type');
    const retried = await runDrey(place, ['dead', 'retry', String(letter.id), '--url', node.url]);
    expect([retried.code, retried.stderr]).toEqual([0, '']);
    const again = await until(
      'it is parked again',
      async () => (await list()).letters.find(({ id }) => id !== letter.id),
      30_000,
    );
    expect((await runDrey(place, ['dead', 'drop', String(again.id), '--url', node.url])).code).toBe(0);
    expect((await list()).letters).toEqual([]);
  });

  it('tells whoever follows how it is, now and at each change', async () => {
    const abort = new AbortController();
    const changes: Changes[] = [];
    const answer = await fetch(`${node.url}/api/v1/status/changes`, { signal: abort.signal });
    const reading = readFeed(answer, changes).catch(() => undefined);
    const stateOf = (change: Changes | undefined, id: string) =>
      change?.resources.find((one) => one.id === id)?.state;
    const first = await until('it is told how things are', () => changes[0]);
    expect(first).toMatchObject({
      learning: { engine_status: 'running' },
      catalogue: { tools: 3, stale: 0, held: 0 },
    });
    expect(first.resources.map(({ state }) => state)).toEqual(first.resources.map(() => 'healthy'));
    const { learning } = await node.get<{ learning: { pid: number } }>('/api/v1/status');
    // Layer 1 goes before each of its threads, those that collect its heap among them.
    expect(new Set(readNices(learning.pid))).toEqual(new Set([19]));
    process.kill(learning.pid, 'SIGKILL');
    await until('its end is told', () => changes.some((one) => stateOf(one, 'r-learner') === 'unhealthy'));
    await until('it is back', () => stateOf(changes.at(-1), 'r-learner') === 'healthy', 60_000);
    // The same as whoever asks is told.
    const { resources } = await node.get<Changes>('/api/v1/status');
    expect(changes.at(-1)?.resources).toEqual(resources);
    abort.abort();
    await reading;
  });
});

interface Changes {
  readonly resources: readonly { readonly id: string; readonly state: string }[];
  readonly learning: { readonly engine_status: string };
  readonly catalogue: { readonly tools: number; readonly stale: number };
}

async function readFeed(answer: Response, messages: unknown[]): Promise<void> {
  let rest = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('data: ')) messages.push(JSON.parse(part.slice(6)));
  }
}
