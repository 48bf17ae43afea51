/** `drey reload`: the node reads its configuration again, now. */
import type { Command } from 'commander';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNodeOptions } from './shared-options.ts';

interface ReloadOptions extends NodeOptions {
  readonly json?: boolean;
}

export function addReload(program: Command, world: World): void {
  addNodeOptions(addJsonOption(program.command('reload'), "print the node's JSON"))
    .summary('read the configuration again')
    .description(
      'Has the node read its configuration now: upstreams come, go and change without a restart. ' +
        'It notices a changed file by itself within about a second; this says what came of it.',
    )
    .addHelpText('after', '\nExamples:\n  drey reload\n  drey reload --json | jq .restartNeeded\n')
    .action(async (options: ReloadOptions) => {
      const { openNodeClient } = await import('../node-client.ts');
      const client = openNodeClient(await findNode(world, options));
      const answer = await client.post('/reload', {});
      if (options.json) return printJson(world.stdout, answer.text);
      const { ReloadAnswer, parseAnswer } = await import('../views/answers.ts');
      await printLines(world.stdout, toLines(parseAnswer(ReloadAnswer, answer.value, 'a reload')));
    });
}

interface Told {
  readonly file: string | null;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly restartNeeded: readonly string[];
}

function toLines({ file, added, changed, removed, restartNeeded }: Told): string[] {
  const parts = Object.entries({ added, changed, removed }).flatMap(([what, aliases]) =>
    aliases.length === 0 ? [] : [`${what} ${aliases.join(', ')}`],
  );
  return [
    `${file ?? 'The defaults'}: ${parts.length === 0 ? 'upstreams are as they were' : parts.join('; ')}`,
    ...(restartNeeded.length === 0
      ? []
      : [`Takes effect with the next start only: ${restartNeeded.join(', ')}`]),
  ];
}
