/** `drey up`: runs the node in the foreground until a signal or a request ends it, or starts it in the background. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { toDreyError } from '../../../machines/words/errors.ts';
import { toDataFolder } from '../node-address.ts';
import { createPaint } from '../terminal/paint.ts';
import type { StartReport, StartedNode, World } from '../world.ts';
import { toWhole } from './shared-options.ts';

/** Exit codes of a process that a signal ended, as shells give them. */
const signalCodes: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

interface UpOptions {
  readonly config?: string;
  readonly data?: string;
  readonly port?: number;
  readonly host?: string;
  readonly role?: 'all' | 'gateway' | 'learner';
  readonly requireToken?: boolean;
  readonly stopWhenIdle?: number;
  readonly detach?: boolean;
  readonly verbose?: boolean;
}

export function addUp(program: Command, world: World): void {
  program
    .command('up')
    .summary('run a node')
    .description('Runs a node here, until Ctrl+C. Its servers are started with it and stopped with it.')
    .option('--config <file>', 'configuration file (DREY_CONFIG, ./drey.json)')
    .option('--data <folder>', 'data folder (DREY_DATA)')
    .option('--port <number>', 'port to listen on; 0 takes a free one (DREY_PORT, 7333)', toWhole(0, 65_535))
    .option('--host <address>', 'address to listen on; others than loopback require tokens (127.0.0.1)')
    .addOption(new Option('--role <role>', 'what this node does').choices(['all', 'gateway', 'learner']))
    .option('--require-token', 'ask for a token on loopback, too')
    .option('--stop-when-idle <seconds>', 'end after so long without a session', toWhole(1, 31_536_000))
    .option('--detach', 'run in the background and return when it answers')
    .option('--verbose', 'log more, and show the cause of an error')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  drey up                        with ./drey.json, if there is one\n' +
        '  drey up --detach               in the background; "drey down" ends it\n' +
        '  drey up --data /tmp/try --port 0\n',
    )
    .action(async (options: UpOptions) =>
      options.detach ? runDetached(world, options) : runHere(world, options),
    );
}

async function runHere(world: World, options: UpOptions): Promise<void> {
  let signals = 0;
  let node: StartedNode | undefined;
  const drain = (reason: string): void => {
    node?.drain(reason).catch((error: unknown) => {
      world.stderr.write(`drey: ${toDreyError(error).message}\n`);
      world.exitNow(toDreyError(error).exit);
    });
  };
  const reload = (): void => {
    try {
      node?.reload();
      world.stderr.write('drey: SIGHUP: the configuration was read again\n');
    } catch (error) {
      world.stderr.write(`drey: SIGHUP: ${toDreyError(error).message}\n`);
    }
  };
  const stopListening = world.onSignal((signal) => {
    // From a terminal it means that the terminal is gone.
    if (signal === 'SIGHUP' && node !== undefined && world.stdout.isTTY !== true) return reload();
    signals += 1;
    if (signals > 1) return world.exitNow(signalCodes[signal] ?? 130);
    world.stderr.write(`drey: ${signal}: ending in order; once more ends it at once\n`);
    drain(signal);
  });
  try {
    const { config, port, host, role, requireToken, stopWhenIdle, verbose } = options;
    const data = await toDataFolder(world, options);
    const flags = {
      config,
      data,
      port,
      host,
      role,
      requireToken,
      stopWhenIdleSeconds: stopWhenIdle,
      verbose,
    };
    node = await world.startNode({ env: world.env, cwd: world.cwd, flags });
    report(world, { drey: 'started', url: node.url, pid: node.pid });
    world.stdout.write(
      `${toBanner(world, options, { url: node.url, dataFolder: node.dataDir, pid: node.pid }).join('\n')}\nCtrl+C ends it.\n`,
    );
    if (signals > 0) drain('a signal during the start');
    await node.stopped;
  } catch (error) {
    const { code, message } = toDreyError(error);
    report(world, { drey: 'failed', code, sentence: message });
    throw error;
  } finally {
    stopListening();
  }
}

async function runDetached(world: World, options: UpOptions): Promise<void> {
  const { ensureNode, findAnswering } = await import('../background-node.ts');
  const dataFolder = await toDataFolder(world, options);
  const running = await findAnswering(world, dataFolder);
  if (running !== undefined) {
    world.stdout.write(`A node runs already for ${dataFolder}: ${running.url}\n`);
    return;
  }
  const address = await ensureNode(world, {
    dataFolder,
    words: toWords(options),
    anyPort: false,
    onStart: (logFile) => world.stderr.write(`drey: starting a node; its log is ${logFile}\n`),
  });
  world.stdout.write(
    `${toBanner(world, options, { ...address, dataFolder }).join('\n')}\n"drey down" ends it.\n`,
  );
}

/** The options for the child; the data folder is added by whoever starts it. */
function toWords(options: UpOptions): string[] {
  const named = {
    '--config': options.config,
    '--port': options.port,
    '--host': options.host,
    '--role': options.role,
    '--stop-when-idle': options.stopWhenIdle,
  };
  return [
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
    ...(options.requireToken ? ['--require-token'] : []),
    ...(options.verbose ? ['--verbose'] : []),
  ];
}

interface Started {
  readonly url: string;
  readonly dataFolder: string;
  readonly pid?: number | undefined;
}

function toBanner(world: World, { role }: UpOptions, { url, dataFolder, pid }: Started): string[] {
  const paint = createPaint(world.stdout, world.env);
  const what = role === 'learner' ? 'A learner of Drey' : 'Drey';
  const head = [
    `${what} runs at ${paint.name(url)}  ${paint.faint(`pid ${pid ?? '?'}, data ${dataFolder}`)}`,
    `  console       ${url}/`,
  ];
  // No client belongs there: it has no upstreams.
  if (role === 'learner') return head;
  return [
    ...head,
    `  MCP, HTTP     ${url}/mcp`,
    `  MCP, stdio    ${world.calledAs} stdio`,
    `  Claude Code   claude mcp add --transport http drey ${url}/mcp`,
  ];
}

function report(world: World, message: StartReport): void {
  world.tellParent(message);
}
