/** `drey patterns`: what was found to help when, as a list or one in full; and letting through what somebody wrote back. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { openClient } from '../find-sop.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import { PatternsAnswer, PatternView, toPatternLines, toPatternsLines } from '../views/patterns-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface PatternsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
}

interface ListOptions extends PatternsOptions {
  readonly type?: string;
  readonly all?: boolean;
  readonly limit?: number;
}

const types = ['context_injection', 'proactive_search', 'failure_recovery', 'precondition'];

export function addPatterns(program: Command, world: World): void {
  const patterns = program
    .command('patterns')
    .alias('pattern')
    .summary('show what was found to help when')
    .description('Shows patterns: when something is the case, something else helps.');
  addNodeOptions(
    addJsonOption(addNamespaceOption(patterns.command('list', { isDefault: true })), "print the node's JSON"),
  )
    .description('Lists them, the most effective first.')
    .addOption(new Option('--type <type>', 'only those').choices(types))
    .option('--all', 'those that are out of use as well')
    .option('--limit <number>', 'at most so many (50)', toWhole(1, 200))
    .addHelpText('after', '\nExamples:\n  drey patterns\n  drey patterns list --type failure_recovery\n')
    .action((options: ListOptions) => runList(world, options));
  addNodeOptions(addJsonOption(addNamespaceOption(patterns.command('show')), "print the node's JSON"))
    .description('Shows one in full: what it rests on, and what came of it.')
    .argument('<id>', 'its id')
    .addHelpText('after', '\nExamples:\n  drey patterns show a-3f2a91b0-0000-4000-8000-000000000000\n')
    .action((id: string, options: PatternsOptions) => runShow(world, id, options));
  addNodeOptions(addJsonOption(addNamespaceOption(patterns.command('approve')), "print the node's JSON"))
    .description('Lets a candidate through: agents are offered it from then on. Look at it with show first.')
    .argument('<id>', 'its id')
    .addHelpText('after', '\nExamples:\n  drey patterns approve a-3f2a91b0-0000-4000-8000-000000000000\n')
    .action((id: string, options: PatternsOptions) => runApprove(world, id, options));
}

async function runList(world: World, options: ListOptions): Promise<void> {
  const { namespace, type, limit, all } = options;
  const client = await openClient(world, options);
  const query = { namespace, type, limit, active: all === true ? 'any' : undefined };
  const answer = await client.get('/patterns', query);
  if (options.json) return printJson(world.stdout, answer.text);
  const { patterns } = parseAnswer(PatternsAnswer, answer.value, 'a list of patterns');
  const paint = createPaint(world.stdout, world.env);
  await printLines(world.stdout, toPatternsLines(patterns, paint, toColumns(world.stdout)));
}

async function runApprove(world: World, id: string, options: PatternsOptions): Promise<void> {
  const client = await openClient(world, options);
  const path = `/patterns/${encodeURIComponent(id)}/approve`;
  const answer = await client.post(path, {}, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const pattern = parseAnswer(PatternView, answer.value, 'a pattern');
  await printLines(world.stdout, toPatternLines(pattern, createPaint(world.stdout, world.env)));
}

async function runShow(world: World, id: string, options: PatternsOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get(`/patterns/${encodeURIComponent(id)}`, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const pattern = parseAnswer(PatternView, answer.value, 'a pattern');
  await printLines(world.stdout, toPatternLines(pattern, createPaint(world.stdout, world.env)));
}
