// The chain that finds a nats-server: each of its steps, against a release server and a package archive of our own.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { natsFromPackageManager } from '../../../infra/servers/nats-package.ts';
import { archiveName } from '../../../infra/servers/nats-release.ts';
import { findNatsServer, pinnedVersion } from '../../../infra/servers/servers.ts';
import { quietLog, recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

const run = promisify(execFile);
let folder: TemporaryFolder;
let cacheDir: string;
let servers: Server[];

beforeEach(async () => {
  folder = await temporaryFolder('drey-find');
  cacheDir = join(folder.path, 'cache');
  servers = [];
});

afterEach(async () => {
  servers.forEach((server) => server.closeAllConnections());
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  await folder.remove();
});

/** Something that says it is a nats-server; the chain asks for no more. */
async function placeProgram(place: string, version: string): Promise<string> {
  await mkdir(place, { recursive: true });
  const path = join(place, 'nats-server');
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

/** A release server with an archive of `version`, whose list of checksums is what `sums` makes of it. */
async function openReleases(
  version: string,
  sums: (line: string) => string = (line) => line,
): Promise<string> {
  const name = archiveName(pinnedVersion, process.platform, process.arch) ?? '';
  const inner = name.replace('.tar.gz', '');
  await placeProgram(join(folder.path, 'release', inner), version);
  const archive = join(folder.path, name);
  await create({ file: archive, gzip: true, cwd: join(folder.path, 'release') }, [inner]);
  const bytes = await readFile(archive);
  const line = sums(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
  return listen((path) => {
    if (path === `/v${pinnedVersion}/SHA256SUMS`) return Buffer.from(`${'0'.repeat(64)}  other.zip\n${line}`);
    return path === `/v${pinnedVersion}/${name}` ? bytes : undefined;
  });
}

function listen(answer: (path: string) => Buffer | undefined | 'never'): Promise<string> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '');
    if (body === 'never') return;
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}

describe('a nats-server is found', () => {
  test('where DREY_NATS_SERVER says, before anywhere else', async () => {
    const path = await placeProgram(join(folder.path, 'named'), '2.12.3');
    await placeProgram(join(folder.path, 'bin'), '2.14.0');
    const env = { DREY_NATS_SERVER: path, PATH: join(folder.path, 'bin') };
    expect(await findNatsServer({ env, cacheDir, log: quietLog })).toEqual({
      path,
      version: '2.12.3',
      foundBy: 'env',
    });
  });

  test('on the PATH, where one that is too old is passed over', async () => {
    await placeProgram(join(folder.path, 'old'), '2.8.4');
    const path = await placeProgram(join(folder.path, 'bin'), '2.14.0');
    const env = { PATH: ['/nowhere', join(folder.path, 'old'), join(folder.path, 'bin')].join(':') };
    const found = await findNatsServer({ env, cacheDir, log: quietLog });
    expect(found).toEqual({ path, version: '2.14.0', foundBy: 'path' });
  });

  test('in the cache folder, the newest that runs', async () => {
    const shelf = join(cacheDir, 'nats-server');
    await placeProgram(join(shelf, '2.9.10'), '2.9.10');
    const path = await placeProgram(join(shelf, '2.12.3'), '2.12.3');
    await mkdir(join(shelf, '2.14.0'), { recursive: true });
    const found = await findNatsServer({ env: {}, cacheDir, log: quietLog });
    expect(found).toEqual({ path, version: '2.12.3', foundBy: 'cache' });
  });

  test('in the official release, checked, and the next time in the cache', async () => {
    const releaseBaseUrl = await openReleases('2.12.14');
    const path = join(cacheDir, 'nats-server', '2.12.14', 'nats-server');
    const first = await findNatsServer({ env: {}, cacheDir, log: quietLog, releaseBaseUrl });
    expect(first).toEqual({ path, version: '2.12.14', foundBy: 'release' });
    const second = await findNatsServer({ env: {}, cacheDir, log: quietLog, releaseBaseUrl });
    expect(second).toEqual({ path, version: '2.12.14', foundBy: 'cache' });
    expect(await readdir(join(cacheDir, 'nats-server'))).toEqual(['2.12.14']);
  });

  test('in a mirror of the releases that DREY_NATS_RELEASES names', async () => {
    const env = { DREY_NATS_RELEASES: `${await openReleases('2.12.14')}/` };
    expect((await findNatsServer({ env, cacheDir, log: quietLog })).foundBy).toBe('release');
  });

  test('once, although two nodes look for it at the same time', async () => {
    const releaseBaseUrl = await openReleases('2.12.14');
    const look = () => findNatsServer({ env: {}, cacheDir, log: quietLog, releaseBaseUrl });
    const [one, other] = await Promise.all([look(), look()]);
    expect(one.path).toBe(other.path);
    expect(await readdir(join(cacheDir, 'nats-server'))).toEqual(['2.12.14']);
  });
});

describe('a nats-server is not taken', () => {
  // The package manager's step gets no time in these tests, so the chain ends after the release.
  const atEnd = { fetchWithinMs: 1_500, connectWithinMs: 300 };
  const failure = async (o: Partial<Parameters<typeof findNatsServer>[0]>): Promise<Error> => {
    const found = findNatsServer({ env: {}, cacheDir, log: quietLog, ...atEnd, ...o });
    return found.then(
      () => new Error('found one'),
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
  };

  test('from DREY_NATS_SERVER when that names no nats-server, and nothing else is tried', async () => {
    const path = join(folder.path, 'not-a-server');
    await writeFile(path, 'hello');
    const error = await failure({ env: { DREY_NATS_SERVER: path, PATH: '/usr/bin' } });
    expect(error).toMatchObject({ code: 'nats_server_missing' });
    expect(error.message).toContain(`DREY_NATS_SERVER names ${path}`);
  });

  test('from a release whose checksum is wrong: the archive goes, and it is said aloud', async () => {
    const releaseBaseUrl = await openReleases('2.12.14', (line) => line.replace(/^../, 'ff'));
    const { log, sentences } = recordingLog();
    const error = await failure({ releaseBaseUrl, log, fetchWithinMs: 1_500 });
    expect(error.message).toMatch(/does not match the release's SHA256SUMS/);
    expect(sentences.join('\n')).toMatch(/does not match the release's SHA256SUMS/);
    expect(await stat(join(cacheDir, 'nats-server', '2.12.14')).catch(() => 'none')).toBe('none');
    expect(await readdir(join(cacheDir, 'nats-server'))).toEqual([]);
  });

  test('from a release that does not list it', async () => {
    const error = await failure({ releaseBaseUrl: await openReleases('2.12.14', () => '') });
    expect(error.message).toMatch(/does not list nats-server-v/);
  });

  test('from a release server that says nothing: the chain goes on after the bound', async () => {
    const releaseBaseUrl = await listen(() => 'never');
    const begin = performance.now();
    const error = await failure({ releaseBaseUrl });
    expect(error.message).toMatch(/no answer in time/);
    expect(performance.now() - begin).toBeLessThan(4_000);
  });

  test('from anywhere: one error names every place and every way out', async () => {
    const error = await failure({ releaseBaseUrl: await listen(() => undefined) });
    expect(error).toMatchObject({ code: 'nats_server_missing', exit: 69 });
    for (const word of [
      'DREY_NATS_SERVER',
      'PATH',
      'cache folder',
      'release',
      '404',
      'apt',
      'DREY_NATS_RELEASES',
      'DREY_NATS_URL',
    ]) {
      expect(error.message).toContain(word);
    }
  });
});

const hasApt = await run('sh', ['-c', 'command -v apt-get && command -v dpkg-deb']).then(
  () => true,
  () => false,
);

describe.skipIf(!hasApt)("the distribution's package", () => {
  /** A package archive in a folder, as `deb file:` understands it. */
  async function openArchive(packageName: string): Promise<string> {
    const tree = join(folder.path, 'package');
    await placeProgram(join(tree, 'usr', 'sbin'), '2.10.27');
    await mkdir(join(tree, 'DEBIAN'), { recursive: true });
    const control = `Package: ${packageName}\nVersion: 2.10.27-1\nArchitecture: all\nMaintainer: Test <t@example.org>\nDescription: test\n`;
    await writeFile(join(tree, 'DEBIAN', 'control'), control);
    const archive = join(folder.path, 'archive');
    await mkdir(archive);
    await run('dpkg-deb', ['--root-owner-group', '-b', tree, join(archive, 'it.deb')]);
    const bytes = await readFile(join(archive, 'it.deb'));
    const sum = createHash('sha256').update(bytes).digest('hex');
    await writeFile(
      join(archive, 'Packages'),
      `${control}Filename: ./it.deb\nSize: ${bytes.length}\nSHA256: ${sum}\n`,
    );
    const sourcesDir = join(folder.path, 'etc');
    await mkdir(join(sourcesDir, 'sources.list.d'), { recursive: true });
    // Another source that cannot be reached must not keep us from the one that can.
    await writeFile(join(sourcesDir, 'sources.list'), `deb [trusted=yes] file:${folder.path}/gone ./\n`);
    const source = join(sourcesDir, 'ours');
    await writeFile(source, `deb [trusted=yes] file:${archive} ./\n`);
    await symlink(source, join(sourcesDir, 'sources.list.d', 'ours.list'));
    return sourcesDir;
  }

  test('is unpacked into the cache folder, without being installed', async () => {
    const sourcesDir = await openArchive('nats-server');
    const shelf = join(cacheDir, 'nats-server');
    const found = await natsFromPackageManager({
      shelf,
      log: quietLog,
      withinMs: 30_000,
      sourcesDir,
    });
    expect(found).toEqual({ path: join(shelf, '2.10.27', 'nats-server'), version: '2.10.27' });
    expect(await readdir(shelf)).toEqual(['2.10.27']);
  });

  test('is missed with a reason where the sources do not have it', async () => {
    const sourcesDir = await openArchive('other-server');
    const shelf = join(cacheDir, 'nats-server');
    const found = await natsFromPackageManager({
      shelf,
      log: quietLog,
      withinMs: 30_000,
      sourcesDir,
    });
    expect(found).toEqual({ why: expect.stringContaining('nats-server') });
  });
});
