/** `drey inspect`: where the live actors can be watched in the Stately inspector. */
import type { Command } from 'commander';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLine } from '../print.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface InspectOptions extends NodeOptions {
  readonly namespace?: string;
  readonly kind?: string;
  readonly id?: string;
  readonly json?: boolean;
  readonly open: boolean;
}

export function addInspect(program: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(program.command('inspect')), 'print {"url": …}'))
    .summary('watch the live actors')
    .description(
      'Opens the page that shows the live actors in the Stately inspector, and prints its address; without a terminal ' +
        'or a desktop it only prints. The page needs a browser that is online; what it shows goes from this node to ' +
        'that browser only.',
    )
    .option('--kind <kind>', 'only actors of this kind, such as session or breaker')
    .option('--id <id>', 'only the actor with this id')
    .option('--no-open', 'only print the address')
    .addHelpText('after', '\nExamples:\n  drey inspect --kind breaker\n')
    .action(async (options: InspectOptions) => {
      const { openNodeClient } = await import('../node-client.ts');
      const client = openNodeClient(await findNode(world, options));
      // An address at which nothing answers is no use to anybody.
      await client.get('/status', { namespace: options.namespace });
      const url = new URL('/inspector', client.address.url);
      for (const name of ['namespace', 'kind', 'id'] as const) {
        const value = options[name];
        if (value !== undefined) url.searchParams.set(name, value);
      }
      if (options.json) return printJson(world.stdout, JSON.stringify({ url: url.href }));
      // A program that reads the address wants no window.
      if (options.open && world.stdout.isTTY === true) world.openAddress(url.href);
      return printLine(world.stdout, url.href);
    });
}
