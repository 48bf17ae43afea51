/**
 * `drey sops edit`: a procedure in the person's editor, and what was made of it as a new version. Nothing is sent that is
 * not sound, nothing over a version that nobody looked at, and no edit is lost: its file stays where it was not taken.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { DreyError, toDreyError } from '../../../machines/words/errors.ts';
import { Procedure } from '../../../machines/words/sops.ts';
import { findSop, openClient, openViews } from '../find-sop.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { toEditorWords } from '../terminal/open-editor.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

/** Bytes of an edited procedure. */
const fileBytesMax = 512 * 1024;

interface EditOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly from?: string;
  readonly reason?: string;
}

/** What is edited; the node says the rest of what is wrong with it. */
const Edited = z.strictObject({
  trigger: z.string().min(1),
  steps: z.array(z.string().min(1)).min(1),
  procedure: Procedure,
});
type Edited = z.infer<typeof Edited>;
/** The same of the node's answer, where more stands beside it. */
const Standing = z.object({
  sop_id: z.string(),
  ...Edited.shape,
  metadata: z.object({ version: z.number() }),
});

/** Adds `drey sops edit`. */
export function addSopEdit(sops: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('edit')), "print the node's JSON"))
    .description(
      'Opens one in your editor ($VISUAL or $EDITOR) as JSON and keeps what you made of it as a new version. Agents get ' +
        'it at once if it is active; learning no longer rewrites it. "drey sops rollback" goes back.',
    )
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .option('--from <file>', 'take this file instead of opening an editor')
    .option('--reason <text>', 'why; kept with the version')
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops edit p-3f2a91\n  EDITOR="code --wait" drey sops edit p-3f2a91 --reason "the check comes first"\n',
    )
    .action((id: string, options: EditOptions) => runEdit(world, id, options));
}

async function runEdit(world: World, id: string, options: EditOptions): Promise<void> {
  const { namespace, reason } = options;
  const client = await openClient(world, options);
  const [{ parseAnswer }] = await openViews();
  const {
    sop_id: sopId,
    metadata,
    ...content
  } = parseAnswer(Standing, (await findSop(client, id, { namespace })).value, 'a SOP');
  const before: Edited = { trigger: content.trigger, steps: content.steps, procedure: content.procedure };
  const { file, remove } =
    options.from === undefined
      ? await letEdit(world, sopId, before)
      : { file: resolve(world.cwd, options.from), remove: async () => undefined };
  const edited = await readEdited(file);
  if (JSON.stringify(edited) === JSON.stringify(before)) {
    await remove();
    return printLines(world.stderr, ['Nothing was changed.']);
  }
  const change = { version: metadata.version, reason: reason ?? 'edited by hand', ...edited };
  const answer = await client
    .change('PATCH', `/sops/${encodeURIComponent(sopId)}`, change, { namespace })
    .catch((error: unknown) => {
      throw toKept(error, file, sopId);
    });
  await remove();
  if (options.json) return printJson(world.stdout, answer.text);
  const { version } = parseAnswer(Standing, answer.value, 'a SOP').metadata;
  return printLines(world.stdout, [
    `Version ${version} stands. "drey sops diff ${sopId}" shows what changed.`,
  ]);
}

/** Writes it where only this person can read it, and waits for the editor. */
async function letEdit(
  world: World,
  sopId: string,
  before: Edited,
): Promise<{ file: string; remove: () => Promise<void> }> {
  if (world.stdout.isTTY !== true)
    throw new DreyError('argument_invalid', 'An editor needs a terminal.', {
      details: { hint: 'Write the changed procedure into a file and name it with --from.' },
    });
  const folder = await mkdtemp(join(tmpdir(), 'drey-edit-'));
  const file = join(folder, `${sopId}.json`);
  await writeFile(file, `${JSON.stringify(before, undefined, 2)}\n`, { mode: 0o600 });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const words = toEditorWords(world.env, file);
  const code = await world.openEditor(words);
  if (code === 0) return { file, remove };
  await remove();
  throw new DreyError(
    'argument_invalid',
    `Nothing was changed: the editor (${words[0]}) ended with ${code}.`,
    {
      details: { hint: 'EDITOR names another one, with the option that makes it wait.' },
    },
  );
}

async function readEdited(file: string): Promise<Edited> {
  const what = `The procedure in ${file}`;
  const hint = `Correct it and take it with "drey sops edit <id> --from ${file}".`;
  const fail = (sentence: string, cause?: unknown): DreyError =>
    new DreyError('argument_invalid', `${what} ${sentence}`, { cause, details: { hint } });
  const found = await stat(file).catch((cause: unknown) => {
    throw fail('cannot be read.', cause);
  });
  if (found.size > fileBytesMax) throw fail(`has more than ${fileBytesMax} bytes.`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw fail(`is no JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, cause);
  }
  const { data, error } = Edited.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw fail(`is not sound: ${issue?.path.join('/') || 'it'}: ${issue?.message}.`, error);
}

/** A refusal that says where the edit lies. */
function toKept(error: unknown, file: string, sopId: string): DreyError {
  const { code, message } = toDreyError(error);
  const hint = `Your edit is kept in ${file}; "drey sops edit ${sopId} --from ${file}" tries again.`;
  return new DreyError(code, message, { cause: error, details: { hint } });
}
