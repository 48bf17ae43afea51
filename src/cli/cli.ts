/**
 * The door of the command line: words in, exit code out. Whatever goes wrong leaves as one sentence on stderr and the
 * exit code of its error; stack traces are for `--verbose` only.
 */
import { Command, CommanderError } from 'commander';
import { DreyError } from '../../machines/words/errors.ts';
import { commands } from './commands/commands.ts';
import { reportError } from './report-error.ts';
import type { World } from './world.ts';
import { readVersion } from './version.ts';

export { openWorld } from './open-world.ts';
export type { NodeStart, NodeStartFlags, Screen, StartedNode, StartReport, World } from './world.ts';

/** Runs one command to its end and gives back the exit code. */
export async function runCli(words: readonly string[], world: World): Promise<number> {
  const verbose = words.includes('--verbose');
  // A reader that has seen enough (`drey events | head`) is no error.
  const onBroken = (error: NodeJS.ErrnoException): void => {
    world.exitNow(error.code === 'EPIPE' ? 0 : reportError(toWriteError(error), world, verbose));
  };
  world.stdout.on('error', onBroken);
  world.stderr.on('error', () => undefined);
  try {
    const program = createProgram(world);
    assertKnown(program, words);
    await program.parseAsync(words.length === 0 ? ['--help'] : [...words], { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, world, verbose);
    // Commander has said its sentence already; asking for help is no error.
    return error.exitCode === 0 ? 0 : 64;
  }
}

/** A misspelt part of a command would otherwise be taken for too many words of the one that stands in for none. */
function assertKnown(program: Command, [first = '', second = '-']: readonly string[]): void {
  const isCalled = (command: Command, word: string): boolean =>
    [command.name(), ...command.aliases()].includes(word);
  const group = program.commands.find((command) => isCalled(command, first));
  if (group === undefined || group.commands.length === 0 || group.registeredArguments.length > 0) return;
  if (second.startsWith('-') || second === 'help') return;
  if (group.commands.some((command) => isCalled(command, second))) return;
  const names = group.commands.map((command) => command.name());
  throw new DreyError('argument_invalid', `"drey ${first}" has no "${second}"; it has ${names.join(', ')}.`);
}

/**
 * Ends the program once its last words are out: a pipe whose reader is slow still holds some, and exiting drops them. A
 * person may read for hours (`| less`); a program that has stopped talking to us reads within the bound or not at all.
 */
export async function leave(program: NodeJS.Process, code: number, boundMs?: number): Promise<never> {
  const written = [program.stdout, program.stderr].map(
    (screen) => new Promise<void>((resolve) => screen.write('', () => resolve())),
  );
  if (boundMs !== undefined) setTimeout(() => program.exit(code), boundMs).unref();
  await Promise.all(written);
  return program.exit(code);
}

/** Every command, with what all of them share. */
export function createProgram(world: World): Command {
  const program = new Command('drey')
    .description('An MCP gateway that learns procedures.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .showSuggestionAfterError()
    .showHelpAfterError('  "drey help <command>" explains a command.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
      outputError: (text, write) =>
        write(`drey: ${text.replace(/^error: /, '').replace(/^\((Did you mean .*)\)$/m, '  $1')}`),
      getOutHelpWidth: () => helpWidth(world.stdout.columns),
      getErrHelpWidth: () => helpWidth(world.stderr.columns),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const add of commands) add(program, world);
  program.addHelpText(
    'after',
    '\nExamples:\n' +
      '  drey up                          run the node here; Ctrl+C ends it\n' +
      '  drey import sessions.jsonl.gz    learn from what agents did before\n' +
      '  drey ask "refund an order"       what would an agent be told?\n' +
      '\n"drey help <command>" explains one command.',
  );
  return program;
}

function helpWidth(columns: number | undefined): number {
  return Math.min(columns ?? 100, 110);
}

function toWriteError(cause: NodeJS.ErrnoException): DreyError {
  return new DreyError('unexpected', `The output cannot be written: ${cause.message}.`, { cause });
}
