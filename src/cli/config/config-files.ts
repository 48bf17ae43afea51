/**
 * Configuration files on the disk: read whole, written whole or not at all, with their rights kept, and a numbered backup
 * beside each file that is changed.
 */
import { chmod, copyFile, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DreyError } from '../../../machines/words/errors.ts';

/** Larger ones are no configuration. */
const fileBytesMax = 64 * 1024 * 1024;
/** Backups of one file; somebody who has more should look at them. */
const backupsMax = 99;

/** The text of a file; undefined when there is none. Throws `file_unreadable`. */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > fileBytesMax) throw new Error(`it is larger than ${fileBytesMax} bytes`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (cause) {
    if (toCode(cause) === 'ENOENT') return undefined;
    const why = cause instanceof Error ? cause.message : 'unknown';
    throw new DreyError('file_unreadable', `${path} cannot be read: ${why}.`, { cause });
  }
}

/** Replaces a file's content, following links; a new file is its user's alone, since it may hold keys. */
export async function writeTextFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  const fresh = `${target}.drey-new`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(fresh, text, { mode });
    await chmod(fresh, mode);
    await rename(fresh, target);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw toUnwritable(path, cause);
  }
}

/** Copies a file beside itself and gives back where; undefined when there is nothing to copy. */
export async function backUp(path: string): Promise<string | undefined> {
  for (let number = 1; number <= backupsMax; number += 1) {
    const backup = toBackup(path, number);
    if (await exists(backup)) continue;
    try {
      await copyFile(path, backup);
      return backup;
    } catch (cause) {
      if (toCode(cause) === 'ENOENT') return undefined;
      throw toUnwritable(backup, cause);
    }
  }
  throw new DreyError('limit_reached', `${path} has ${backupsMax} backups; remove those you do not need.`);
}

/** The newest backup of a file. */
export async function findBackup(path: string): Promise<string | undefined> {
  let newest: string | undefined;
  for (let number = 1; number <= backupsMax; number += 1) {
    if (await exists(toBackup(path, number))) newest = toBackup(path, number);
  }
  return newest;
}

/** Puts a backup back, byte for byte, and keeps what was there; gives back where that is. */
export async function restore(path: string, backup: string): Promise<string | undefined> {
  const target = await realpath(path).catch(() => path);
  const replaced = `${path}.drey-replaced`;
  try {
    const had = await exists(target);
    if (had) await copyFile(target, replaced);
    await rename(backup, target);
    return had ? replaced : undefined;
  } catch (cause) {
    throw toUnwritable(path, cause);
  }
}

function toBackup(path: string, number: number): string {
  return `${path}.drey-backup${number === 1 ? '' : `.${number}`}`;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function toUnwritable(path: string, cause: unknown): DreyError {
  const why = cause instanceof Error ? cause.message : 'unknown';
  return new DreyError('permission_denied', `${path} cannot be written: ${why}.`, { cause });
}

function toCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
