/** `drey hook install`: the hook's entries in Claude Code's settings, shown, agreed to, written, with a backup beside. */
import { join, resolve } from 'node:path';
import { planHooks } from '../../clients/clients.ts';
import { confirm } from '../confirm.ts';
import { defaultFolder } from '../hook.ts';
import { toDataFolder } from '../node-address.ts';
import { printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { backUp, readTextFile, writeTextFile } from './config-files.ts';
import { toDreyWords, toHome } from './connection.ts';

export interface InstallOptions {
  readonly url?: string;
  readonly data?: string;
  readonly namespace?: string;
  readonly project?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Adds the hook to the user's or the project's settings. */
export async function installHook(world: World, options: InstallOptions): Promise<void> {
  const folder = options.project === true ? world.cwd : toHome(world.env);
  const file = join(folder, '.claude', 'settings.json');
  const before = await readTextFile(file);
  const command = await toCommand(world, options);
  const { added, text } = planHooks(before ?? '', command);
  if (text === undefined) return printLines(world.stdout, [`${file} has the hook already.`]);
  const paint = createPaint(world.stdout, world.env);
  await printLines(world.stdout, [
    `${paint.strong('Claude Code')}, ${toSafeText(file)}${before === undefined ? ' (new)' : ''}`,
    ...added.map((event) => paint.good(`  + ${event.padEnd(18)}  ${toSafeText(command)}`)),
  ]);
  if (options.dryRun === true) return;
  if (options.yes !== true && !(await confirm(world, 'Do this?'))) {
    world.stderr.write('Nothing was changed.\n');
    return;
  }
  const backup = await backUp(file);
  await writeTextFile(file, text);
  await printLines(world.stdout, [
    ...(backup === undefined ? [] : [`The backup is ${backup}.`]),
    `New sessions of Claude Code use it. To go back: drey config restore ${file}`,
  ]);
}

/** The words for a shell. A data folder that the hook would not find by itself is named. */
async function toCommand(world: World, options: InstallOptions): Promise<string> {
  const data = await toDataFolder(world, options);
  const isNamed = options.url !== undefined;
  const named = Object.entries({
    url: options.url,
    data: isNamed || data === defaultFolder(world.env, world.uid) ? undefined : resolve(world.cwd, data),
    namespace: options.namespace,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return [...(await toDreyWords(world, true)), 'hook', ...named].map(toShellWord).join(' ');
}

function toShellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
