/**
 * Small files that are either there with all of their content or not there at all, however the writer dies:
 * secrets, remembered ports, configuration.
 */
import { randomBytes } from 'node:crypto';
import { chown, link, open, readFile, rename, rm } from 'node:fs/promises';

import { DreyError } from '../../machines/words/errors.ts';
import type { OsUser } from './running.ts';

export interface WholeFileOptions {
  readonly mode: number;
  readonly owner?: OsUser | undefined;
}

/** Writes or replaces a file atomically. */
export async function writeWhole(path: string, text: string, o: WholeFileOptions): Promise<void> {
  const draft = await writeDraft(path, text, o);
  await rename(draft, path);
}

/** Creates a file with its content; false when one of that name is there already. */
export async function createWhole(path: string, text: string, o: WholeFileOptions): Promise<boolean> {
  const draft = await writeDraft(path, text, o);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The secret in this file; a new random one (256 bits) is made at the first time. Only its owner can read it. */
export async function keepSecret(
  path: string,
): Promise<{ readonly secret: string; readonly isNew: boolean }> {
  const draft = `${randomBytes(32).toString('base64url')}\n`;
  const kept = await readFile(path, 'utf8').catch(() => '');
  const isNew = kept === '' && (await createWhole(path, draft, { mode: 0o600 }));
  const secret = (kept || (await readFile(path, 'utf8'))).trim();
  if (secret !== '') return { secret, isNew };
  throw new DreyError('file_unreadable', `The file ${path} should hold a secret but is empty; remove it.`);
}

async function writeDraft(path: string, text: string, o: WholeFileOptions): Promise<string> {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const file = await open(draft, 'wx', o.mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  if (o.owner !== undefined) await chown(draft, o.owner.uid, o.owner.gid);
  return draft;
}
