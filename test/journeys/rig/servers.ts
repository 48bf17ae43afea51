/** Servers that somebody else runs, for nodes that are given them: a nats-server and a Postgres in a folder of their own. */
import {
  defaultCacheFolder,
  findNatsServer,
  startNats,
  startPostgres,
  unprivilegedUser,
} from '../../../infra/servers/servers.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';

export interface Servers {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** Where both keep their files. */
  readonly folder: string;
  /** What tells a node to use them. */
  readonly env: Record<string, string>;
  /** Holds the bus, so that it keeps its connections and answers nothing; the other lets it go on. */
  freezeBus(): void;
  thawBus(): void;
  /** Ends the bus; the other starts it again with its data, at the same address. */
  stopBus(): Promise<unknown>;
  startBus(): Promise<void>;
  /** The same of the database. */
  stopDatabase(): Promise<unknown>;
  startDatabase(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both; what was started is stopped again when the other one does not come up. */
export async function startServers(): Promise<Servers> {
  const folder = await temporaryFolder('drey-external');
  const stops: (() => Promise<unknown>)[] = [() => folder.remove()];
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one();
  };
  try {
    const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
    const { path: binary } = await findNatsServer({ env: process.env, cacheDir, log: quietLog });
    const how = { dataDir: folder.path, cacheDir, user: unprivilegedUser(), log: quietLog };
    let nats = await startNats({ ...how, binary });
    stops.push(() => nats.stop());
    let postgres = await startPostgres(how);
    stops.push(() => postgres.stop());
    const env = { DREY_NATS_URL: nats.url, DATABASE_URL: postgres.url };
    return {
      natsUrl: nats.url,
      databaseUrl: postgres.url,
      folder: folder.path,
      env,
      freezeBus: () => void process.kill(nats.pid, 'SIGSTOP'),
      thawBus: () => void process.kill(nats.pid, 'SIGCONT'),
      stopBus: () => nats.stop(),
      startBus: async () => {
        nats = await startNats({ ...how, binary });
      },
      stopDatabase: () => postgres.stop(),
      startDatabase: async () => {
        postgres = await startPostgres(how);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
