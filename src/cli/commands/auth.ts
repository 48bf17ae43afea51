/**
 * `drey auth`: lets the node into a hosted upstream by OAuth. It works without a node; one that runs for the same data
 * folder is told, so that the upstream comes up at once.
 */
import type { Command } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import type { NodeAddress, NodeOptions } from '../node-address.ts';
import { readNodeFile } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import type { World } from '../world.ts';
import { toWhole } from './shared-options.ts';

interface AuthOptions extends NodeOptions {
  readonly list?: boolean;
  readonly forget?: boolean;
  readonly principal?: string;
  readonly timeout: number;
  readonly open: boolean;
  readonly json?: boolean;
}

const timeoutSecondsDefault = 300;

export function addAuth(program: Command, world: World): void {
  program
    .command('auth')
    .argument('[upstream]', "the upstream's name in the configuration")
    .summary('let the node into a hosted upstream')
    .description(
      'Asks the authorization server of an upstream to let Drey in: it opens the page on which you decide, waits for ' +
        'your answer, and keeps the tokens encrypted in the data folder. They are refreshed by the node.',
    )
    .option('--list', 'which upstreams have let us in')
    .option('--forget', 'forget what one has granted')
    .option('--principal <id>', 'for whom, where the upstream has "credentials": "principal"')
    .option('--config <file>', 'configuration file (DREY_CONFIG, ./drey.json)')
    .option('--data <folder>', 'data folder (DREY_DATA)')
    .option('--timeout <seconds>', 'how long you have', toWhole(1, 3_600), timeoutSecondsDefault)
    .option('--no-open', 'only print the address of the page')
    .option('--json', 'print the list as JSON')
    .option('--verbose', 'show the cause of an error')
    .addHelpText(
      'after',
      '\nExamples:\n  drey auth tickets\n  drey auth --list\n  drey auth tickets --forget\n',
    )
    .action((alias: string | undefined, options: AuthOptions) => runAuth(world, alias, options));
}

async function runAuth(world: World, alias: string | undefined, options: AuthOptions): Promise<void> {
  // Late: it is most of the program.
  const { openVault, readConfig } = await import('../../node/node.ts');
  const { authorizeUpstream, isChallengeName, toGrantName } = await import('../../upstream/upstream.ts');
  const { env, cwd, uid } = world;
  const config = readConfig({ env, cwd, uid, flags: { config: options.config, data: options.data } });
  const vault = openVault(config.dataFolder);
  if (options.list) {
    const names = vault.names().filter((one) => !isChallengeName(one));
    return list(world, names, options.json === true);
  }
  if (alias === undefined)
    throw new DreyError(
      'argument_invalid',
      'Name the upstream, as in "drey auth tickets"; --list shows those that let us in.',
    );
  const entry = config.mcpServers[alias];
  const isEach = entry?.credentials === 'principal';
  const principal = isEach ? (options.principal ?? 'local') : undefined;
  const name = toGrantName(alias, options.principal ?? principal);
  if (options.forget) {
    if (!vault.remove(name)) throw new DreyError('argument_invalid', `Nothing is kept for "${name}".`);
    await tellNode(world, config.dataFolder);
    return printLines(world.stdout, [`What "${name}" granted is forgotten here; the server was not told.`]);
  }
  if (entry === undefined) {
    const known = Object.keys(config.mcpServers).join(', ') || 'none';
    throw new DreyError(
      'argument_invalid',
      `There is no upstream "${alias}" in ${config.file ?? 'the defaults'}; there are: ${known}.`,
    );
  }
  if (options.principal !== undefined && !isEach)
    throw new DreyError(
      'argument_invalid',
      `The upstream "${alias}" has one grant for everybody; --principal is for "credentials": "principal".`,
    );
  await authorizeUpstream({
    alias,
    config: entry,
    env,
    vault,
    principal,
    now: world.now,
    timeoutMs: options.timeout * 1_000,
    show(address) {
      world.stdout.write(`Open this address and let Drey in:\n${address}\n`);
      if (options.open) world.openAddress(address);
    },
  });
  const isTold = await tellNode(world, config.dataFolder);
  const next = isTold ? 'The node was told.' : 'The next node that starts here uses it.';
  return printLines(world.stdout, [`"${alias}" let Drey in. ${next}`]);
}

async function list(world: World, names: readonly string[], isJson: boolean): Promise<void> {
  if (isJson) return printJson(world.stdout, JSON.stringify({ grants: names }));
  return printLines(world.stdout, names.length === 0 ? ['No upstream has let us in yet.'] : names);
}

/** A node that runs here tries again what waits; none, or one that does not answer, is no failure of ours. */
async function tellNode(world: World, dataFolder: string): Promise<boolean> {
  const address: NodeAddress | undefined = await readNodeFile(world, dataFolder);
  if (address === undefined) return false;
  const { openNodeClient } = await import('../node-client.ts');
  return openNodeClient(address)
    .post('/reload', {})
    .then(
      () => true,
      () => false,
    );
}
