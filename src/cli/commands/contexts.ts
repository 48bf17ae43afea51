/** `drey contexts`: what agents share: looked at, set, shared, and taken back to what it was. It decides nothing itself. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { ContextPermission } from '../../../machines/words/contexts.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { openNodeClient } from '../node-client.ts';
import type { Answer, NodeClient } from '../node-client.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import {
  Access,
  Context,
  Contexts,
  MadeContext,
  Versions,
  Written,
  toAccessLine,
  toContextLines,
  toContextsLines,
  toVersionsLines,
} from '../views/contexts-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface ContextsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
  readonly make?: boolean;
  readonly remove?: readonly string[];
  readonly expectVersion?: number;
}

/** Contexts, and versions, in one answer of the node. */
const listedMax = 200;
const contextText = 'its name, its id, or a beginning of the id that no other has';

export function addContexts(program: Command, world: World): void {
  const contexts = program
    .command('contexts')
    .summary('look at what agents share, change and share it')
    .description('Contexts are state that agents share: keys with values, with a version for each change.');
  const add = (name: string, isDefault = false): Command =>
    addNodeOptions(
      addJsonOption(addNamespaceOption(contexts.command(name, { isDefault })), "print the node's JSON"),
    );
  const addPage = (command: Command): Command =>
    command
      .option('--limit <number>', 'at most so many (50)', toWhole(1, listedMax))
      .option('--cursor <text>', 'go on behind a page: the "next" that --json shows');
  addPage(add('list', true))
    .description('Lists the contexts that you may use.')
    .action((options: ContextsOptions) => runList(world, options));
  add('show')
    .description('Shows what a context holds, and who may do what in it.')
    .argument('<name>', contextText)
    .action((name: string, options: ContextsOptions) => runShow(world, name, options));
  add('set')
    .description('Sets keys, all at once: key=value; a value is JSON, or else a text.')
    .argument('<name>', contextText)
    .argument('[pairs...]', 'such as stage=test, count=3, done=true', toPair)
    .option('--make', 'make it under this name where there is none')
    .option('--remove <keys>', 'remove these keys, parted by commas', toNames)
    .option('--expect-version <number>', 'refuse where it has another version by now', toWhole(1, 1e15 - 1))
    .action((name: string, pairs: readonly Pair[], options: ContextsOptions) =>
      runSet(world, name, pairs, options),
    );
  addPage(add('history'))
    .description('Lists the changes of a context, the latest first.')
    .argument('<name>', contextText)
    .action((name: string, options: ContextsOptions) => runHistory(world, name, options));
  add('rollback')
    .description('Makes a new version that equals an old one.')
    .argument('<name>', contextText)
    .argument('<version>', 'the version to go back to', toWhole(1, 1e15 - 1))
    .action((name: string, version: number, options: ContextsOptions) =>
      runRollback(world, { name, version }, options),
    );
  add('share')
    .description('Says what an agent, or everyone, may do in it; this replaces what that one had.')
    .argument('<name>', contextText)
    .argument('<who>', "an agent's name, or '*' for everyone")
    .argument('<what>', 'of read, write, execute, administer, by commas; or none', toPermissions)
    .action((name: string, agent: string, permissions: readonly string[], options: ContextsOptions) =>
      runShare(world, { name, agent, permissions }, options),
    );
  contexts.addHelpText(
    'after',
    '\nExamples:\n  drey contexts set release stage=build --make\n' +
      "  drey contexts share release '*' read,write\n  drey contexts show release\n" +
      '  drey contexts history release\n  drey contexts rollback release 1\n',
  );
}

async function runList(world: World, options: ContextsOptions): Promise<void> {
  const { namespace, limit, cursor } = options;
  const client = await openClient(world, options);
  const answer = await client.get('/contexts', { namespace, limit, cursor });
  if (options.json) return printJson(world.stdout, answer.text);
  const { contexts } = parseAnswer(Contexts, answer.value, 'a list of contexts');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toContextsLines(contexts, paints, toColumns(world.stdout)));
}

async function runShow(world: World, name: string, options: ContextsOptions): Promise<void> {
  const { client, path } = await openContext(world, name, options);
  const answer = await client.get(path, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const context = parseAnswer(Context, answer.value, 'a context');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toContextLines(context, paints, toColumns(world.stdout)));
}

async function runSet(
  world: World,
  name: string,
  pairs: readonly Pair[],
  options: ContextsOptions,
): Promise<void> {
  const { namespace, make, remove, expectVersion } = options;
  if (pairs.length === 0 && remove === undefined && make !== true)
    throw new DreyError('argument_invalid', 'Say what to set (key=value), or what to --remove.');
  const set = Object.fromEntries(pairs);
  const client = await openClient(world, options);
  if (make === true) {
    const answer = await client.post('/contexts', { name, values: set }, { namespace });
    const made = parseAnswer(MadeContext, answer.value, 'a context');
    if (made.created) {
      if (options.json) return printJson(world.stdout, answer.text);
      return printLine(world.stdout, `${toSafeText(name)} is ${made.context_id}, version ${made.version}.`);
    }
  }
  const body = { set, remove, expected_version: expectVersion };
  const answer = await client.change('PATCH', await findContext(client, name, namespace), body, {
    namespace,
  });
  if (options.json) return printJson(world.stdout, answer.text);
  const { outcome, version, code } = parseAnswer(Written, answer.value, 'what became of a change');
  if (outcome === 'refused')
    throw new DreyError('revision_conflict', `It was refused (${code ?? ''}); look at it and decide anew.`);
  return printLine(
    world.stdout,
    outcome === 'stored' ? `Stored; it has version ${version ?? '?'} now.` : 'It waits for the database.',
  );
}

async function runHistory(world: World, name: string, options: ContextsOptions): Promise<void> {
  const { namespace, limit, cursor } = options;
  const { client, path } = await openContext(world, name, options);
  const answer = await client.get(`${path}/versions`, { namespace, limit, cursor });
  if (options.json) return printJson(world.stdout, answer.text);
  const { versions } = parseAnswer(Versions, answer.value, 'the versions of a context');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toVersionsLines(versions, paints, toColumns(world.stdout)));
}

async function runRollback(
  world: World,
  { name, version }: { readonly name: string; readonly version: number },
  options: ContextsOptions,
): Promise<void> {
  const { client, path } = await openContext(world, name, options);
  const { namespace } = options;
  const answer = await client.post(`${path}/rollback`, { version }, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const now = parseAnswer(Written, answer.value, 'a version').version ?? '?';
  return printLine(world.stdout, `It is as version ${version} was; that is version ${now} now.`);
}

async function runShare(
  world: World,
  o: { readonly name: string; readonly agent: string; readonly permissions: readonly string[] },
  options: ContextsOptions,
): Promise<void> {
  const { client, path } = await openContext(world, o.name, options);
  const { namespace } = options;
  const grant = { principal: o.agent, permissions: o.permissions };
  const answer = await client.change('PUT', `${path}/access`, grant, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  return printLine(world.stdout, toAccessLine(parseAnswer(Access, answer.value, 'who may do what')));
}

async function openClient(world: World, options: ContextsOptions): Promise<NodeClient> {
  return openNodeClient(await findNode(world, options));
}

async function openContext(
  world: World,
  name: string,
  options: ContextsOptions,
): Promise<{ readonly client: NodeClient; readonly path: string }> {
  const client = await openClient(world, options);
  return { client, path: await findContext(client, name, options.namespace) };
}

/** The path of the context that people mean by this; what none of theirs is called is for the node to refuse. */
async function findContext(client: NodeClient, name: string, namespace: string | undefined): Promise<string> {
  const answer: Answer = await client.get('/contexts', { namespace, limit: listedMax });
  const { contexts } = parseAnswer(Contexts, answer.value, 'a list of contexts');
  const exact = contexts.filter((one) => one.name === name || one.context_id === name);
  const found = exact.length > 0 ? exact : contexts.filter((one) => one.context_id.startsWith(name));
  if (found.length > 1)
    throw new DreyError(
      'argument_invalid',
      `${found.length} contexts are meant by "${name}"; name one by its id: ${found.map((one) => one.context_id).join(', ')}`,
    );
  return `/contexts/${encodeURIComponent(found[0]?.context_id ?? name)}`;
}

type Pair = readonly [string, unknown];

function toPair(text: string, before: readonly Pair[] = []): readonly Pair[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be a key and a value, such as stage=test.');
  return [...before, [text.slice(0, at), toValue(text.slice(at + 1))]];
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function toNames(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

function toPermissions(text: string): readonly string[] {
  if (text === 'none') return [];
  const names = toNames(text);
  if (names.every((name) => ContextPermission.safeParse(name).success)) return names;
  throw new InvalidArgumentError(`It must be some of ${ContextPermission.options.join(', ')}, or none.`);
}
