/** A migrated database of its own with an open store on it, and an administrator's way to look behind the walls. */
import { Client } from 'pg';

import { migrateStore, openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { createDatabase } from './database.ts';
import { quietLog } from './quiet-log.ts';

export interface TestStore {
  readonly url: string;
  readonly store: Store;
  /** Asks as the administrator, who passes every wall. */
  ask<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]>;
  /** Ends every connection of the store from the server's side, as a crash would. */
  killBackends(): Promise<void>;
  close(): Promise<void>;
}

/** Creates, migrates and opens. */
export async function openTestStore(adminUrl: string): Promise<TestStore> {
  const database = await createDatabase(adminUrl);
  await migrateStore({ url: database.url, log: quietLog });
  const store = await openStore({ url: database.url, log: quietLog, now: () => performance.now() });
  const admin = new Client({ connectionString: database.url });
  await admin.connect();
  const ask = async <Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> =>
    (await admin.query<Row>(sql, [...parameters])).rows;
  return {
    url: database.url,
    store,
    ask,
    killBackends: async () => {
      await ask(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
    },
    close: async () => {
      await Promise.all([store.close(), admin.end()]);
      await database.drop();
    },
  };
}
