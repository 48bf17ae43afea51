/** `drey sops export` and `drey sops import`: procedures as files. A file that is there already is never overwritten. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { confirm } from '../confirm.ts';
import { findSop, openClient, openViews } from '../find-sop.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { writeNew } from '../write-new.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

/** Bytes of a file that is taken in. */
const fileBytesMax = 1024 * 1024;
const formats = ['json', 'skill', 'prompt', 'xstate', 'mermaid'];

interface ExportOptions extends NodeOptions {
  readonly namespace?: string;
  readonly format: string;
  readonly out?: string;
}

interface ImportOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly into?: string;
  readonly yes?: boolean;
}

/** A path that leads nowhere but into the folder. */
const innerPath = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}$/);
const Exported = z.object({
  text: z.string(),
  files: z
    .array(z.object({ path: innerPath, text: z.string() }))
    .max(16)
    .optional(),
});
type Exported = z.infer<typeof Exported>;
const Imported = z.object({ sop_id: z.string(), version: z.number(), status: z.string() });

/** Adds `drey sops export`. */
export function addSopExport(sops: Command, world: World): void {
  addNodeOptions(addNamespaceOption(sops.command('export')))
    .description('Writes one in a form that other programs take.')
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .addOption(
      new Option(
        '--format <format>',
        'json (for `drey sops import`), skill (SKILL.md), prompt (MCP), xstate (a machine for Stately), mermaid',
      )
        .choices(formats)
        .default('json'),
    )
    .option(
      '--out <path>',
      'into this new file instead of onto the screen; for a skill the folder that its own folder goes into, ' +
        'or an .md file for the text alone',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops export p-3f2a91 --format skill --out ~/.claude/skills\n' +
        '  drey sops export p-3f2a91 --out procedure.json\n  drey sops export p-3f2a91 --format mermaid\n',
    )
    .action((id: string, options: ExportOptions) => runExport(world, id, options));
}

/** Adds `drey sops import`. */
export function addSopImport(sops: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('import')), "print the node's JSON"))
    .description('Takes in a procedure that was exported: a new candidate, or a new version of one there is.')
    .argument('<file>', 'what `drey sops export` wrote')
    .option('--into <id>', 'make it a new version of this procedure')
    .option('--yes', 'do not ask before a new version is made')
    .addHelpText('after', '\nExamples:\n  drey sops import procedure.json --namespace support\n')
    .action((file: string, options: ImportOptions) => runImport(world, file, options));
}

async function runExport(world: World, id: string, options: ExportOptions): Promise<void> {
  const { namespace, format, out } = options;
  const client = await openClient(world, options);
  const [{ SopView, parseAnswer }] = await openViews();
  const sop = parseAnswer(SopView, (await findSop(client, id, { namespace })).value, 'a SOP');
  const path = `/sops/${encodeURIComponent(sop.sop_id)}/export`;
  const answer = await client.get(path, { namespace, format });
  const exported = parseAnswer(Exported, answer.value, 'an exported SOP');
  if (out === undefined) return void world.stdout.write(exported.text);
  for (const { path: place, text } of toWritten(out, exported)) {
    const whole = resolve(world.cwd, place);
    if (place !== out) await makeFolder(dirname(whole));
    await writeNew(whole, text);
    await printLines(world.stdout, [`Written: ${toSafeText(place)}`]);
  }
}

/** What is written where: a format of several files goes into a folder, unless one document is named. */
function toWritten(out: string, { text, files }: Exported): NonNullable<Exported['files']> {
  if (files === undefined || /\.(?:md|markdown|txt)$/i.test(out)) return [{ path: out, text }];
  return files.map((file) => ({ path: join(out, file.path), text: file.text }));
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new DreyError('argument_invalid', `${path} cannot be made a folder: ${String(cause)}`, { cause });
  });
}

async function runImport(world: World, file: string, options: ImportOptions): Promise<void> {
  const { namespace } = options;
  const document = await readDocument(resolve(world.cwd, file));
  const client = await openClient(world, options);
  const [{ SopView, parseAnswer, toVersion }] = await openViews();
  const body: Record<string, unknown> = { document };
  if (options.into !== undefined) {
    const now = parseAnswer(SopView, (await findSop(client, options.into, { namespace })).value, 'a SOP');
    const question = `Make it version ${toVersion(now) + 1} of "${toSafeText(now.trigger)}" (${now.sop_id})?`;
    if (options.yes !== true && !(await confirm(world, question))) return;
    body['into'] = { sop_id: now.sop_id, version: toVersion(now) };
  }
  const answer = await client.post('/sops/import', body, { namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const { sop_id: id, version, status } = parseAnswer(Imported, answer.value, 'an imported SOP');
  const hint = status === 'candidate' ? ` "drey sops approve ${toSafeText(id)}" puts it to use.` : '';
  await printLines(world.stdout, [`${toSafeText(id)}  version ${version}  ${toSafeText(status)}.${hint}`]);
}

async function readDocument(path: string): Promise<unknown> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new DreyError('argument_invalid', `${path} cannot be taken in: ${why}`, { cause });
  };
  const { size } = await stat(path).catch((cause: unknown) => refuse(String(cause), cause));
  if (size > fileBytesMax) refuse(`it has ${size} bytes; ${fileBytesMax} are taken at most`);
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    return refuse('it is not JSON; export it with --format json', cause);
  }
}
