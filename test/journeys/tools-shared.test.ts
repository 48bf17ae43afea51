/** Two nodes on one database and one bus: a tool is pinned once, and one person's approval counts on both, at once. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';

let servers: Servers | undefined;
const places: Place[] = [];
const nodes: NodeProcess[] = [];
let offered: string;

beforeAll(async () => {
  servers = await startServers();
  const { env } = servers;
  for (let number = 0; number < 2; number += 1) places.push(await createPlace());
  offered = join(places[0]?.folder ?? '', 'offered.json');
  await offer('Adds.');
  const changing = join(packageRoot, 'test/fixtures/upstreams/changing.mjs');
  const config = { mcpServers: { shop: { command: process.execPath, args: [changing, offered] } } };
  await Promise.all(places.map((place) => place.writeConfig(config)));
  nodes.push(
    ...(await Promise.all(
      places.map((place) => startNodeProcess({ ...place, env: { ...place.env, ...env } })),
    )),
  );
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await servers?.stop();
  await Promise.all(places.map((place) => place.remove()));
});

const offer = (description: string) =>
  writeFile(offered, JSON.stringify([{ name: 'add', description, inputSchema: { type: 'object' } }]));

async function toolsOf(node: NodeProcess): Promise<readonly string[]> {
  const agent = await connectNew(node.url);
  try {
    return (await agent.tools()).filter((name) => name.startsWith('shop__'));
  } finally {
    await agent.close();
  }
}

const untilAll = (what: string, names: readonly string[], withinMs = 10_000) =>
  until(
    what,
    async () => {
      const lists = await Promise.all(nodes.map(toolsOf));
      return lists.every((list) => list.join() === names.join());
    },
    withinMs,
  );

it('pins once, holds back on both, and lets through on both when one of them is told', async () => {
  await untilAll('both list it', ['shop__poke', 'shop__add']);
  await offer('Adds, and tells me.');
  for (const node of nodes) {
    const agent = await connectNew(node.url);
    await agent.call('shop__poke', {});
    await agent.close();
  }
  await untilAll('both hold it back', ['shop__poke']);
  const [first] = places as [Place];
  const { code, stdout } = await runDrey(first, [
    'tools',
    'approve',
    'shop',
    'add',
    '--url',
    nodes[0]?.url ?? '',
  ]);
  expect([code, stdout]).toEqual([0, 'Approved add of shop.\n']);
  // Sooner than anybody looks by himself: the other node has heard of it.
  await untilAll('both list it again', ['shop__poke', 'shop__add']);
});
