// One turn among all who share a database: on a real Postgres, with its real ways of losing a connection.
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrateStore, takeTurn } from '../../../src/store/store.ts';
import { createDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'));
  await migrateStore({ url: database.url, log });
});

afterAll(() => database?.drop());

const take = (name: string): ReturnType<typeof takeTurn> => takeTurn({ url: database.url, name, log });

describe('a turn', () => {
  it('is had by one, and by the next when it is given back', async () => {
    const first = await take('work');
    expect(first).toBeDefined();
    expect(await take('work')).toBeUndefined();
    await first?.release();
    const second = await take('work');
    expect(second).toBeDefined();
    await second?.release();
  });

  it('of another name is another turn', async () => {
    const [one, other] = [await take('one'), await take('other')];
    expect([one, other]).not.toContain(undefined);
    await one?.release();
    await other?.release();
  });

  it('is lost with its connection, its holder hears of it, and somebody else may have it', async () => {
    const first = await take('lost');
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
         and database = (select oid from pg_database where datname = current_database())`,
    );
    await admin.end();
    await first?.lost;
    const second = await until('the turn is free', () => take('lost'));
    await first?.release();
    await second.release();
  });

  it('cannot be taken where no database answers', async () => {
    await expect(
      takeTurn({ url: 'postgres://nobody:none@127.0.0.1:1/none', name: 'work', log }),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
