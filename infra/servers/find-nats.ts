/**
 * Finds a nats-server to run, in a fixed order: named by the environment, on the PATH, in the cache folder, from the
 * official release, from the operating system's package manager. Each step says why it did not help, and when none
 * did, one error names them all.
 */
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

import { DreyError } from '../../machines/words/errors.ts';
import { natsFromPackageManager } from './nats-package.ts';
import { natsFromRelease } from './nats-release.ts';
import { compareVersions, isAtLeast, isUsable, oldestVersion } from './nats-version.ts';
import type { Attempt } from './nats-version.ts';
import type { Log } from './running.ts';

/** The release that is fetched when the machine has none. */
export const pinnedVersion = '2.12.14';
const recommendedVersion = '2.12.0';
const officialReleases = 'https://github.com/nats-io/nats-server/releases/download';

export interface FindNatsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cacheDir: string;
  readonly log: Log;
  /** Where releases lie; stands above DREY_NATS_RELEASES. */
  readonly releaseBaseUrl?: string | undefined;
  /** How long the release server may take to say anything. */
  readonly connectWithinMs?: number | undefined;
  /** How long fetching a whole archive, or all of the package manager's work, may take. */
  readonly fetchWithinMs?: number | undefined;
}

export interface FoundNats {
  readonly path: string;
  readonly version: string;
  readonly foundBy: 'env' | 'path' | 'cache' | 'release' | 'package_manager';
}

const program = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

/** Walks the chain; throws nats_server_missing when it ends without a program. */
export async function findNatsServer(o: FindNatsOptions): Promise<FoundNats> {
  const named = o.env['DREY_NATS_SERVER'];
  if (named) return fromEnvironment(named);
  const shelf = join(o.cacheDir, 'nats-server');
  const fetching = { shelf, log: o.log, withinMs: o.fetchWithinMs ?? 180_000 };
  const baseUrl = o.releaseBaseUrl ?? o.env['DREY_NATS_RELEASES'] ?? officialReleases;
  const steps: readonly (readonly [FoundNats['foundBy'], string, () => Promise<Attempt>])[] = [
    ['path', 'the PATH', () => fromPath(o.env['PATH'])],
    ['cache', `the cache folder ${shelf}`, () => fromCache(shelf)],
    [
      'release',
      `the official release from ${baseUrl}`,
      () =>
        natsFromRelease({
          ...fetching,
          baseUrl,
          version: pinnedVersion,
          connectWithinMs: o.connectWithinMs ?? 4_000,
        }),
    ],
    [
      'package_manager',
      "the operating system's package manager (apt)",
      () => natsFromPackageManager(fetching),
    ],
  ];
  const reasons: string[] = ['DREY_NATS_SERVER is not set'];
  for (const [foundBy, place, look] of steps) {
    const attempt = await look();
    if ('path' in attempt) {
      const isRecommended = isAtLeast(attempt.version, recommendedVersion);
      const sentence = isRecommended
        ? 'Found a nats-server.'
        : `Found a nats-server; ${recommendedVersion} is recommended.`;
      o.log.info({ path: attempt.path, version: attempt.version, foundBy }, sentence);
      return { ...attempt, foundBy };
    }
    reasons.push(`${place}: ${attempt.why}`);
    o.log.debug({ place, why: attempt.why }, 'No nats-server there.');
  }
  throw new DreyError(
    'nats_server_missing',
    `No nats-server was found (${reasons.join('; ')}). Install nats-server ${oldestVersion} or newer, name one in ` +
      `DREY_NATS_SERVER, name a mirror of the releases in DREY_NATS_RELEASES, or set DREY_NATS_URL to a running server.`,
    { details: { tried: reasons } },
  );
}

/** The nats-server that is here already, or why there is none; nothing is fetched. */
export async function lookForNats(o: Pick<FindNatsOptions, 'env' | 'cacheDir'>): Promise<Attempt> {
  const named = o.env['DREY_NATS_SERVER'];
  if (named) return isUsable(resolve(named));
  const onPath = await fromPath(o.env['PATH']);
  return 'path' in onPath ? onPath : fromCache(join(o.cacheDir, 'nats-server'));
}

/** A name that was given is not guessed around: it works or it is an error. */
async function fromEnvironment(named: string): Promise<FoundNats> {
  const path = resolve(named);
  const attempt = await isUsable(path);
  if ('path' in attempt) return { ...attempt, foundBy: 'env' };
  throw new DreyError(
    'nats_server_missing',
    `DREY_NATS_SERVER names ${path}, but ${attempt.why}; name a nats-server ${oldestVersion} or newer, or unset it.`,
  );
}

async function fromPath(path = ''): Promise<Attempt> {
  let why = 'no nats-server in it';
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, program);
    if (folder === '' || !(await canRun(candidate))) continue;
    const attempt = await isUsable(candidate);
    if ('path' in attempt) return attempt;
    why = attempt.why;
  }
  return { why };
}

/** The newest of the cached ones that runs. */
async function fromCache(shelf: string): Promise<Attempt> {
  const names = await readdir(shelf).catch(() => []);
  const newestFirst = names
    .filter((name) => /^\d/.test(name))
    .sort((one, other) => compareVersions(other, one));
  for (const name of newestFirst) {
    const attempt = await isUsable(join(shelf, name, program));
    if ('path' in attempt) return attempt;
  }
  return { why: 'empty' };
}

async function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
