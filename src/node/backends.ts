/**
 * Bus and database as resource actors: embedded servers in the data folder, or those that the environment names. They
 * come back by themselves on the same address, so wire and store only have to wait.
 */
import {
  defaultCacheFolder,
  findNatsServer,
  natsContextFile,
  startNats,
  startPostgres,
  unprivilegedUser,
} from '../../infra/servers/servers.ts';
import type { RunningServer } from '../../infra/servers/servers.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { openResource } from '../actors/actors.ts';
import type { Announcer, Clock, HealthTold, Log, Resource, Roots } from '../actors/actors.ts';
import { migrateStore, openStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { openWire } from '../wire/wire.ts';
import type { Wire } from '../wire/wire.ts';
import type { NodeConfig } from './config/config.ts';
import { watchStore } from './telemetry/store-watch.ts';

export interface BackendOptions {
  readonly config: NodeConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly roots?: Roots | undefined;
  readonly health: HealthTold;
  /** What may be written down of a value. */
  readonly hide: <T>(namespace: string, value: T) => T;
  readonly name: string;
}

export interface Backends {
  readonly wire: Wire;
  readonly store: Store;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** For people with a NATS client: the address without its login, and the file that holds both if we wrote one. */
  nats(): { readonly url: string; readonly context: string | null };
  /** Parts that are missing right now. */
  missing(): ('bus' | 'store')[];
  /** Closes the connections, then stops the servers that are ours. */
  close(): Promise<void>;
}

const startMs = 180_000;
const reviveMs = 15_000;
const pingEveryMs = 2_000;
const stopMs = 15_000;

/** Starts both at once; throws what kept the first of them from starting. */
export async function openBackends(options: BackendOptions): Promise<Backends> {
  const nats = openServer(options, 'nats', options.config.natsUrl, () => startOwnNats(options));
  const postgres = openServer(
    options,
    'postgres',
    options.config.databaseUrl,
    () => startOwnPostgres(options),
    async (url) => {
      await migrateStore({ url, log: options.log });
    },
  );
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const one of opened.toReversed()) await one.close();
    await Promise.all([nats.dispose(), postgres.dispose()]);
  };
  try {
    const [natsUrl, databaseUrl] = await Promise.all([comeUp(nats), comeUp(postgres)]);
    const { log, clock, name } = options;
    const wire = await openWire({ url: natsUrl, name, log, now: clock.now, hideText: options.hide });
    opened.push(wire);
    if (wire.status !== 'connected' && options.config.natsUrl !== undefined) {
      throw new DreyError(
        'bus_unavailable',
        `No NATS server answers at ${toPlace(natsUrl)} (DREY_NATS_URL); start it, or unset the variable to use the embedded one.`,
      );
    }
    const { hide } = options;
    const store = await openStore({ url: databaseUrl, log, now: clock.monotonic, hide });
    opened.push(store);
    const watch = watchStore({ store, clock, log });
    opened.push({ close: async () => watch.stop() });
    return {
      wire,
      store,
      natsUrl,
      databaseUrl,
      nats: () => ({
        url: withoutLogin(natsUrl),
        context: options.config.natsUrl === undefined ? natsContextFile(options.config.dataFolder) : null,
      }),
      missing: () => [
        ...(wire.status === 'connected' ? [] : ['bus' as const]),
        ...(postgres.state === 'healthy' && !watch.isAway() ? [] : ['store' as const]),
      ],
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What a server resource holds: the address, and the process when it is ours. */
interface Server {
  readonly url: string;
  readonly process: RunningServer | undefined;
}

function openServer(
  options: BackendOptions,
  name: 'nats' | 'postgres',
  external: string | undefined,
  startOwn: () => Promise<RunningServer>,
  prepare: (url: string) => Promise<void> = async () => undefined,
): Resource<Server> {
  const { clock, log, announcer, roots, health } = options;
  return openResource<Server>({
    name,
    what: external === undefined ? `embedded ${name}` : `${name} at ${toPlace(external)}`,
    start: async (broke) => {
      if (external !== undefined) {
        await prepare(external);
        return { url: external, process: undefined };
      }
      const process = await startOwn();
      void process.exited.then(({ code, signal }) =>
        broke(new DreyError('process_failed', `${name} ended by itself (${signal ?? `exit code ${code}`})`)),
      );
      await prepare(process.url);
      return { url: process.url, process };
    },
    stop: async ({ process }) => process?.stop(),
    settings: { initMs: startMs, cleanMs: stopMs },
    checkEveryMs: pingEveryMs,
    reviveMs,
    clock,
    log,
    announcer,
    roots,
    health,
  });
}

async function comeUp(server: Resource<Server>): Promise<string> {
  await server.settled();
  const { lastError, code, what } = server.view();
  if (server.current !== undefined) return server.current.url;
  throw new DreyError(code ?? 'process_failed', lastError ?? `${what} did not start`);
}

async function startOwnNats({ config, env, uid, log }: BackendOptions): Promise<RunningServer> {
  const cacheDir = defaultCacheFolder(env, uid);
  const found = await findNatsServer({ env, cacheDir, log });
  log.info({ path: found.path, version: found.version, foundBy: found.foundBy }, 'nats-server was found');
  return startNats({
    dataDir: config.dataFolder,
    cacheDir,
    binary: found.path,
    user: unprivilegedUser(),
    syncAlways: config.durability === 'power-safe' ? true : undefined,
    log,
  });
}

async function startOwnPostgres({ config, env, uid, log }: BackendOptions): Promise<RunningServer> {
  return startPostgres({
    dataDir: config.dataFolder,
    cacheDir: defaultCacheFolder(env, uid),
    user: unprivilegedUser(),
    log,
  });
}

/** What may be shown: never a login, and nothing of what cannot be told apart from one. */
function withoutLogin(urls: string): string {
  return toUrls(urls)
    .map((url) => (url === undefined ? 'an address that is no URL' : `${url.protocol}//${url.host}`))
    .join(',');
}

/** Host and port, never the credentials. */
function toPlace(urls: string): string {
  return toUrls(urls)
    .map((url) => url?.host ?? 'an address that is no URL')
    .join(', ');
}

function toUrls(urls: string): (URL | undefined)[] {
  return urls
    .split(',')
    .map((one) => one.trim())
    .map((one) => (URL.canParse(one) ? new URL(one) : undefined));
}
