/** `drey status`: how the node is. */
import type { Command } from 'commander';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface StatusOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly plot?: string;
}

export function addStatus(program: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(program.command('status')), "print the node's JSON"))
    .summary('how is the node?')
    .description('Shows how the node is: its address, sessions, events, learning, and the servers behind it.')
    .option('--plot <file>', 'draw how long the calls of the last ten minutes took (.svg or .png) instead')
    .addHelpText(
      'after',
      '\nExamples:\n  drey status\n  drey status --json | jq -r .url\n  drey status --plot latency.png\n',
    )
    .action(async (options: StatusOptions) => {
      const { openNodeClient } = await import('../node-client.ts');
      const client = openNodeClient(await findNode(world, options));
      if (options.plot !== undefined) {
        const { plotCalls } = await import('../plots/plot-calls.ts');
        return plotCalls(world, client, { ...options, plot: options.plot });
      }
      const answer = await client.get('/status', { namespace: options.namespace });
      if (options.json) return printJson(world.stdout, answer.text);
      const [{ StatusAnswer, parseAnswer }, { toStatusLines }] = await Promise.all([
        import('../views/answers.ts'),
        import('../views/status-view.ts'),
      ]);
      const status = parseAnswer(StatusAnswer, answer.value, 'a status');
      const paint = createPaint(world.stdout, world.env);
      await printLines(world.stdout, toStatusLines(status, paint, toColumns(world.stdout)));
    });
}
