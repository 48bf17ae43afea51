/** `drey learning`: whether a namespace is learned from, pausing that, and letting it go on. */
import type { Command } from 'commander';
import { z } from 'zod';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLine } from '../print.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { parseAnswer } from '../views/answers.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface LearningOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
}

const Pause = z.object({ paused: z.boolean(), since: z.string().nullable(), by: z.string().nullable() });

export function addLearning(program: Command, world: World): void {
  const learning = program
    .command('learning')
    .summary('pause learning and let it go on')
    .description('Whether what agents do in a namespace is learned from. Their calls go on in any case.');
  const add = (name: string, isDefault = false): Command =>
    addNodeOptions(
      addJsonOption(addNamespaceOption(learning.command(name, { isDefault })), "print the node's JSON"),
    );
  add('status', true)
    .description('Says whether it is paused.')
    .action((options: LearningOptions) => run(world, options));
  add('pause')
    .description(
      'What happens from now on is never learned, until it is resumed; a restart changes nothing about it.',
    )
    .action((options: LearningOptions) => run(world, options, 'pause'));
  add('resume')
    .description('Learns from what happens from now on.')
    .action((options: LearningOptions) => run(world, options, 'resume'));
  learning.addHelpText(
    'after',
    '\nExamples:\n  drey learning pause\n  drey learning resume --namespace acme\n',
  );
}

async function run(world: World, options: LearningOptions, action?: 'pause' | 'resume'): Promise<void> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  const client = openNodeClient(address);
  const query = { namespace: options.namespace };
  const answer =
    action === undefined
      ? await client.get('/learning/pause', query)
      : await client.post(`/learning/${action}`, {}, query);
  if (options.json) return printJson(world.stdout, answer.text);
  const { paused, since, by } = parseAnswer(Pause, answer.value, 'whether learning is paused');
  const sentence = paused
    ? `Learning is paused since ${toSafeText(since ?? '?')} by ${toSafeText(by ?? '?')}; calls go on.`
    : 'Learning goes on.';
  return printLine(world.stdout, sentence);
}
