// One upstream behind two nodes: what one node's breaker has found out is a hint to the other, and outlives its process.
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew } from './rig/clients.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { openTruth } from './rig/truth.ts';
import type { Truth } from './rig/truth.ts';

/** Longer than all of this takes. */
const openMs = 600_000;

let servers: Servers | undefined;
let truth: Truth;
const places: Place[] = [];
const nodes: NodeProcess[] = [];

async function start(number: number): Promise<NodeProcess> {
  const place = places[number];
  if (place === undefined) throw new Error(`there is no place ${number}`);
  const node = await startNodeProcess({ ...place, env: { ...place.env, ...servers?.env } });
  nodes[number] = node;
  return node;
}

beforeAll(async () => {
  servers = await startServers();
  const fixture = join(packageRoot, 'test/fixtures/upstreams/misbehaving.mjs');
  for (let number = 0; number < 2; number += 1) {
    const place = await createPlace({
      mcpServers: { bad: { command: process.execPath, args: [fixture], timeoutMs: 200 } },
      breaker: { windowSize: 4, minCalls: 4, openMs },
      learning: { enabled: false },
    });
    places.push(place);
  }
  await Promise.all([start(0), start(1)]);
  truth = await openTruth(servers);
});

afterAll(async () => {
  await truth?.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await servers?.stop();
  await Promise.all(places.map((place) => place.remove()));
});

interface Breaker {
  readonly state: string;
  readonly retryAfterMs: number | null;
}

async function readBreaker(number: number): Promise<Breaker> {
  const status = await nodes[number]?.get<{ readonly breakers: readonly Breaker[] }>('/api/v1/status');
  const [breaker] = status?.breakers ?? [];
  if (breaker === undefined) throw new Error(`node ${number} has no breaker`);
  return breaker;
}

/** Calls a tool that never answers; what the client is told. */
async function callInVain(
  number: number,
): Promise<{ readonly code?: string; readonly retryAfterMs?: number }> {
  const agent = await connectNew(nodes[number]?.url ?? '');
  try {
    await agent.call('bad__hang', {});
  } catch (error) {
    return (error as { data?: object }).data ?? {};
  } finally {
    await agent.close();
  }
  throw new Error('the call came to something');
}

async function readHints(): Promise<readonly object[]> {
  const { host, username } = new URL(servers?.natsUrl ?? '');
  const bus = await connect({ servers: host, token: username });
  try {
    const { streams } = await jetstreamManager(bus);
    const { state } = await streams.info('DREY_COMMANDS');
    const found: object[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await streams.getMessage('DREY_COMMANDS', { seq });
      if (message?.subject === 'drey.command._system.breaker.b-bad.hint') found.push(message.json());
    }
    return found;
  } finally {
    await bus.close();
  }
}

async function untilWritten(state: string): Promise<void> {
  await until(`the breaker's row says ${state}`, async () => {
    const [row] = await truth.rows<{ snapshot: { state: string } }>(
      "select snapshot from actors where namespace = '_system' and kind = 'breaker' and id = 'b-bad'",
    );
    return row?.snapshot.state === state;
  });
}

describe('the breakers of two nodes before one upstream', () => {
  it('the one that opened gives a hint, and the other opens on its first failure', async () => {
    for (let time = 0; time < 4; time += 1)
      expect(await callInVain(0)).toMatchObject({ code: 'call_timeout' });
    expect(await callInVain(0)).toMatchObject({ code: 'breaker_open' });
    await until('the other node has heard the hint', async () => {
      const figures = await fetch(`${nodes[1]?.url}/metrics`);
      return (await figures.text()).includes('drey_breaker_hints_total{outcome="taken"} 1');
    });
    expect(await readHints()).toMatchObject([
      { verb: 'hint', data: { node: expect.stringMatching(/^n-/), forMs: expect.any(Number) } },
    ]);
    expect(await readBreaker(1)).toMatchObject({ state: 'closed' });
    expect(await callInVain(1)).toMatchObject({ code: 'call_timeout' });
    expect(await readBreaker(1)).toMatchObject({ state: 'open' });
    expect(await readHints()).toHaveLength(1);
  });

  it.each([
    ['killed', 'SIGKILL'],
    ['stopped', 'SIGTERM'],
  ] as const)('a node that was %s refuses on, for what is left of the wait', async (_how, signal) => {
    await untilWritten('open');
    const { retryAfterMs: before } = await readBreaker(0);
    const { child } = nodes[0] ?? {};
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill(signal);
    await gone;
    await start(0);
    const breaker = await readBreaker(0);
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfterMs).toBeGreaterThan(0);
    expect(breaker.retryAfterMs).toBeLessThanOrEqual(before ?? 0);
    const refusal = await callInVain(0);
    expect(refusal).toMatchObject({ code: 'breaker_open' });
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
    expect(refusal.retryAfterMs).toBeLessThanOrEqual(breaker.retryAfterMs ?? 0);
  });
});
