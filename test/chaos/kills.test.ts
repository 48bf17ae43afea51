// Everything is killed while a real client works: nothing it was told is lost, nothing happened twice, and nobody had
// to help. The order of the kills comes from a seed (DREY_CHAOS_SEED), which is printed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { connectNew, getSops } from '../journeys/rig/clients.ts';
import { createPlace, referenceServer } from '../journeys/rig/place.ts';
import type { Place } from '../journeys/rig/place.ts';
import { readStatus, untilHealthy, untilLearned } from '../journeys/rig/status.ts';
import { lookAt } from '../journeys/rig/truth.ts';
import { until } from '../support/until.ts';
import { startCommands } from './commands.ts';
import type { Commands } from './commands.ts';
import { checkContexts } from './context-history.ts';
import { isSettled, readKept } from './kept-contexts.ts';
import { checkHistory } from './history.ts';
import type { Kept, Outage } from './history.ts';
import { startTraffic } from './traffic.ts';
import type { Traffic } from './traffic.ts';

type Victim = 'the bus' | 'the database' | 'the learner' | 'the node';

const victims: readonly Victim[] = ['the bus', 'the database', 'the learner', 'the node'];
const rounds = 2;
const seed = Number(process.env['DREY_CHAOS_SEED'] ?? 20_260_728);
const namespace = 'chaos';
const now = (): number => performance.now();

let place: Place;
let node: NodeProcess;

/** A small generator (mulberry32): the same seed gives the same order everywhere. */
function createChance(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each round kills everything once, in an order of its own. */
function toOrder(): readonly Victim[] {
  const chance = createChance(seed);
  return Array.from({ length: rounds }, () =>
    victims
      .map((victim) => ({ victim, at: chance() }))
      .sort((a, b) => a.at - b.at)
      .map(({ victim }) => victim),
  ).flat();
}

beforeAll(async () => {
  place = await createPlace();
  await place.writeConfig({
    mcpServers: { every: referenceServer(place, 'server-everything') },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
  await untilHealthy(node);
});

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

async function findPid(victim: Victim): Promise<number> {
  if (victim === 'the node') return node.pid;
  if (victim === 'the learner') {
    return until('the learner has a pid', async () => (await readStatus(node)).learning.pid ?? undefined);
  }
  if (victim === 'the database') {
    const file = join(place.dataFolder, 'postgres', 'data', 'postmaster.pid');
    return Number((await readFile(file, 'utf8')).split('\n')[0]);
  }
  const server = place.running().find(({ words }) => words.includes('nats-server --config='));
  if (server === undefined) throw new Error('no nats-server runs here');
  return server.pid;
}

/** Kills, waits until everything works again by itself (the node, and only it, is started by hand), and says when. */
async function kill(victim: Victim, traffic: Traffic, commands: Commands): Promise<Outage> {
  const pid = await findPid(victim);
  const port = Number(new URL(node.url).port);
  process.kill(pid, 'SIGKILL');
  const from = now();
  if (victim === 'the node') {
    await until(
      'the killed node is gone',
      () => node.child.exitCode !== null || node.child.signalCode !== null,
    );
    node = await startNodeProcess({ ...place, port });
  } else {
    const before = traffic.answered;
    await until(`calls are answered without ${victim}`, () => traffic.answered >= before + 5, 30_000);
  }
  const to = now();
  await until(
    `${victim} is back`,
    async () => !place.running().some((one) => one.pid === pid) && (await untilHealthy(node)) !== undefined,
    90_000,
  );
  const told = commands.acknowledged;
  await until(
    `commands are taken after ${victim} came back`,
    () => commands.acknowledged >= told + 5,
    30_000,
  );
  const again = traffic.answered;
  await until(`calls are answered after ${victim} came back`, () => traffic.answered >= again + 20, 30_000);
  return { what: victim, from, to, isServed: victim !== 'the node' };
}

describe(`kills in the order of seed ${seed}`, () => {
  it('lose nothing that was acknowledged, double nothing, and need no hand', async () => {
    const order = toOrder();
    process.stdout.write(`chaos: seed ${seed}: ${order.join(', ')}\n`);
    const traffic = startTraffic({ url: node.url, lanes: 4, namespace, now });
    // Its first session makes the namespace; commands to one that nobody made are refused.
    await until('the namespace stands', async () =>
      lookAt(
        place.dataFolder,
        async (truth) =>
          (await truth.rows('select 1 from namespaces where namespace = $1', [namespace])).length === 1,
      ),
    );
    const contexts = ['c-one', 'c-two', 'c-three'];
    const commands = startCommands({ dataFolder: place.dataFolder, namespace, contexts });
    const outages: Outage[] = [];
    try {
      await until('the client works', () => traffic.answered >= 20 && commands.acknowledged >= 20, 30_000);
      for (const victim of order) outages.push(await kill(victim, traffic, commands));
    } finally {
      await traffic.stop();
      await commands.stop();
    }
    await until('the contexts rest', async () => lookAt(place.dataFolder, isSettled), 90_000);
    await untilLearned(node, 90_000);
    const { events, rows, kept } = await lookAt(place.dataFolder, async (truth) => ({
      kept: await readKept(truth, namespace),
      events: (await truth.calls())
        .filter((call) => call.namespace === namespace)
        .map(({ data }): Kept => ({ callId: data.callId, marker: String(data.args.value?.['message']) })),
      rows: await truth.rows<Kept>(
        `select id as "callId", args ->> 'message' as marker from calls where namespace = $1`,
        [namespace],
      ),
    }));
    process.stdout.write(
      `chaos: ${traffic.answered} of ${traffic.told.length} calls answered, ${events.length} events, ${rows.length} rows\n`,
    );
    process.stdout.write(
      `chaos: ${commands.acknowledged} of ${commands.sent.length} commands acknowledged, ${kept.versions.length} versions\n`,
    );
    expect(checkHistory({ told: traffic.told, events, rows, outages })).toEqual([]);
    expect(checkContexts({ commanded: commands.sent, ...kept })).toEqual([]);
    expect((await readStatus(node)).events.unrecorded).toBe(0);
  }, 600_000);
});

describe('without the learner', () => {
  const task = 'add up the numbers 1 and 2 and announce the sum';

  async function teach(): Promise<void> {
    for (const [a, b] of [
      [3, 4],
      [20, 22],
      [7, 8],
    ]) {
      const agent = await connectNew(node.url, 'taught');
      await agent.call('task', {
        action: 'start',
        task: `Add up the numbers ${a} and ${b}, then announce the sum`,
      });
      const { text } = await agent.call('every__get-sum', { a, b });
      await agent.call('every__echo', { message: text });
      await agent.call('task', { action: 'finish', outcome: 'success' });
      await agent.close();
    }
    await untilLearned(node);
  }

  it('the same is answered as before; a learner that hangs is replaced, and learning goes on', async () => {
    await teach();
    const agent = await connectNew(node.url, 'taught');
    const before = await until(
      'a procedure is served',
      async () => {
        const sops = await getSops(agent, task);
        return sops.length > 0 ? sops : undefined;
      },
      30_000,
    );
    const pid = await findPid('the learner');
    // Stopped, not killed: a dead one would be replaced before the questions are asked.
    process.kill(pid, 'SIGSTOP');
    expect(await getSops(agent, task)).toEqual(before);
    const other = await connectNew(node.url, 'elsewhere');
    expect(await other.call('every__get-sum', { a: 2, b: 3 })).toMatchObject({ isError: false });
    await other.close();
    const { structured } = await agent.call('acontext_get_learning_status', { namespace: 'taught' });
    expect(structured).toMatchObject({ engine_status: 'unavailable', statistics: { total_sops: 1 } });
    await agent.close();

    await until(
      'the node replaces it',
      async () => {
        const { learning } = await readStatus(node);
        return learning.pid !== null && learning.pid !== pid && learning.engine_status === 'running';
      },
      90_000,
    );
    expect(place.running().some((one) => one.pid === pid)).toBe(false);
    await teach();
    const learned = await connectNew(node.url, 'taught');
    await until(
      'the new runs are counted',
      async () => (await getSops(learned, task))[0]?.occurrences === 6,
      60_000,
    );
    await learned.close();
  }, 300_000);
});
