// Servers that somebody else runs, and three nodes on them: all serve, what is learned through one is everybody's, and
// commands to shared contexts are carried out once, whichever node takes them.
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellCommit } from '../chaos/commands.ts';
import { checkContexts } from '../chaos/context-history.ts';
import { isSettled, readKept } from '../chaos/kept-contexts.ts';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, getSops } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace, referenceServer } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { readStatus, untilLearned } from './rig/status.ts';
import { openTruth } from './rig/truth.ts';
import type { Truth } from './rig/truth.ts';

let servers: Servers | undefined;
const places: Place[] = [];
const nodes: NodeProcess[] = [];
let truth: Truth;
const answered: string[] = [];

beforeAll(async () => {
  servers = await startServers();
  const { env } = servers;
  // All at once: only one of them may migrate, and all must come up.
  for (let number = 0; number < 3; number += 1) {
    const place = await createPlace();
    places.push(place);
    await place.writeConfig({
      mcpServers: { every: referenceServer(place, 'server-everything') },
      learning: { quietMs: 500 },
    });
  }
  nodes.push(
    ...(await Promise.all(
      places.map((place) => startNodeProcess({ ...place, env: { ...place.env, ...env } })),
    )),
  );
  truth = await openTruth(servers);
});

afterAll(async () => {
  await truth?.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await servers?.stop();
  await Promise.all(places.map((place) => place.remove()));
});

async function onNode<T>(number: number, namespace: string, use: (agent: Agent) => Promise<T>): Promise<T> {
  const agent = await connectNew(nodes[number]?.url ?? '', namespace);
  try {
    return await use(agent);
  } finally {
    await agent.close();
  }
}

async function addUp(agent: Agent, a: number, b: number): Promise<void> {
  await agent.call('task', { action: 'start', task: `Add the numbers ${a} and ${b}, then announce the sum` });
  const { text } = await agent.call('every__get-sum', { a, b });
  const { isError } = await agent.call('every__echo', { message: text });
  expect(isError).toBe(false);
  answered.push('every__get-sum', 'every__echo');
  await agent.call('task', { action: 'finish', outcome: 'success' });
}

function untilServed(number: number, namespace: string): Promise<{ readonly confidence: number }> {
  return until(
    `node ${number} serves a procedure`,
    () =>
      onNode(number, namespace, async (agent) => {
        const [sop] = await getSops(agent, 'please add the numbers 1 and 2 and announce their sum');
        return sop;
      }),
    40_000,
  );
}

/** Contexts that a node has in memory. */
async function listContexts(url: string, namespace: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/api/v1/actors?namespace=${namespace}&kind=context`);
  const { actors } = (await response.json()) as { actors: readonly { id: string }[] };
  return actors.map(({ id }) => id);
}

describe('three nodes on servers that were given to them', () => {
  it('use these and start none of their own', async () => {
    for (const [number, place] of places.entries()) {
      const running = place.running().map(({ words }) => words);
      expect(running.filter((words) => /nats-server|postgres/.test(words))).toEqual([]);
      const node = nodes[number];
      const status = node && (await readStatus(node));
      // The login is the user's own: it is neither shown nor written down.
      const { host, username } = new URL(servers?.natsUrl ?? '');
      expect(status).toMatchObject({ state: 'running', nats: { url: `nats://${host}`, context: null } });
      expect(JSON.stringify(status)).not.toContain(username);
    }
  });

  it('share what is learned: three runs through the first are served by the second', async () => {
    for (const [a, b] of [
      [3, 4],
      [20, 22],
      [7, 8],
    ] as const)
      await onNode(0, 'one', (agent) => addUp(agent, a, b));
    const [first, second] = [await untilServed(0, 'one'), await untilServed(1, 'one')];
    expect(first.confidence).toBeGreaterThanOrEqual(0.7);
    expect(second).toEqual(first);
  });

  it('learn together: runs that are spread over both count as runs of one kind', async () => {
    const runs = Array.from({ length: 8 }, (_, run) => [run, 10 * run + 1] as const);
    for (const [index, [a, b]] of runs.entries()) {
      await onNode(index % nodes.length, 'both', (agent) => addUp(agent, a, b));
      // One at a time, so that each learner gets its share.
      for (const node of nodes) await untilLearned(node);
    }
    expect((await untilServed(0, 'both')).confidence).toBeGreaterThanOrEqual(0.7);
    await untilServed(1, 'both');
    const occurrences = await until(
      'every run is counted',
      async () => {
        const [row] = await truth.rows<{ occurrences: number }>(
          "select max(occurrences) as occurrences from acontext_sops where namespace = 'both'",
        );
        return row?.occurrences === runs.length ? row.occurrences : undefined;
      },
      40_000,
    );
    expect(occurrences).toBe(runs.length);
    const served = await onNode(1, 'both', (agent) =>
      until(
        'node 1 has heard of it',
        async () => {
          const [sop] = await getSops(agent, 'please add the numbers 1 and 2 and announce their sum');
          return sop?.occurrences === runs.length ? sop : undefined;
        },
        30_000,
      ),
    );
    expect(served.confidence).toBeGreaterThanOrEqual(0.7);
  });

  it('take feedback at either, and answer with the same count', async () => {
    const sopId = await onNode(1, 'one', async (agent) => {
      const [sop] = await getSops(agent, 'please add the numbers 1 and 2 and announce their sum');
      return sop?.sop_id ?? '';
    });
    const report = { pattern_id: sopId, helpful: true };
    const one = await onNode(0, 'one', (agent) => agent.call('acontext_record_feedback', report));
    const other = await onNode(1, 'one', (agent) => agent.call('acontext_record_feedback', report));
    expect(other.structured).toEqual(one.structured);
  });

  it('leave each call once in the shared stream and in the shared archive', async () => {
    for (const node of nodes) await untilLearned(node);
    const calls = await truth.calls();
    expect(calls.map(({ data }) => data.name).sort()).toEqual(answered.toSorted());
    const rows = await truth.rows<{ id: string }>('select id from calls');
    expect(rows.map(({ id }) => id).sort()).toEqual(calls.map(({ data }) => data.callId).sort());
  });

  it('carry out each command once, whichever takes it, and tell each version once and in order', async () => {
    const { host, username } = new URL(servers?.natsUrl ?? '');
    const bus = await connect({ servers: host, token: username });
    const contexts = ['c-one', 'c-two', 'c-three', 'c-four'];
    const commanded = await Promise.all(
      Array.from({ length: 120 }, async (_, number) => {
        const contextId = contexts[number % contexts.length] ?? '';
        const marker = `k-${number}`;
        return { contextId, marker, outcome: await tellCommit(bus, 'one', contextId, marker) };
      }),
    );
    await bus.close();
    expect(commanded.filter(({ outcome }) => outcome === 'unknown')).toEqual([]);
    await until('the contexts rest', async () => isSettled(truth), 30_000);
    expect(checkContexts({ commanded, ...(await readKept(truth, 'one')) })).toEqual([]);
    const seen = await Promise.all(nodes.map(async ({ url }) => listContexts(url, 'one')));
    expect([...new Set(seen.flat())].sort()).toEqual(contexts.toSorted());
  });

  it('do not need each other: when the first is gone, the second serves and learns on', async () => {
    expect(await nodes[0]?.stop()).toBe(0);
    await untilServed(1, 'one');
    for (const [a, b] of [
      [5, 6],
      [70, 1],
      [4, 4],
    ] as const)
      await onNode(1, 'alone', (agent) => addUp(agent, a, b));
    expect((await untilServed(1, 'alone')).confidence).toBeGreaterThanOrEqual(0.7);
  });
});
