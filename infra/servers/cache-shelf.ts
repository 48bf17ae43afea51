/** Putting a fetched nats-server into the cache folder: under the version it says itself, by one rename. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { makeFolder } from './folders.ts';
import { isAlive } from './processes.ts';

const draftPattern = /^draft\.(\d+)\./;

/** An empty folder on the shelf to fetch into; those of processes that died are removed. */
export async function openDraft(shelf: string): Promise<string> {
  await makeFolder(shelf, 0o755);
  for (const name of await readdir(shelf)) {
    const pid = Number(draftPattern.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(shelf, name), { recursive: true, force: true });
  }
  const draft = join(shelf, `draft.${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(draft, { mode: 0o755 });
  return draft;
}

/** Moves the program to its place and answers where that is; one that is there already stays. */
export async function shelve(shelf: string, fetched: string, version: string, name: string): Promise<string> {
  const folder = join(shelf, version);
  const place = join(folder, name);
  await makeFolder(folder, 0o755);
  if ((await stat(place).catch(() => undefined)) !== undefined) return place;
  await chmod(fetched, 0o755);
  await rename(fetched, place);
  return place;
}
