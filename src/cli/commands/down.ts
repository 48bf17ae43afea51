/** `drey down`: asks the node to end in order, and waits until it is gone. */
import { readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import type { Command } from 'commander';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { readNodeFile, toDataFolder, toNamedNode } from '../node-address.ts';
import type { NodeAddress, NodeOptions } from '../node-address.ts';
import type { World } from '../world.ts';
import { addNodeOptions, toWhole } from './shared-options.ts';

const pollMs = 50;
const timeoutSecondsDefault = 30;

interface DownOptions extends NodeOptions {
  readonly timeout: number;
}

export function addDown(program: Command, world: World): void {
  addNodeOptions(program.command('down'))
    .summary('end the node')
    .description('Ends the node in order: calls under way are finished, its servers are stopped.')
    .option('--timeout <seconds>', 'how long to wait', toWhole(1, 3_600), timeoutSecondsDefault)
    .addHelpText('after', '\nExamples:\n  drey down\n  drey down --data /tmp/try\n')
    .action((options: DownOptions) => runDown(world, options));
}

async function runDown(world: World, options: DownOptions): Promise<void> {
  const { openNodeClient } = await import('../node-client.ts');
  const named = toNamedNode(world, options);
  const dataFolder = named === undefined ? await toDataFolder(world, options) : undefined;
  const address = named ?? (await readNodeFile(world, dataFolder ?? ''));
  if (address === undefined) return tell(world, `No node runs for ${dataFolder ?? ''}.`);
  try {
    await openNodeClient(address).post('/shutdown', {});
  } catch (error) {
    if (!isDreyError(error) || error.code !== 'node_unreachable' || named !== undefined) throw error;
    return tellDead(world, address);
  }
  const deadline = world.now() + options.timeout * 1_000;
  while (await isThere(address)) {
    if (world.now() >= deadline) throw toStillThere(address, options.timeout);
    await rest(pollMs);
  }
  tell(world, `The node at ${address.url} has ended.`);
}

async function isThere(address: NodeAddress): Promise<boolean> {
  if (address.pid !== undefined) return isAlive(address.pid);
  const { openNodeClient } = await import('../node-client.ts');
  // Any answer at all means that somebody is still there.
  return openNodeClient(address)
    .get('/status')
    .then(
      () => true,
      (error: unknown) => isDreyError(error) && error.code !== 'node_unreachable',
    );
}

/** Whether the process exists; one that has ended and only waits to be collected does not. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}

/** The node file names a node that does not answer: either it is gone, or it hangs. */
async function tellDead(world: World, address: NodeAddress): Promise<void> {
  if (address.pid === undefined || !(await isAlive(address.pid))) {
    return tell(world, `No node runs for ${address.dataFolder ?? ''}; the last one ended without saying so.`);
  }
  throw new DreyError(
    'process_failed',
    `The node at ${address.url} does not answer, but process ${address.pid} exists.`,
    {
      details: {
        hint: `If that process is the node, "kill ${address.pid}" ends it; the next start cleans up.`,
      },
    },
  );
}

function toStillThere(address: NodeAddress, seconds: number): DreyError {
  const who = address.pid === undefined ? `The node at ${address.url}` : `The node (pid ${address.pid})`;
  const hint =
    address.pid === undefined
      ? 'Wait longer with --timeout.'
      : `Wait longer with --timeout, or end it with "kill -9 ${address.pid}"; the next start cleans up.`;
  return new DreyError('call_timeout', `${who} has not ended after ${seconds} s.`, { details: { hint } });
}

function tell(world: World, sentence: string): void {
  world.stdout.write(`${sentence}\n`);
}
