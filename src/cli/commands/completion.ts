/** `drey completion`: a script that lets the shell complete commands and options. */
import type { Command } from 'commander';
import { Argument } from 'commander';
import { toScript, shells } from '../completion-script.ts';
import type { Shell } from '../completion-script.ts';
import type { World } from '../world.ts';

export function addCompletion(program: Command, world: World): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script it is').choices(shells))
    .summary('let the shell complete commands')
    .description('Prints a script that lets the shell complete commands and options.')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  source <(drey completion bash)               in ~/.bashrc\n' +
        '  source <(drey completion zsh)                in ~/.zshrc\n' +
        '  drey completion fish > ~/.config/fish/completions/drey.fish\n',
    )
    .action((shell: Shell) => void world.stdout.write(toScript(shell, program)));
}
