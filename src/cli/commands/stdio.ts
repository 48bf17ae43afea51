/** `drey stdio`: what an MCP client starts. Connects its standard streams to the node, starting one if none runs. */
import type { Duplex } from 'node:stream';
import type { Command } from 'commander';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { readNodeFile, toDataFolder, toNamedNode } from '../node-address.ts';
import type { NodeAddress, NodeOptions } from '../node-address.ts';
import { openBridge, pipeStreams } from '../stdio-bridge.ts';
import type { World } from '../world.ts';
import { addNamespaceOption, addNodeOptions } from './shared-options.ts';

/** A node that was started for a client ends after so long without one. */
const idleSeconds = 600;
/** A node may end between being found and being connected to. */
const triesMax = 3;

interface StdioOptions extends NodeOptions {
  readonly namespace?: string;
  readonly toolsets?: string;
}

export function addStdio(program: Command, world: World): void {
  addNamespaceOption(addNodeOptions(program.command('stdio')))
    .summary('connect an MCP client over stdio')
    .description(
      'Speaks MCP on stdin and stdout: the command to enter in an MCP client. Uses the node that runs for the data ' +
        'folder, or starts one that ends after 10 idle minutes.',
    )
    .option('--toolsets <names>', "toolsets of the configuration, with commas; without it the node's default")
    .option('--config <file>', 'configuration file for a node that has to be started')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  claude mcp add drey -- drey stdio\n' +
        '  {"mcpServers": {"drey": {"command": "drey", "args": ["stdio"]}}}\n',
    )
    .action(async (options: StdioOptions) => {
      const { socket, address } = await connect(world, options);
      await pipeStreams(world, socket, address);
    });
}

async function connect(
  world: World,
  options: StdioOptions,
): Promise<{ socket: Duplex; address: NodeAddress }> {
  const named = toNamedNode(world, options);
  if (named !== undefined) return { socket: await openBridge(named, options), address: named };
  const dataFolder = await toDataFolder(world, options);
  let address = await readNodeFile(world, dataFolder);
  let refusal: unknown;
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (address !== undefined) {
      try {
        return { socket: await openBridge(address, options), address };
      } catch (error) {
        if (!mayStart(error)) throw error;
        refusal = error;
      }
    }
    address = await startNode(world, dataFolder, options.config);
  }
  throw new DreyError('node_unreachable', `The node of ${dataFolder} answers, but accepts no connection.`, {
    cause: refusal,
  });
}

/** Gone, or about to be: another one may be started. Anything else is an answer. */
function mayStart(error: unknown): boolean {
  return isDreyError(error) && (error.code === 'node_unreachable' || error.code === 'node_draining');
}

async function startNode(world: World, dataFolder: string, config: string | undefined): Promise<NodeAddress> {
  const { ensureNode } = await import('../background-node.ts');
  return ensureNode(world, {
    dataFolder,
    words: ['--stop-when-idle', String(idleSeconds), ...(config === undefined ? [] : ['--config', config])],
    anyPort: true,
    onStart: (logFile) => world.stderr.write(`drey: starting a node; its log is ${logFile}\n`),
  });
}
