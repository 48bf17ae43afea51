/** `drey sops`: the procedures that were learned, as a list or one in full. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { findSop, openClient, openViews, sopPageSize } from '../find-sop.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { addSopApprove, addSopRetire } from './sops-approve.ts';
import { addSopEdit } from './sops-edit.ts';
import { addSopExport, addSopImport } from './sops-files.ts';
import { addSopRun } from './sops-run.ts';
import { addSopDiff, addSopRollback, addSopVersions } from './sops-versions.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toFraction, toWhole } from './shared-options.ts';

interface SopsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
}

interface ListOptions extends SopsOptions {
  readonly minConfidence?: number;
  readonly status?: string;
  readonly limit?: number;
  readonly offset?: number;
}

const statuses = ['candidate', 'shadow', 'active', 'quarantined', 'deprecated', 'retired'];

export function addSops(program: Command, world: World): void {
  const sops = program
    .command('sops')
    .alias('sop')
    .summary('show and change learned procedures')
    .description(
      'Shows the standard operating procedures that were learned, follows, approves and changes them.',
    );
  addNodeOptions(
    addJsonOption(addNamespaceOption(sops.command('list', { isDefault: true })), "print the node's JSON"),
  )
    .description('Lists them, best first.')
    .option('--min-confidence <fraction>', 'leave out what is less sure', toFraction)
    .addOption(new Option('--status <status>', 'only those').choices(statuses))
    .option('--limit <number>', 'at most so many (50)', toWhole(1, sopPageSize))
    .option('--offset <number>', 'leave out the first', toWhole(0, 1_000_000))
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops\n  drey sops list --namespace support --min-confidence 0.7\n',
    )
    .action((options: ListOptions) => runList(world, options));
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('show')), "print the node's JSON"))
    .description(
      'Shows one in full: its steps, where arguments come from, pitfalls, and the calls that prove it.',
    )
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .addHelpText('after', '\nExamples:\n  drey sops show p-3f2a91\n')
    .action((id: string, options: SopsOptions) => runShow(world, id, options));
  addSopRun(sops, world);
  addSopApprove(sops, world);
  addSopRetire(sops, world);
  addSopEdit(sops, world);
  addSopExport(sops, world);
  addSopImport(sops, world);
  addSopVersions(sops, world);
  addSopDiff(sops, world);
  addSopRollback(sops, world);
}

async function runList(world: World, options: ListOptions): Promise<void> {
  const { namespace, minConfidence, status, limit, offset } = options;
  const client = await openClient(world, options);
  const query = { namespace, min_confidence: minConfidence, status, limit, offset };
  const answer = await client.get('/sops', query);
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ SopsAnswer, parseAnswer }, { toSopsLines }] = await openViews();
  const { sops } = parseAnswer(SopsAnswer, answer.value, 'a list of SOPs');
  const paint = createPaint(world.stdout, world.env);
  await printLines(world.stdout, toSopsLines(sops, paint, toColumns(world.stdout)));
}

async function runShow(world: World, id: string, options: SopsOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await findSop(client, id, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ SopView, parseAnswer }, { toSopLines }] = await openViews();
  const sop = parseAnswer(SopView, answer.value, 'a SOP');
  await printLines(world.stdout, toSopLines(sop, createPaint(world.stdout, world.env)));
}
