/** `drey sops diff` and `drey sops rollback`: what changed between two versions, and an earlier content again. */
import type { Command } from 'commander';
import { z } from 'zod';
import { findSop, openClient, openViews } from '../find-sop.ts';
import type { NodeClient } from '../node-client.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

const versionMax = 2_147_483_646;
/** Characters of one value on the screen. */
const valueCharsMax = 200;

interface VersionsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
}

const Diff = z.object({
  from: z.number(),
  to: z.number(),
  differences: z.array(
    z.object({ path: z.string(), was: z.string().nullable(), now: z.string().nullable() }),
  ),
});

/** Adds `drey sops diff`. */
export function addSopDiff(sops: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('diff')), "print the node's JSON"))
    .description('Shows what differs between two versions of one.')
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .option('--from <version>', 'the older one (the one before)', toWhole(1, versionMax))
    .option('--to <version>', 'the newer one (the one that stands)', toWhole(1, versionMax))
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops diff p-3f2a91\n  drey sops diff p-3f2a91 --from 1 --to 4\n',
    )
    .action((id: string, options: VersionsOptions) => runDiff(world, id, options));
}

/** Adds `drey sops rollback`. */
export function addSopRollback(sops: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('rollback')), "print the node's JSON"))
    .description('Gives one the content of an earlier version again, as a new version.')
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .requiredOption('--to <version>', 'whose content it gets', toWhole(1, versionMax))
    .option('--reason <text>', 'why; kept with the version')
    .addHelpText('after', '\nExamples:\n  drey sops rollback p-3f2a91 --to 2 --reason "3 skips the check"\n')
    .action((id: string, options: VersionsOptions) => runRollback(world, id, options));
}

async function find(client: NodeClient, id: string, namespace: string | undefined) {
  const [{ SopView, parseAnswer, toVersion }] = await openViews();
  const sop = parseAnswer(SopView, (await findSop(client, id, { namespace })).value, 'a SOP');
  return { path: `/sops/${encodeURIComponent(sop.sop_id)}`, sop, version: toVersion(sop) };
}

async function runDiff(world: World, id: string, options: VersionsOptions): Promise<void> {
  const { namespace } = options;
  const client = await openClient(world, options);
  const { path, version } = await find(client, id, namespace);
  const to = options.to ?? version;
  const from = options.from ?? Math.max(1, to - 1);
  const answer = await client.get(`${path}/diff`, { namespace, from, to });
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ parseAnswer }] = await openViews();
  const { differences } = parseAnswer(Diff, answer.value, 'a difference');
  const paint = createPaint(world.stdout, world.env);
  const show = (value: string): string => toSafeText(value.slice(0, valueCharsMax));
  const lines = differences.flatMap(({ path: place, was, now }) => [
    paint.name(toSafeText(place)),
    ...(was === null ? [] : [`  ${paint.warn('-')} ${show(was)}`]),
    ...(now === null ? [] : [`  ${paint.strong('+')} ${show(now)}`]),
  ]);
  const nothing = [`Versions ${from} and ${to} say the same.`];
  await printLines(world.stdout, lines.length === 0 ? nothing : lines);
}

async function runRollback(world: World, id: string, options: VersionsOptions): Promise<void> {
  const { namespace, to, reason } = options;
  const client = await openClient(world, options);
  const { path, version } = await find(client, id, namespace);
  const why = reason === undefined ? {} : { reason };
  const answer = await client.post(`${path}/rollback`, { version, to, ...why }, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ SopView, parseAnswer, toVersion }] = await openViews();
  const now = toVersion(parseAnswer(SopView, answer.value, 'a SOP'));
  await printLines(world.stdout, [`Version ${now} has the content of version ${to} again.`]);
}
