/**
 * `drey sops approve` and `drey sops retire`: a person's word on a procedure, for the version that was looked at. Nothing is
 * deleted by either, and learning takes neither back but for what it then sees.
 */
import type { Command } from 'commander';
import { findSop, openClient, openViews } from '../find-sop.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toFit } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { versionMax } from './sops-versions.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

/** Cells of a trigger in a sentence. */
const triggerCellsMax = 60;

interface WordOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly at?: number;
  readonly reason?: string;
}

interface Word {
  readonly status: 'active' | 'retired';
  /** Why, where the person does not say it. */
  readonly reason: string;
  readonly toLine: (what: string, id: string) => string;
}

const approval: Word = {
  status: 'active',
  reason: 'approved by hand',
  toLine: (what) => `${what} is active: agents that are asked for such a task get it from now on.`,
};
const retirement: Word = {
  status: 'retired',
  reason: 'retired by hand',
  toLine: (what, id) =>
    `${what} is retired: no agent gets it any more. "drey sops approve ${id}" brings it back.`,
};

/** Adds `drey sops approve`. */
export function addSopApprove(sops: Command, world: World): void {
  add(sops.command('approve'))
    .description(
      'Puts one to use: what waits for a second principal, was imported, quarantined or retired is active then. Look at it ' +
        'with show first. Predictions that miss afterwards still quarantine it.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops approve p-3f2a91\n  drey sops approve p-3f2a91 --at 2 --reason "tried it by hand"\n',
    )
    .action((id: string, options: WordOptions) => runWord(world, id, options, approval));
}

/** Adds `drey sops retire`. */
export function addSopRetire(sops: Command, world: World): void {
  add(sops.command('retire'))
    .description(
      'Takes one out of use, whatever learning says of it. Its versions and evidence stay; "drey sops approve" brings it back.',
    )
    .addHelpText('after', '\nExamples:\n  drey sops retire p-3f2a91 --reason "the old shop is gone"\n')
    .action((id: string, options: WordOptions) => runWord(world, id, options, retirement));
}

function add(command: Command): Command {
  return addNodeOptions(addJsonOption(addNamespaceOption(command), "print the node's JSON"))
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .option('--at <version>', 'only if this version stands (whichever stands)', toWhole(1, versionMax))
    .option('--reason <text>', 'why; kept with the version');
}

async function runWord(world: World, id: string, options: WordOptions, word: Word): Promise<void> {
  const { namespace } = options;
  const client = await openClient(world, options);
  const [{ SopView, parseAnswer, toVersion }] = await openViews();
  const { value } = await findSop(client, id, { namespace });
  const sop = parseAnswer(SopView, value, 'a SOP');
  const body = {
    version: options.at ?? toVersion(sop),
    status: word.status,
    reason: options.reason ?? word.reason,
  };
  const answer = await client.change('PATCH', `/sops/${encodeURIComponent(sop.sop_id)}`, body, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const now = parseAnswer(SopView, answer.value, 'a SOP');
  const trigger = toFit(toSafeText(now.trigger), triggerCellsMax);
  const what = `Version ${toVersion(now)} of "${trigger}"`;
  await printLines(world.stdout, [word.toLine(what, toSafeText(now.sop_id))]);
}
