/**
 * The nats-servers at hand: what people keep beside the one that the program would run. Nothing is fetched here; what
 * is not on the machine is not tested, and whoever asks has to say so.
 */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { compareVersions, isUsable } from '../../infra/servers/nats-version.ts';
import {
  defaultCacheFolder,
  startNats,
  unprivilegedUser,
  type RunningServer,
} from '../../infra/servers/servers.ts';
import { quietLog } from './quiet-log.ts';
import { temporaryFolder } from './temporary.ts';

export interface NatsAtHand {
  readonly path: string;
  readonly version: string;
}

/** Where they are looked for, for the sentence that says that there is none. */
export const natsPlaces = 'DREY_NATS_SERVER_NEWER, DREY_NATS_SERVER, the PATH, GOBIN and the cache folder';

/** Each version once, the oldest first. */
export async function natsServersAtHand(env = process.env): Promise<NatsAtHand[]> {
  const cache = join(defaultCacheFolder(env, process.getuid?.()), 'nats-server');
  const cached = await readdir(cache).catch(() => []);
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter),
    env['GOBIN'] ?? '',
    ...(env['GOPATH'] ?? join(homedir(), 'go')).split(delimiter).map((folder) => join(folder, 'bin')),
    ...cached.map((version) => join(cache, version)),
  ];
  const paths = [
    env['DREY_NATS_SERVER_NEWER'] ?? '',
    env['DREY_NATS_SERVER'] ?? '',
    ...folders.filter((folder) => folder !== '').map((folder) => join(folder, 'nats-server')),
  ];
  const found = new Map<string, NatsAtHand>();
  for (const path of new Set(paths.filter((one) => one !== ''))) {
    const attempt = await isUsable(path);
    if ('path' in attempt && !found.has(attempt.version)) found.set(attempt.version, attempt);
  }
  return [...found.values()].sort((one, other) => compareVersions(one.version, other.version));
}

/** Starts one on data of its own; `stop` removes the data as well. */
export async function startNatsAtHand(binary: string): Promise<Pick<RunningServer, 'url' | 'stop'>> {
  const folder = await temporaryFolder('drey-nats');
  const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
  const server = await startNats({
    binary,
    dataDir: folder.path,
    cacheDir,
    user: unprivilegedUser(),
    log: quietLog,
  });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}
