// The parts of the embedded servers that need no server: names, versions, folders and settings.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { natsConfig } from '../../../infra/nats/config.ts';
import { archiveName } from '../../../infra/servers/nats-release.ts';
import { compareVersions, isAtLeast } from '../../../infra/servers/nats-version.ts';
import { findUser } from '../../../infra/servers/os-user.ts';
import { clusterName, settings } from '../../../infra/servers/postgres-data.ts';
import { defaultCacheFolder, defaultDataFolder } from '../../../infra/servers/servers.ts';

describe('the default folders', () => {
  test.each([
    ['as named by DREY_DATA', { DREY_DATA: '/srv/drey', HOME: '/home/ann' }, 1000, '/srv/drey'],
    ["the system's for root, never below root's home", { HOME: '/root' }, 0, '/var/lib/drey'],
    ['where XDG says', { XDG_DATA_HOME: '/home/ann/d', HOME: '/home/ann' }, 1000, '/home/ann/d/drey'],
    [
      'not where a relative XDG path says',
      { XDG_DATA_HOME: 'd', HOME: '/home/ann' },
      1000,
      '/home/ann/.local/share/drey',
    ],
    ["the user's own", { HOME: '/home/ann' }, 1000, '/home/ann/.local/share/drey'],
  ])('keeps data %s', (_name, env, uid, folder) => {
    expect(defaultDataFolder(env, uid)).toBe(folder);
  });

  test.each([
    ['as named by DREY_CACHE', { DREY_CACHE: '/srv/cache' }, 0, '/srv/cache'],
    ["the system's for root", { HOME: '/root' }, 0, '/var/cache/drey'],
    ["the user's own", { HOME: '/home/ann' }, 1000, '/home/ann/.cache/drey'],
  ])('keeps the cache %s', (_name, env, uid, folder) => {
    expect(defaultCacheFolder(env, uid)).toBe(folder);
  });

  test('says what to set where there is no home', () => {
    expect(() => defaultDataFolder({}, 1000)).toThrow(/DREY_DATA/);
  });
});

describe('the unprivileged user', () => {
  const root = 'root:x:0:0:root:/root:/bin/bash';
  const nobody = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin';
  const postgres = 'postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash';

  test('is postgres where that exists', () => {
    expect(findUser([root, nobody, postgres].join('\n'))).toEqual({ uid: 101, gid: 104, name: 'postgres' });
  });

  test('is nobody otherwise', () => {
    expect(findUser([root, nobody].join('\n'))).toEqual({ uid: 65534, gid: 65534, name: 'nobody' });
  });

  test('is never root under another name', () => {
    expect(findUser('postgres:x:0:0::/:/bin/sh')).toBeUndefined();
  });
});

describe('versions', () => {
  const version = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30)).map((numbers) => numbers.join('.'));

  test('are ordered by number, not by letter', () => {
    expect(['2.9.10', '2.12.1', '2.10.27'].sort(compareVersions)).toEqual(['2.9.10', '2.10.27', '2.12.1']);
    expect(isAtLeast('2.15.1-RC.2', '2.12.0')).toBe(true);
    expect(isAtLeast('2.8.4', '2.9.0')).toBe(false);
  });

  test('are ordered the same from both sides', () => {
    fc.assert(
      fc.property(version, version, (one, other) => {
        expect(Math.sign(compareVersions(one, other))).toBe(-Math.sign(compareVersions(other, one)) + 0);
      }),
    );
  });
});

describe('the official archive', () => {
  test('has the name that the release uses', () => {
    expect(archiveName('2.12.14', 'linux', 'x64')).toBe('nats-server-v2.12.14-linux-amd64.tar.gz');
    expect(archiveName('2.12.14', 'darwin', 'arm64')).toBe('nats-server-v2.12.14-darwin-arm64.tar.gz');
  });

  test('does not exist for a machine that we cannot serve', () => {
    expect(archiveName('2.12.14', 'win32', 'x64')).toBeUndefined();
    expect(archiveName('2.12.14', 'linux', 'mips')).toBeUndefined();
  });
});

describe('the settings', () => {
  const nats = { port: -1, token: 'secret', storeDir: '/var/lib/drey/nats/store', syncAlways: false };

  test('let nats-server listen on loopback alone, with a token and a store of its own', () => {
    const text = natsConfig(nats);
    expect(text).toContain('listen: "127.0.0.1:-1"');
    expect(text).toContain('authorization { token: "secret" }');
    expect(text).toContain('store_dir: "/var/lib/drey/nats/store"');
    expect(text).not.toContain('http');
    expect(text).not.toContain('sync_interval');
  });

  test('sync each message only where that was asked for', () => {
    expect(natsConfig({ ...nats, syncAlways: true })).toContain('sync_interval: always');
  });

  test('survive a folder with quotes, spaces and backslashes in its name', () => {
    expect(natsConfig({ ...nats, storeDir: '/a "b" \\c' })).toContain('store_dir: "/a \\"b\\" \\\\c"');
  });

  test('let Postgres listen on loopback alone and lose nothing', () => {
    const text = settings('/var/lib/drey/postgres/data');
    expect(text).toContain("listen_addresses = '127.0.0.1'");
    expect(text).toContain("unix_socket_directories = ''");
    expect(text).toContain('fsync = on');
    expect(text).toContain(`cluster_name = '${clusterName('/var/lib/drey/postgres/data')}'`);
  });

  test('name the processes of different data folders differently', () => {
    expect(clusterName('/a')).not.toBe(clusterName('/b'));
    expect(clusterName('/a')).toMatch(/^drey-[0-9a-f]{16}$/);
  });
});
