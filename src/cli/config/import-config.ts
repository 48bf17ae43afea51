/** `drey config import` and `restore`: the plan is shown, then agreed to, then done; drey.json first, so that nothing is lost. */
import { basename, dirname, resolve, sep } from 'node:path';
import { DreyError } from '../../../machines/words/errors.ts';
import { ownName, planImport, readClientFile } from '../../clients/clients.ts';
import type { ClientName, ImportPlan, Place } from '../../clients/clients.ts';
import { parseUpstreamConfig } from '../../upstream/upstream.ts';
import { confirm } from '../confirm.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toDoneLines, toPlanLines, toPlanView } from '../views/import-plan-view.ts';
import type { World } from '../world.ts';
import { backUp, findBackup, readTextFile, restore, writeTextFile } from './config-files.ts';
import { findDreyFile, toConnection, toHome } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';

export interface ImportConfigOptions extends ConnectionOptions {
  readonly client?: ClientName;
  readonly except?: readonly string[];
  readonly keep?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Moves the servers of a client's file behind Drey. */
export async function importConfig(world: World, file: string, options: ImportConfigOptions): Promise<void> {
  const clientFile = resolve(world.cwd, file);
  const text = await readTextFile(clientFile);
  if (text === undefined) throw new DreyError('file_unreadable', `There is no file ${clientFile}.`);
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const place = toPlace(clientFile, toHome(world.env));
  const read = readClientFile(text.slice(bom.length), place, options.client);
  const dreyFile = await findDreyFile(world, options.config);
  if (clientFile === dreyFile)
    throw new DreyError('argument_invalid', `${dreyFile} is Drey's own file; name a client's.`);
  const dreyText = await readTextFile(dreyFile);
  const connection = await toConnection(world, read.client.name, dreyFile, options);
  const plan = planImport({
    ...read,
    text: text.slice(bom.length),
    place,
    dreyText,
    connection,
    keep: options.keep ?? false,
    except: options.except ?? [],
    ownName,
  });
  for (const { alias, entry } of plan.moves) parseUpstreamConfig(alias, entry);
  const shown = {
    plan,
    connection,
    client: read.client,
    clientFile,
    dreyFile,
    isNew: dreyText === undefined,
  };
  if (!options.json) await printLines(world.stdout, toPlanLines(shown, createPaint(world.stdout, world.env)));
  const changes = [
    { path: dreyFile, before: dreyText, after: plan.dreyText },
    {
      path: clientFile,
      before: text,
      after: plan.clientText === undefined ? undefined : bom + plan.clientText,
    },
  ];
  const isDone = (await mayChange(world, plan, options)) ? await change(changes) : undefined;
  if (options.json) await printJson(world.stdout, JSON.stringify(toPlanView(shown, isDone)));
  else if (isDone !== undefined) await printLines(world.stdout, toDoneLines(shown, isDone));
}

async function mayChange(world: World, plan: ImportPlan, options: ImportConfigOptions): Promise<boolean> {
  if (options.dryRun === true || (plan.clientText === undefined && plan.dreyText === undefined)) return false;
  if (options.yes === true) return true;
  if (options.json === true) {
    throw new DreyError('argument_invalid', 'With --json nobody is asked: add --yes or --dry-run.');
  }
  if (await confirm(world, 'Do this?')) return true;
  world.stderr.write('Nothing was changed.\n');
  return false;
}

export interface Changed {
  readonly path: string;
  readonly backup: string | undefined;
}

interface Change {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Backs up and writes; throws `revision_conflict` when a file is not what it was when the plan was made. */
async function change(changes: readonly Change[]): Promise<Changed[]> {
  const due = changes.flatMap(({ path, before, after }) =>
    after === undefined ? [] : [{ path, before, after }],
  );
  for (const { path, before } of due) {
    if ((await readTextFile(path)) !== before) {
      const details = { hint: 'Close the client, which may have written it, and try again.' };
      throw new DreyError('revision_conflict', `${path} was changed by somebody else meanwhile.`, {
        details,
      });
    }
  }
  const changed: Changed[] = [];
  for (const { path, after } of due) {
    const backup = await backUp(path);
    await writeTextFile(path, after);
    changed.push({ path, backup });
  }
  return changed;
}

/** A project's file lies in the project or in a dot folder of it; the same places in a home folder are the user's own. */
export function toPlace(file: string, home: string): Place {
  const folder = dirname(file);
  const folderName = basename(folder);
  const above = /^\.(?:vscode|cursor|codex|opencode|claude)$/.test(folderName) ? dirname(folder) : folder;
  const inHome = folder.startsWith(home + sep) ? folder.slice(home.length) : '';
  const isUsers =
    above === home || /[/\\](?:\.config|\.codex|Application Support|AppData)(?:[/\\]|$)/.test(inHome);
  return { fileName: basename(file), folderName, project: isUsers ? undefined : above };
}

export interface RestoreOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Puts the newest backup of a file back. */
export async function restoreConfig(world: World, file: string, options: RestoreOptions): Promise<void> {
  const path = resolve(world.cwd, file);
  const backup = await findBackup(path);
  if (backup === undefined) throw new DreyError('file_unreadable', `There is no backup of ${path}.`);
  if (options.yes !== true) {
    if (options.json === true) {
      throw new DreyError('argument_invalid', 'With --json nobody is asked: add --yes.');
    }
    if (!(await confirm(world, `Put ${backup} back as ${path}?`))) {
      world.stderr.write('Nothing was changed.\n');
      return;
    }
  }
  const replaced = await restore(path, backup);
  if (options.json)
    return printJson(world.stdout, JSON.stringify({ file: path, backup, replaced: replaced ?? null }));
  await printLines(world.stdout, [
    `${path} is as it was.`,
    ...(replaced === undefined ? [] : [`What it replaced is in ${replaced}.`]),
  ]);
}
