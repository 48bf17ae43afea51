/** `drey ask`: what an agent with this task would be given. Nothing is counted as served. */
import type { Command } from 'commander';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface AskOptions extends NodeOptions {
  readonly namespace?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

export function addAsk(program: Command, world: World): void {
  const command = program.command('ask').argument('<task...>', 'the task, in any words');
  addNodeOptions(addJsonOption(addNamespaceOption(command), "print the node's JSON"))
    .summary('what would an agent be told about a task?')
    .description('Shows what an agent with this task would be told and why, and what was rejected and why.')
    .option('--limit <number>', 'at most so many procedures (3)', toWhole(1, 20))
    .addHelpText(
      'after',
      '\nExamples:\n  drey ask "refund order 4711"\n  drey ask "refund order 4711" --json\n',
    )
    .action(async (words: string[], options: AskOptions) => {
      const { openNodeClient } = await import('../node-client.ts');
      const client = openNodeClient(await findNode(world, options));
      const { namespace, limit, json } = options;
      const question = { task: words.join(' '), ...(limit === undefined ? {} : { limit }) };
      const answer = await client.post('/ask', question, { namespace });
      if (json) return printJson(world.stdout, answer.text);
      const [{ AskAnswer, parseAnswer }, { toAskLines }] = await Promise.all([
        import('../views/answers.ts'),
        import('../views/ask-view.ts'),
      ]);
      const parsed = parseAnswer(AskAnswer, answer.value, 'an answer to a task');
      await printLines(world.stdout, toAskLines(parsed, createPaint(world.stdout, world.env)));
    });
}
