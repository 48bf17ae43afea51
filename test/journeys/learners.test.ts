// Several learners beside one gateway, each a node of its own: they share the namespaces, and when one is killed the other goes on.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { readStatus, untilLearned } from './rig/status.ts';

const namespaces = ['oak', 'elm', 'ash', 'fir'];
let servers: Servers | undefined;
const places: Place[] = [];
const homes = new Map<string, Place>();
const nodes = new Map<string, NodeProcess>();

async function start(role: 'gateway' | 'learner', name: string): Promise<NodeProcess> {
  const place = await createPlace({ learning: { quietMs: 300 } });
  places.push(place);
  homes.set(name, place);
  const env = { ...place.env, ...servers?.env };
  const node = await startNodeProcess({ ...place, env, args: ['--role', role] });
  nodes.set(name, node);
  return node;
}

const gateway = (): NodeProcess => {
  const node = nodes.get('gateway');
  if (node === undefined) throw new Error('there is no gateway');
  return node;
};

/** What was done for one more customer, in each namespace. */
async function importFor(...customers: readonly number[]): Promise<void> {
  const [place] = places;
  if (place === undefined) throw new Error('there is no place');
  const file = join(place.folder, `customers-${customers.join('-')}.jsonl`);
  await writeFile(file, customers.map((n) => JSON.stringify(invoice(n))).join('\n'));
  for (const namespace of namespaces) {
    const words = ['import', file, '--namespace', namespace, '--data', place.dataFolder];
    const { code, stderr } = await runDrey(place, words);
    expect(code, stderr).toBe(0);
  }
}

const invoice = (n: number) => ({
  episode_id: `customer-${n}`,
  task: `Send an invoice to customer C-${n}00`,
  success: true,
  agent: 'test',
  steps: [
    { tool: 'crm__find', args: { id: `C-${n}00` }, result: { mail: `c${n}@example.com` } },
    { tool: 'books__invoice', args: { customer: `C-${n}00` }, result: { number: `I-${n}` } },
    { tool: 'mail__send', args: { to: `c${n}@example.com`, about: `I-${n}` }, result: 'ok' },
  ],
});

/** The node and its learner process, neither of which gets to say good-bye. */
async function kill(name: string): Promise<void> {
  const killed = nodes.get(name);
  const gone = new Promise((resolve) => killed?.child.once('exit', resolve));
  for (const { pid } of homes.get(name)?.running() ?? []) process.kill(pid, 'SIGKILL');
  await gone;
}

const untilShared = (learners: number): Promise<unknown> =>
  until(
    `${learners} share the work`,
    async () => (await readStatus(gateway())).learning.learners === learners,
    60_000,
  );
const untilCounted = (occurrences: number): Promise<unknown> =>
  until(
    `every namespace has a procedure of ${occurrences}`,
    async () => {
      const counts = await Promise.all(
        namespaces.map(async (namespace) => {
          const { sops } = await gateway().get<{ sops: { occurrences: number }[] }>(
            `/api/v1/sops?namespace=${namespace}`,
          );
          return sops[0]?.occurrences;
        }),
      );
      return counts.every((count) => count === occurrences);
    },
    60_000,
  );

beforeAll(async () => {
  servers = await startServers();
  await start('gateway', 'gateway');
  await Promise.all([start('learner', 'first'), start('learner', 'second')]);
});
afterAll(async () => {
  for (const node of nodes.values()) await node.stop();
  await servers?.stop();
  for (const place of places) await place.remove();
});

describe('two learners beside one gateway', () => {
  it('share the work and learn for every namespace', async () => {
    await untilShared(2);
    await importFor(1, 2, 3);
    await untilCounted(3);
    await untilLearned(gateway());
    expect((await readStatus(gateway())).learning).toMatchObject({ engine_status: 'running', learners: 2 });
  });

  it.each(['first', 'second'])(
    'go on when the %s one is killed in the middle, and share again when it is back',
    async (name) => {
      const next = name === 'first' ? 4 : 5;
      await importFor(next);
      await kill(name);
      await untilShared(1);
      await untilCounted(next);
      await start('learner', name);
      await untilShared(2);
    },
  );
});
