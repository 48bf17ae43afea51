/** `drey keys`: API keys for agents: made, listed, rotated, revoked. What is made is printed once, and kept nowhere. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient } from '../node-client.ts';
import { openNodeClient } from '../node-client.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import { Key, KeyList, MadeKey, toKeysLines, toMadeLines } from '../views/keys-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface KeysOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly agent?: string;
  readonly label?: string;
  readonly scopes?: readonly string[];
  readonly expires?: number;
  readonly overlap?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

const units = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

export function addKeys(program: Command, world: World): void {
  const keys = program
    .command('keys')
    .summary('make keys for agents, rotate and revoke them')
    .description(
      'API keys of agents. A key belongs to one agent of one namespace; an agent has at most two that are live.',
    );
  const add = (name: string, isDefault = false): Command =>
    addNodeOptions(
      addJsonOption(addNamespaceOption(keys.command(name, { isDefault })), "print the node's JSON"),
    );
  add('list', true)
    .description('Lists keys, the newest first; never what they are.')
    .option('--agent <name>', 'only those of this agent')
    .option('--limit <number>', 'at most so many (50)', toWhole(1, 200))
    .option('--cursor <text>', 'go on behind a page: the "next" that --json shows')
    .action((options: KeysOptions) => runList(world, options));
  add('create')
    .description('Makes a key and prints it this once. The agent is made where there is none.')
    .argument('<agent>', "the agent's name: a-z, 0-9, _ and -")
    .option('--scopes <list>', 'what its bearer may do, such as tool:call,sop:read', toList)
    .option('--expires <time>', 'how long it is good for: 90d, 12h, 30m', toSeconds)
    .option('--label <text>', 'for people')
    .action((agent: string, options: KeysOptions) => runCreate(world, agent, options));
  add('rotate')
    .description('Makes a second key like this one and prints it; the old one ends after the overlap.')
    .argument('<id>', 'its id in the list')
    .option('--overlap <time>', 'how long the old one still opens (1d); 0s ends it now', toSeconds)
    .option('--expires <time>', 'how long the new one is good for', toSeconds)
    .action((id: string, options: KeysOptions) => runRotate(world, id, options));
  add('revoke')
    .description('Revokes a key for good, on every node within five seconds.')
    .argument('<id>', 'its id in the list')
    .action((id: string, options: KeysOptions) => runRevoke(world, id, options));
  keys.addHelpText(
    'after',
    '\nExamples:\n  drey keys create builder --namespace acme --expires 90d\n  drey keys\n' +
      '  drey keys rotate k7qx3m2nw5zr4tcd --overlap 1h\n  drey keys revoke k7qx3m2nw5zr4tcd\n',
  );
}

async function runList(world: World, options: KeysOptions): Promise<void> {
  const { namespace, agent, limit, cursor } = options;
  const client = await openClient(world, options);
  const answer = await client.get('/keys', { namespace, agent, limit, cursor });
  if (options.json) return printJson(world.stdout, answer.text);
  const { keys } = parseAnswer(KeyList, answer.value, 'a list of keys');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toKeysLines(keys, paints, toColumns(world.stdout), world.now()));
}

async function runCreate(world: World, agent: string, options: KeysOptions): Promise<void> {
  const body = {
    agent,
    label: options.label,
    scopes: options.scopes,
    expires_in_seconds: options.expires,
  };
  return printMade(world, options, '/keys', body);
}

async function runRotate(world: World, id: string, options: KeysOptions): Promise<void> {
  const body = { overlap_seconds: options.overlap, expires_in_seconds: options.expires };
  return printMade(world, options, `/keys/${encodeURIComponent(id)}/rotate`, body);
}

/** The key alone goes to the output, so that it can be piped; what belongs to it goes beside. */
async function printMade(world: World, options: KeysOptions, path: string, body: object): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.post(path, body, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const made = parseAnswer(MadeKey, answer.value, 'a key');
  await printLines(world.stderr, toMadeLines(made, createPaint(world.stderr, world.env)));
  return printLine(world.stdout, toSafeText(made.key));
}

async function runRevoke(world: World, id: string, options: KeysOptions): Promise<void> {
  const client = await openClient(world, options);
  const path = `/keys/${encodeURIComponent(id)}/revoke`;
  const answer = await client.post(path, {}, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const key = parseAnswer(Key, answer.value, 'a key');
  return printLine(
    world.stdout,
    `The key ${toSafeText(key.key_id)} of ${toSafeText(key.agent)} opens nothing any more.`,
  );
}

async function openClient(world: World, options: KeysOptions): Promise<NodeClient> {
  return openNodeClient(await findNode(world, options));
}

function toList(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

/** `90d`, `12h`, `30m`, `45s`. */
function toSeconds(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 's' || unit === 'm' || unit === 'h' || unit === 'd'))
    return Number(count) * units[unit];
  throw new InvalidArgumentError('It must be a time such as 90d, 12h, 30m or 45s.');
}
