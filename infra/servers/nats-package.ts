/**
 * Fetches nats-server through apt into the cache folder, without root and without installing anything: apt works on
 * private lists and a private cache, checks the archive's signatures as always, and the package is only unpacked.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { openDraft, shelve } from './cache-shelf.ts';
import { isUsable } from './nats-version.ts';
import type { Attempt } from './nats-version.ts';
import type { Log } from './running.ts';

export interface PackageOptions {
  readonly shelf: string;
  readonly log: Log;
  readonly withinMs: number;
  /** The machine's own sources; copied, never changed. */
  readonly sourcesDir?: string | undefined;
}

const run = promisify(execFile);
const outputBytesMax = 4 * 1024 * 1024;

/** The program out of the distribution's package, or why it cannot be had. */
export async function natsFromPackageManager(o: PackageOptions): Promise<Attempt> {
  if (process.platform !== 'linux') return { why: `there is no apt on ${process.platform}` };
  const deadline = AbortSignal.timeout(o.withinMs);
  let draft: string | undefined;
  try {
    await run('apt-get', ['--version'], { signal: deadline });
    draft = await openDraft(o.shelf);
    o.log.info({}, 'Fetching nats-server through apt.');
    await download(draft, o.sourcesDir ?? '/etc/apt', deadline);
    const name = (await readdir(draft)).find((entry) => entry.endsWith('.deb'));
    if (name === undefined) return { why: 'apt has no package nats-server' };
    await run('dpkg', ['-x', join(draft, name), join(draft, 'tree')], { signal: deadline });
    const attempt = await isUsable(join(draft, 'tree', 'usr', 'sbin', 'nats-server'));
    if (!('path' in attempt)) return attempt;
    return {
      path: await shelve(o.shelf, attempt.path, attempt.version, 'nats-server'),
      version: attempt.version,
    };
  } catch (error) {
    return { why: reasonOf(error) };
  } finally {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function download(draft: string, sourcesDir: string, signal: AbortSignal): Promise<void> {
  const sources = join(draft, 'etc', 'sources.list');
  const parts = join(draft, 'etc', 'sources.list.d');
  for (const path of [
    parts,
    join(draft, 'state', 'lists', 'partial'),
    join(draft, 'cache', 'archives', 'partial'),
  ]) {
    await mkdir(path, { recursive: true });
  }
  await cp(join(sourcesDir, 'sources.list'), sources).catch(async () => writeFile(sources, ''));
  await cp(join(sourcesDir, 'sources.list.d'), parts, { recursive: true, dereference: true }).catch(
    () => undefined,
  );
  const settings = [
    `Dir::Etc::SourceList=${sources}`,
    `Dir::Etc::SourceParts=${parts}`,
    `Dir::State=${join(draft, 'state')}`,
    'Dir::State::Status=/var/lib/dpkg/status',
    `Dir::Cache=${join(draft, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::http::Timeout=15',
    'Acquire::https::Timeout=15',
    'Acquire::Retries=1',
    // Root would otherwise step down to a user that cannot enter our folder.
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  const how = { signal, cwd: draft, maxBuffer: outputBytesMax, env: { ...process.env, LC_ALL: 'C' } };
  // One source that cannot be reached makes the update fail, although the others have what we want.
  await run('apt-get', ['-qq', ...settings, 'update'], how).catch(() => undefined);
  signal.throwIfAborted();
  await run('apt-get', ['-qq', ...settings, 'download', 'nats-server'], how);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'it did not finish in time';
  if ('code' in error && error.code === 'ENOENT') return 'apt-get is not installed';
  const printed = 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
  return printed || error.message;
}
