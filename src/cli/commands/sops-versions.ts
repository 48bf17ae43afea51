/** `drey sops versions`, `diff` and `rollback`: who changed what and why, what differs, and an earlier content again. */
import type { Command } from 'commander';
import { z } from 'zod';
import { findSop, openClient, openViews } from '../find-sop.ts';
import type { NodeClient } from '../node-client.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint, paintState } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns, toTable } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

/** The highest number of a version. */
export const versionMax = 2_147_483_646;
/** Versions that the node lists at a time. */
const listedMax = 100;
/** Characters of one value on the screen. */
const valueCharsMax = 200;

interface VersionsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
  readonly limit?: number;
}

const Versions = z.object({
  versions: z.array(
    z.object({
      version: z.number(),
      content: z.looseObject({ status: z.string().catch('') }),
      cause: z.looseObject({ by: z.string().catch(''), reason: z.string().catch('') }),
      created_at: z.string(),
    }),
  ),
  next: z.string().nullable().catch(null),
});

const Diff = z.object({
  from: z.number(),
  to: z.number(),
  differences: z.array(
    z.object({ path: z.string(), was: z.string().nullable(), now: z.string().nullable() }),
  ),
});

/** Adds `drey sops versions`. */
export function addSopVersions(sops: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('versions')), "print the node's JSON"))
    .description('Lists the versions of one, the newest first: when, by whom and why it was changed.')
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .option('--limit <number>', 'at most so many (20)', toWhole(1, listedMax))
    .addHelpText('after', '\nExamples:\n  drey sops versions p-3f2a91\n')
    .action((id: string, options: VersionsOptions) => runVersions(world, id, options));
}

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

async function runVersions(world: World, id: string, options: VersionsOptions): Promise<void> {
  const { namespace, limit } = options;
  const client = await openClient(world, options);
  const { path, version: standing } = await find(client, id, namespace);
  const answer = await client.get(`${path}/versions`, { namespace, limit });
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ parseAnswer }] = await openViews();
  const { versions, next } = parseAnswer(Versions, answer.value, 'a list of versions');
  const paint = createPaint(world.stdout, world.env);
  const columns = [
    { title: 'VERSION', align: 'right' },
    { title: 'WHEN' },
    { title: 'BY' },
    { title: 'STATUS' },
    { title: 'WHY' },
  ] as const;
  const rows = versions.map(({ version, content: { status }, cause, created_at: at }) => [
    version === standing ? { text: String(version), paint: paint.strong } : String(version),
    { text: at, paint: paint.faint },
    cause.by,
    { text: status, paint: paintState(paint, status) },
    cause.reason,
  ]);
  const more = next === null ? [] : ['There are older ones; --limit shows more.'];
  await printLines(world.stdout, [...toTable(columns, rows, toColumns(world.stdout)), ...more]);
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
