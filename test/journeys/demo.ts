/**
 * `npm run demo`: the whole loop on real parts. Embedded servers in a temporary data folder, the official MCP reference
 * servers behind Drey, a real MCP client that works, procedures that appear, and an answer to a task in new words.
 * Nothing here is prepared: what is shown comes out of the node's public faces.
 */
import { join } from 'node:path';
import pc from 'picocolors';
import { temporaryFolder } from '../support/temporary.ts';
import { until } from '../support/until.ts';
import { askFor, connect } from './demo/agent.ts';
import { importSample } from './demo/sample.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createTasks } from './demo/tasks.ts';
import { printSummary } from './demo/summary.ts';
import { openView } from './demo/view.ts';
import type { SopView } from './demo/view.ts';
import { furnish, workThrough } from './demo/work.ts';

const knownTask = 'Could you write me a summary of the notes in';
const unrelatedTask = 'Book a flight from Lisbon to Oslo for next Tuesday';

async function main(): Promise<void> {
  const once = process.argv.includes('--once') || !process.stdout.isTTY;
  const startedAt = performance.now();
  const folder = await temporaryFolder('drey-demo');
  const { config, workshop } = await furnish(folder.path);
  const node = await startNodeProcess({ dataFolder: join(folder.path, 'data'), config });
  const view = openView(node, process.stdout.isTTY && !once);
  try {
    const firstAnswerMs = await firstCall(node, startedAt);
    const { reports, visibleMs } = await workThrough(node, view, createTasks(workshop));
    view.say('Every task is done. Asking for a known task in new words, and for an unrelated one.');
    const known = await askFor(node.url, `${knownTask} ${join(workshop, 'garden')}`);
    const unrelated = await askFor(node.url, unrelatedTask);
    const sample = await importSample(node, view);
    await view.stop();
    const { sops } = await node.get<{ sops: SopView[] }>('/api/v1/sops?min_confidence=0.7&limit=10');
    printSummary({
      url: node.url,
      firstAnswerMs,
      visibleMs,
      reports,
      events: view.seen(),
      sops,
      known,
      knownTask,
      unrelated,
      unrelatedTask,
      sample,
    });
    if (known.length === 0 || unrelated.length > 0) process.exitCode = 1;
    if (!once) await stayUp(node, config);
  } finally {
    await node.stop();
    await folder.remove();
  }
}

/** Time from the demo's start to the first call that an upstream answered. */
async function firstCall(node: NodeProcess, startedAt: number): Promise<number> {
  const client = await connect(node.url);
  await until(
    'the first call is answered',
    async () =>
      (await client.callTool({ name: 'every__echo', arguments: { message: 'hello' } })).isError !== true,
    30_000,
  );
  const ms = performance.now() - startedAt;
  await client.close();
  return ms;
}

async function stayUp(node: NodeProcess, config: string): Promise<void> {
  process.stdout.write(
    `\nThe node stays up. Look at ${pc.cyan(node.url)} or point a client at it:\n` +
      `  claude mcp add --transport http drey ${node.url}/mcp\n` +
      `  npx drey status --url ${node.url}\n  npx drey sops list --url ${node.url}\n` +
      `Its configuration is ${config}. Ctrl-C ends it and removes the folder.\n`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    node.child.once('exit', () => resolve());
  });
}

await main();
