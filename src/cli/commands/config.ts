/** `drey config`: moves the servers of MCP clients behind Drey and back, and says what to paste into a client. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { clientNames } from '../../clients/clients.ts';
import type { ClientName } from '../../clients/clients.ts';
import type { ConnectionOptions } from '../config/connection.ts';
import type { ImportConfigOptions, RestoreOptions } from '../config/import-config.ts';
import type { ShowOptions } from '../config/show-config.ts';
import type { World } from '../world.ts';
import { addNamespaceOption, addNodeOptions } from './shared-options.ts';

export function addConfig(program: Command, world: World): void {
  const config = program
    .command('config')
    .summary("move clients' servers behind Drey; the settings")
    .description("Moves the servers of MCP clients behind Drey and back, and shows the node's own settings.");
  addImport(config, world);
  addRestore(config, world);
  addPrint(config, world);
  addShow(config, world);
}

function addImport(config: Command, world: World): void {
  addConnectionOptions(config.command('import'))
    .summary("move a client's servers behind Drey")
    .description(
      "Takes the servers out of a client's configuration file, adds them to drey.json and leaves one entry for Drey. " +
        'Shows what it will do and asks. A backup is kept beside each file.',
    )
    .argument('<file>', "the client's file; whose it is, is found out")
    .option('--config <file>', "the drey.json to add to (DREY_CONFIG, ./drey.json, the user's own)")
    .addOption(new Option('--client <name>', 'whose file it is').choices(clientNames))
    .option('--except <name...>', 'servers that stay in the client')
    .option('--keep', "leave the client's file alone")
    .option('--dry-run', 'show it only')
    .option('--yes', 'do it without asking')
    .option('--json', 'print the plan as JSON')
    .addHelpText(
      'after',
      '\nFiles:\n' +
        '  Claude Code     ~/.claude.json, .mcp.json\n' +
        '  Claude Desktop  claude_desktop_config.json\n' +
        '  Cursor          ~/.cursor/mcp.json, .cursor/mcp.json\n' +
        '  VS Code         .vscode/mcp.json\n' +
        '  OpenCode        ~/.config/opencode/opencode.json, opencode.json\n' +
        '  Codex           ~/.codex/config.toml\n' +
        '\nTwo servers of one name: the same one is taken once, another one becomes name-2.\n' +
        '\nExamples:\n  drey config import ~/.claude.json\n  drey config import .vscode/mcp.json --dry-run\n',
    )
    .action(async (file: string, options: ImportConfigOptions) => {
      const { importConfig } = await import('../config/import-config.ts');
      await importConfig(world, file, options);
    });
}

function addRestore(config: Command, world: World): void {
  config
    .command('restore')
    .summary('put the backup of a file back')
    .description('Puts the newest backup of a file back that an import changed, byte for byte.')
    .argument('<file>', "the client's file, or drey.json")
    .option('--yes', 'do it without asking')
    .option('--json', 'print what was done as JSON')
    .option('--verbose', 'show the cause of an error')
    .addHelpText('after', '\nExamples:\n  drey config restore ~/.claude.json\n')
    .action(async (file: string, options: RestoreOptions) => {
      const { restoreConfig } = await import('../config/import-config.ts');
      await restoreConfig(world, file, options);
    });
}

interface PrintOptions extends ConnectionOptions {
  readonly client: ClientName;
}

function addPrint(config: Command, world: World): void {
  addConnectionOptions(config.command('print'))
    .summary('what to paste into a client')
    .description("Prints what to paste into a client's configuration file to connect it to Drey.")
    .addOption(new Option('--client <name>', 'for which client').choices(clientNames).makeOptionMandatory())
    .option('--config <file>', 'the drey.json of a node that the client starts')
    .addHelpText(
      'after',
      '\nExamples:\n  drey config print --client cursor\n  drey config print --client vscode --http\n',
    )
    .action(async (options: PrintOptions) => {
      const { printConfig } = await import('../config/print-config.ts');
      await printConfig(world, options);
    });
}

function addShow(config: Command, world: World): void {
  const sources = (command: Command): Command =>
    command
      .option('--config <file>', "the drey.json meant (DREY_CONFIG, ./drey.json, the user's own)")
      .option('--data <folder>', 'the data folder (DREY_DATA)')
      .option('--verbose', 'show the cause of an error');
  sources(config.command('show'))
    .summary('the configuration in effect')
    .description('Shows every setting a node would use here and where it comes from. Secrets are hidden.')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExamples:\n  drey config show\n')
    .action(async (options: ShowOptions) => {
      const { showConfig } = await import('../config/show-config.ts');
      await showConfig(world, options);
    });
  sources(config.command('check'))
    .summary('is the configuration valid?')
    .description('Checks drey.json: its keys, the variables it uses, and the programs it names.')
    .option('--json', 'print what is wrong as JSON')
    .addHelpText('after', '\nExamples:\n  drey config check --config drey.json\n')
    .action(async (options: ShowOptions) => {
      const { checkConfig } = await import('../config/show-config.ts');
      await checkConfig(world, options);
    });
}

function addConnectionOptions(command: Command): Command {
  return addNamespaceOption(addNodeOptions(command))
    .option('--http', 'connect over HTTP; without it the client starts "drey stdio"')
    .option('--token', 'with --http: send DREY_TOKEN, for a node that requires a token');
}
