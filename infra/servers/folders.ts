/**
 * Where data and cache lie, and making sure that the user a server runs as can really get there. Only folders of our
 * own are created or opened up; the rights of a folder above them are never changed.
 */
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { DreyError } from '../../machines/words/errors.ts';
import type { OsUser } from './running.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The data folder when none is named: DREY_DATA, or the system's (root), or the user's own. */
export function defaultDataFolder(env: Environment, uid: number | undefined): string {
  if (env['DREY_DATA']) return resolve(env['DREY_DATA']);
  if (uid === 0) return '/var/lib/drey';
  return userFolder(env, 'XDG_DATA_HOME', '.local/share');
}

/** The cache folder: DREY_CACHE, or the system's (root), or the user's own. It holds nothing that cannot be fetched again. */
export function defaultCacheFolder(env: Environment, uid: number | undefined): string {
  if (env['DREY_CACHE']) return resolve(env['DREY_CACHE']);
  if (uid === 0) return '/var/cache/drey';
  return userFolder(env, 'XDG_CACHE_HOME', '.cache');
}

function userFolder(env: Environment, variable: string, below: string): string {
  const named = env[variable];
  // The XDG specification: a relative path is to be ignored.
  if (named?.startsWith('/')) return join(named, 'drey');
  const home = env['HOME'] ?? env['USERPROFILE'];
  if (home) return join(home, below, 'drey');
  throw new DreyError(
    'data_folder_unusable',
    'Neither DREY_DATA nor HOME is set, so there is no place for a data folder; set DREY_DATA to an absolute path.',
  );
}

/**
 * Creates the data folder and checks that `user` can enter it. As root it can be passed through, not listed, by
 * others; the secrets in it are 0600 and each server's own folder is 0700.
 */
export async function openDataFolder(dataDir: string, user: OsUser | undefined): Promise<void> {
  await makeFolder(dataDir, user === undefined ? 0o700 : 0o711);
  if (user === undefined) return;
  const { mode } = await stat(dataDir);
  if ((mode & 0o001) === 0) await chmod(dataDir, (mode & 0o777) | 0o011);
  const closed = await firstClosedFolder(dataDir, user);
  if (closed === undefined) return;
  throw new DreyError(
    'data_folder_unusable',
    `The data folder ${dataDir} cannot be reached by the user ${user.name} that the servers run as, because ` +
      `${closed} is closed to others; choose another data folder (DREY_DATA, for example /var/lib/drey) ` +
      `or run Drey as an ordinary user.`,
    { details: { folder: dataDir, closed, user: user.name } },
  );
}

/**
 * Who a server runs as: whoever owns what it wrote earlier, so that data stays usable when the preferred user changes
 * (a `postgres` was installed meanwhile); otherwise the user that was asked for.
 */
export async function serverUser(path: string, user: OsUser | undefined): Promise<OsUser | undefined> {
  if (user === undefined) return undefined;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.uid === 0 || found.uid === user.uid) return user;
  return { uid: found.uid, gid: found.gid, name: `uid ${found.uid}` };
}

/** A folder of one server inside the data folder: 0700 and owned by the user the server runs as. */
export async function openServerFolder(path: string, user: OsUser | undefined): Promise<void> {
  await makeFolder(path, 0o700);
  if (user !== undefined) await chown(path, user.uid, user.gid);
}

/** Creates a folder and those above it; one clear error when that is not possible. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await mkdir(path, { recursive: true, mode });
  } catch (cause) {
    throw new DreyError(
      'data_folder_unusable',
      `The folder ${path} cannot be created; name one that can be written (DREY_DATA for data, DREY_CACHE for the cache).`,
      { cause, details: { folder: path } },
    );
  }
}

/** The topmost folder on the way to `path` (itself included) that `user` may not pass through. */
export async function firstClosedFolder(path: string, user: OsUser): Promise<string | undefined> {
  const chain: string[] = [];
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    chain.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of chain) if (!(await mayPass(folder, user))) return folder;
  return undefined;
}

/** Whether the user can enter (a folder) or run (a file) this path, going by its permission bits. */
export async function mayPass(path: string, user: OsUser): Promise<boolean> {
  const found = await stat(path);
  if (found.uid === user.uid) return (found.mode & 0o100) !== 0;
  if (found.gid === user.gid) return (found.mode & 0o010) !== 0;
  return (found.mode & 0o001) !== 0;
}
