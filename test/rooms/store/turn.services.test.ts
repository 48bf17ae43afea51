// One turn among all who share a database: on a real Postgres, with its real ways of losing a connection.
import { readFile } from 'node:fs/promises';
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

/** When the server's side of this connection asks whether its client still lives, as the kernel tells it. */
async function readKeepaliveSeconds(clientPort: number): Promise<number> {
  const table = await readFile('/proc/net/tcp', 'utf8');
  const port = clientPort.toString(16).toUpperCase().padStart(4, '0');
  const fields = table.split('\n').map((line) => line.trim().split(/\s+/));
  // Columns: local address, remote address, state, queues, timer (02 is the keepalive's) and when it is due in hundredths.
  const server = fields.find(
    ([, , remote, state]) => remote?.endsWith(`:${port}`) === true && state === '01',
  );
  const [timer = '', due = ''] = server?.[5]?.split(':') ?? [];
  return timer === '02' ? Number.parseInt(due, 16) / 100 : Number.NaN;
}

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

  it.runIf(process.platform === 'linux')(
    'is asked after every ten seconds, so that a holder whose machine vanished is missed soon',
    async () => {
      const turn = await take('vanishing');
      const admin = new Client({ connectionString: database.url });
      await admin.connect();
      const { rows } = await admin.query<{ port: number }>(
        `select a.client_port as port from pg_stat_activity a join pg_locks l using (pid)
          where l.locktype = 'advisory' and l.database = a.datid and a.datname = current_database()`,
      );
      await admin.end();
      expect(rows).toHaveLength(1);
      // Right after an answer another timer runs: that of its acknowledgement.
      const seconds = await until('its timer runs', async () => {
        const due = await readKeepaliveSeconds(rows[0]?.port ?? 0);
        return due > 0 && due;
      });
      expect(seconds).toBeLessThanOrEqual(10);
      await turn?.release();
    },
  );

  it('cannot be taken where no database answers', async () => {
    await expect(
      takeTurn({ url: 'postgres://nobody:none@127.0.0.1:1/none', name: 'work', log }),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
