/** `drey hook`: explains the hook and installs it. At work it is not this: the program leads past the command line. */
import type { Command } from 'commander';
import type { InstallOptions } from '../config/install-hook.ts';
import type { World } from '../world.ts';

const places = (command: Command): Command =>
  command
    .option('--url <url>', 'address of the node (DREY_URL)')
    .option('--data <folder>', 'the data folder whose node is meant (DREY_DATA)')
    .option('--namespace <name>', "the namespace; without it the node's own default");

export function addHook(program: Command, world: World): void {
  const hook = places(program.command('hook'))
    .summary('what Claude Code runs as its hook')
    .description(
      "What Claude Code runs as its hook: reads an event on stdin and gives it to the node. The person's prompt " +
        'becomes the task, tools that Claude Code used without Drey become its calls, and where a learned procedure ' +
        'clearly matches the prompt, the agent is told. It takes 300 ms at most, says nothing when no node runs, and ' +
        'always ends with 0.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  drey hook install              add it to ~/.claude/settings.json\n' +
        '  drey hook install --project    add it to .claude/settings.json here\n' +
        '  drey config restore ~/.claude/settings.json\n' +
        '\nDo not "drey import" such sessions: they would be learned from twice.\n',
    );
  places(hook.command('install'))
    .summary("add it to Claude Code's settings")
    .description("Adds the hook to Claude Code's settings. Shows what it will do and asks; a backup is kept.")
    .option('--project', "the project's settings in this folder instead of the user's")
    .option('--dry-run', 'show it only')
    .option('--yes', 'do it without asking')
    .option('--verbose', 'show the cause of an error')
    .addHelpText(
      'after',
      '\nExamples:\n  drey hook install\n  drey hook install --project --namespace team\n',
    )
    .action(async (_own: unknown, command: Command) => {
      const { installHook } = await import('../config/install-hook.ts');
      await installHook(world, command.optsWithGlobals<InstallOptions>());
    });
}
