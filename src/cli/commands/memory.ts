/** `drey memory`: what agents remember together: searched, stored, shown, forgotten, and what it is linked with. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { GraphKind, MemoryKind, memoryLimits } from '../../../machines/words/memories.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { openNodeClient } from '../node-client.ts';
import type { NodeClient } from '../node-client.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import {
  Memories,
  Memory,
  Neighbours,
  StoredMemory,
  Way,
  toMemoriesLines,
  toMemoryLines,
  toNeighboursLines,
  toStoredLines,
  toWayLines,
} from '../views/memory-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toFraction, toWhole } from './shared-options.ts';

interface MemoryOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly kind?: string;
  readonly tag?: string;
  readonly tags?: readonly string[];
  readonly limit?: number;
  readonly importance?: number;
  readonly private?: boolean;
  readonly ttl?: number;
  readonly relation?: string;
  readonly to?: string;
  readonly toKind?: string;
}

const units = { m: 60, h: 3_600, d: 86_400 } as const;

export function addMemory(program: Command, world: World): void {
  const memory = program
    .command('memory')
    .summary('search what agents remember, add to it, forget')
    .description('Memories of a namespace, and what they are linked with.');
  const add = (name: string): Command =>
    addNodeOptions(addJsonOption(addNamespaceOption(memory.command(name)), "print the node's JSON"));
  const kinds = (): Option => new Option('--kind <kind>', 'what it is').choices(MemoryKind.options);
  add('search')
    .description('Searches memories, best first; without words, lists those changed last.')
    .argument('[words...]', 'words or a question')
    .addOption(kinds())
    .option('--tag <tag>', 'without words: only those with this tag')
    .option('--limit <number>', 'at most so many (20)', toWhole(1, 200))
    .action((words: readonly string[], options: MemoryOptions) => runSearch(world, words, options));
  add('store')
    .description('Stores a memory. What was known already is not stored twice.')
    .argument('<text...>', 'what is to be remembered')
    .addOption(kinds())
    .option('--tags <list>', 'parted by commas', toNames)
    .option('--importance <number>', 'from 0 to 1 (0.5)', toFraction)
    .option('--private', 'nobody else finds it')
    .option('--ttl <time>', 'forget it by itself after so long: 90d, 12h, 30m', toSeconds)
    .action((words: readonly string[], options: MemoryOptions) => runStore(world, words, options));
  add('show')
    .description('Shows one in full.')
    .argument('<id>', 'its id')
    .action((id: string, options: MemoryOptions) => runShow(world, id, options));
  add('forget')
    .description('Forgets one, with every link to it.')
    .argument('<id>', 'its id')
    .action((id: string, options: MemoryOptions) => runForget(world, id, options));
  add('graph')
    .description('Shows what something is linked with, the strongest first; or the way to something else.')
    .argument('<id>', 'a memory, or what --kind says')
    .addOption(new Option('--kind <kind>', 'what the id names (memory)').choices(GraphKind.options))
    .option('--relation <name>', 'only links of this relation')
    .option('--limit <number>', 'at most so many (20)', toWhole(1, memoryLimits.neighboursMax))
    .option('--to <id>', 'the strongest way to this one instead')
    .addOption(new Option('--to-kind <kind>', 'what that one is (memory)').choices(GraphKind.options))
    .action((id: string, options: MemoryOptions) => runGraph(world, id, options));
  memory.addHelpText(
    'after',
    '\nExamples:\n  drey memory store the staging server of billing is called otter\n' +
      '  drey memory search which server is staging\n  drey memory graph m-0190a0b0-1111-7000-8000-000000000001\n' +
      '  drey memory graph files__read_file --kind tool\n',
  );
}

async function runSearch(world: World, words: readonly string[], options: MemoryOptions): Promise<void> {
  const { namespace, kind, tag, limit } = options;
  const query = words.length === 0 ? undefined : words.join(' ');
  const client = await openClient(world, options);
  const answer = await client.get('/memories', { namespace, query, kind, tag, limit });
  if (options.json) return printJson(world.stdout, answer.text);
  const { memories } = parseAnswer(Memories, answer.value, 'a list of memories');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toMemoriesLines(memories, paints, toColumns(world.stdout)));
}

async function runStore(world: World, words: readonly string[], options: MemoryOptions): Promise<void> {
  const { namespace, kind, tags, importance, ttl } = options;
  const client = await openClient(world, options);
  const visibility = options.private === true ? 'private' : undefined;
  const body = { content: words.join(' '), kind, tags, importance, visibility, ttl_seconds: ttl };
  const answer = await client.post('/memories', body, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const stored = parseAnswer(StoredMemory, answer.value, 'a memory');
  return printLines(world.stdout, toStoredLines(stored, createPaint(world.stdout, world.env)));
}

async function runShow(world: World, id: string, options: MemoryOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get(toPath(id), { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const memory = parseAnswer(Memory, answer.value, 'a memory');
  return printLines(world.stdout, toMemoryLines(memory, createPaint(world.stdout, world.env)));
}

async function runForget(world: World, id: string, options: MemoryOptions): Promise<void> {
  const client = await openClient(world, options);
  const { namespace } = options;
  const answer = await client.change('DELETE', toPath(id), undefined, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  return printLine(world.stdout, `${toSafeText(id)} is forgotten, with its links.`);
}

async function runGraph(world: World, id: string, options: MemoryOptions): Promise<void> {
  const { namespace, kind, relation, limit, to, toKind } = options;
  const client = await openClient(world, options);
  const place = `/graph/${encodeURIComponent(id)}`;
  if (to !== undefined) {
    const answer = await client.get(`${place}/path`, { namespace, kind, to, to_kind: toKind });
    if (options.json) return printJson(world.stdout, answer.text);
    return printLines(world.stdout, toWayLines(parseAnswer(Way, answer.value, 'a way')));
  }
  const answer = await client.get(`${place}/neighbours`, { namespace, kind, relation, limit });
  if (options.json) return printJson(world.stdout, answer.text);
  const found = parseAnswer(Neighbours, answer.value, 'links');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toNeighboursLines(found, id, paints, toColumns(world.stdout)));
}

async function openClient(world: World, options: MemoryOptions): Promise<NodeClient> {
  return openNodeClient(await findNode(world, options));
}

function toPath(id: string): string {
  return `/memories/${encodeURIComponent(id)}`;
}

function toNames(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

/** `90d`, `12h`, `30m`. */
function toSeconds(text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 'm' || unit === 'h' || unit === 'd'))
    return Number(count) * units[unit];
  throw new InvalidArgumentError('It must be a time such as 90d, 12h or 30m.');
}
