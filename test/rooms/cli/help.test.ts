// Every command explains itself on a terminal of 80 columns.
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram, openWorld } from '../../../src/cli/cli.ts';
import { cli } from '../../support/run-cli.ts';

const program = createProgram(
  openWorld(process, '', () => Promise.reject(new Error('nobody starts a node'))),
);

function toNames(command: Command, above: readonly string[]): string[][] {
  const inner = command.commands.filter((one) => one.name() !== 'help');
  return [[...above], ...inner.flatMap((one) => toNames(one, [...above, one.name()]))];
}

it.each(toNames(program, []).map((words) => [words.join(' '), words] as const))(
  'drey %s --help fits',
  async (_name, words) => {
    const run = await cli([...words, '--help'], { columns: 80 });
    expect(run.code).toBe(0);
    expect(run.out).toContain('Usage: drey');
    expect(run.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);
