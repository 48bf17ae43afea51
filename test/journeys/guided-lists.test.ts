// A procedure that takes one element of a list after the other, learned from an agent's calls and followed by a guided
// run that finds each of them by itself. Real node, real MCP server.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunAnswer } from '../../src/gateway/runs/run-answer.ts';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld, getSops } from './rig/clients.ts';
import { createPlace, referenceServer } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';

/** Learning has a process of its own, at low priority. */
const learnedMs = 60_000;
/** Who lives in each street; never equally many, so that the second is not the last as well. */
const streets = {
  birch: ['agatha', 'bertram', 'cornelia'],
  cedar: ['dorothea', 'egbert', 'frieda', 'gustav'],
  hazel: ['hedwig', 'ignatius', 'jolanda', 'kunibert', 'leonore'],
  maple: ['mathilda', 'norbert', 'ottilie', 'parzival'],
} as const;

let place: Place;
let node: NodeProcess;

beforeAll(async () => {
  place = await createPlace();
  const file = join(place.folder, 'memory.jsonl');
  const people = Object.entries(streets).flatMap(([street, names]) =>
    names.map((name) => ({
      type: 'entity',
      name,
      entityType: 'person',
      observations: [`lives in ${street} street`],
    })),
  );
  await writeFile(file, people.map((person) => JSON.stringify(person)).join('\n'));
  const { env, ...server } = referenceServer(place, 'server-memory') as { env: object };
  await place.writeConfig({
    mcpServers: { people: { ...server, env: { ...env, MEMORY_FILE_PATH: file } } },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
});
afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

it('the element that no earlier call was given is found by a guided run without asking', async () => {
  for (const street of ['birch', 'cedar', 'hazel'] as const) {
    const [first, second] = streets[street];
    const agent = await connectOld(node.url);
    await agent.call('task', { action: 'start', task: `Greet two neighbours from ${street} street` });
    expect((await agent.call('people__search_nodes', { query: street })).isError).toBe(false);
    await agent.call('people__open_nodes', { names: [first] });
    await agent.call('people__search_nodes', { query: second });
    await agent.call('task', { action: 'finish', outcome: 'success' });
    await agent.close();
  }
  await untilLearned(node);
  const task = 'Greet two neighbours from maple street';
  const agent = await connectOld(node.url);
  const { sop_id: sopId } = await until(
    'it is served',
    async () => (await getSops(agent, task))[0],
    learnedMs,
  );
  await agent.close();
  const { procedure } = await node.get<{ procedure: unknown }>(`/api/v1/sops/${sopId}`);
  expect(procedure).toMatchObject([
    { args: { query: { from: 'task' } } },
    { args: { 'names/0': { from: 'result', step: 0, selector: 'first' } } },
    { args: { query: { from: 'result', step: 0, selector: 'unused' } } },
  ]);
  const client = new Client({ name: 'person', version: '1' }, { capabilities: { elicitation: {} } });
  // A yes, and no value: what is missing would stay missing.
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { approve: true } }));
  await client.connect(new StreamableHTTPClientTransport(new URL(`${node.url}/mcp`)));
  const told = await client.callTool({ name: 'sop', arguments: { action: 'run', sop_id: sopId, task } });
  await client.close();
  const { run } = told.structuredContent as { run: RunAnswer };
  const [first, second] = streets.maple;
  expect(run).toMatchObject({
    state: 'done',
    deviations: 0,
    taken: [{ args: { query: 'maple' } }, { args: { names: [first] } }, { args: { query: second } }],
  });
});
