/** `drey forget`: takes a session, or what a principal did, out of what was learned, and keeps it out. */
import type { Command } from 'commander';
import { z } from 'zod';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { toPlural } from '../terminal/durations.ts';
import { parseAnswer } from '../views/answers.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface ForgetOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
}

const Forgotten = z.object({ episodes: z.number(), calls: z.number(), memories: z.number() });

export function addForget(program: Command, world: World): void {
  const forget = program
    .command('forget')
    .summary('take something out of what was learned')
    .description(
      'Episodes and calls leave the archive and procedures are derived anew without them. Events stay on the bus until ' +
        'its limits remove them, but are never learned from again.',
    );
  const add = (kind: 'session' | 'principal', what: string): void =>
    void addNodeOptions(addJsonOption(addNamespaceOption(forget.command(kind)), "print the node's JSON"))
      .description(what)
      .argument('<id>', `the id of the ${kind}`)
      .action((id: string, options: ForgetOptions) => run(world, { [kind]: id }, options));
  add('session', 'Forgets what was learned from one session, for ever.');
  add('principal', 'Forgets what somebody did so far, with the memories and reports of that one.');
  forget.addHelpText('after', '\nExamples:\n  drey forget session s-01a1fc70-c11d-7678-84f5-693dd5f9a9f3\n');
}

async function run(world: World, whom: Record<string, string>, options: ForgetOptions): Promise<void> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  const answer = await openNodeClient(address).post('/learning/forget', whom, {
    namespace: options.namespace,
  });
  if (options.json) return printJson(world.stdout, answer.text);
  const { episodes, calls, memories } = parseAnswer(Forgotten, answer.value, 'what was forgotten');
  const parts = [toPlural(episodes, 'episode'), toPlural(calls, 'call')];
  if (memories > 0) parts.push(memories === 1 ? '1 memory' : `${memories} memories`);
  return printLines(world.stdout, [
    `Forgotten: ${parts.join(', ')}. Procedures are derived anew without them.`,
    'Their events stay on the bus until its limits remove them; they are not learned from again.',
  ]);
}
