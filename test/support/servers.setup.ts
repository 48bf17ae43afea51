/**
 * One real nats-server and one real Postgres for all files of the services project, started as the product starts
 * them. Files keep apart by databases and stream names of their own.
 */
import type { TestProject } from 'vitest/node';

import {
  defaultCacheFolder,
  findNatsServer,
  startNats,
  startPostgres,
  unprivilegedUser,
} from '../../infra/servers/servers.ts';
import { quietLog } from './quiet-log.ts';
import { temporaryFolder } from './temporary.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** With the token as user name: nats://<token>@127.0.0.1:<port>. */
    natsUrl: string;
    natsPath: string;
    natsVersion: string;
    /** The superuser's, with the database `postgres`. */
    postgresUrl: string;
  }
}

/** Starts both servers; what it returns stops them and removes their data. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
  const folder = await temporaryFolder('drey-services');
  const user = unprivilegedUser();
  const { path: binary, version } = await findNatsServer({ env: process.env, cacheDir, log: quietLog });
  const how = { dataDir: folder.path, cacheDir, user, log: quietLog };
  const nats = await startNats({ ...how, binary });
  const postgres = await startPostgres(how).catch(async (error: unknown) => {
    await nats.stop();
    throw error;
  });
  const adminUrl = new URL(postgres.url);
  adminUrl.pathname = '/postgres';
  project.provide('natsUrl', nats.url);
  project.provide('natsPath', binary);
  project.provide('natsVersion', version);
  project.provide('postgresUrl', adminUrl.href);
  return async () => {
    await Promise.all([nats.stop(), postgres.stop()]);
    await folder.remove();
  };
}
