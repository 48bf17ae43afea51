/** The inbox on a real database: what is old goes, whatever the number of nodes; what is young stays. */
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  firstSweepMs,
  inboxKeptMs,
  openInboxSweep,
  sweepEveryMs,
  sweptPerCommit,
} from '../../../src/node/inbox-sweep.ts';
import { ensureNamespace, takeInbox, takeTurn } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createSimulatedClock } from '../actors/world.ts';

let database: TestStore;
beforeEach(async () => {
  database = await openTestStore(inject('postgresUrl'));
  for (const namespace of ['acme', 'beta']) await database.store.inNamespace(namespace, ensureNamespace);
});
afterEach(() => database.close());

const clock = createSimulatedClock();

/** Rows that were taken so long ago. */
const fill = (namespace: string, count: number, agoMs: number) =>
  database.ask(
    `insert into inbox (namespace, consumer, id, taken_at)
     select $1, 'learner', 'v-' || $3::text || '-' || n, $2 from generate_series(1, $4::int) n`,
    [namespace, new Date(clock.now() - agoMs).toISOString(), String(agoMs), count],
  );
const count = async () =>
  Number((await database.ask<{ count: string }>('select count(*) from inbox'))[0]?.count);

function open(store: Pick<Store, 'inSystem'> = database.store) {
  return openInboxSweep({ store, databaseUrl: database.url, clock, log });
}

describe('the sweep of the inbox', () => {
  it('removes what no stream can deliver any more, in bounded steps, and keeps the rest', async () => {
    let steps = 0;
    const sweep = open({
      inSystem: (work) => {
        steps += 1;
        return database.store.inSystem(work);
      },
    });
    await fill('acme', sweptPerCommit + 1, inboxKeptMs + 60_000);
    await fill('beta', 3, inboxKeptMs + 1);
    await fill('acme', 2, inboxKeptMs - 60_000);
    await clock.advance(firstSweepMs);
    await until('the old ones are gone', async () => (await count()) === 2);
    await sweep.stop();
    expect(steps).toBe(2);
    const ids = [`v-${inboxKeptMs - 60_000}-1`, 'v-new'];
    const fresh = await database.store.inNamespace('acme', (trx) => takeInbox(trx, 'learner', ids));
    expect([...fresh]).toEqual(['v-new']);
  });

  it('comes round again, and leaves it to another node that is at it', async () => {
    const busy = await takeTurn({ url: database.url, name: 'inbox', log });
    let asked = 0;
    const [one, other] = [0, 1].map(() =>
      open({
        inSystem: (work) => {
          asked += 1;
          return database.store.inSystem(work);
        },
      }),
    );
    await fill('acme', 1, inboxKeptMs + 60_000);
    await clock.advance(firstSweepMs);
    await until('both have looked', () => clock.pending === 2);
    expect([asked, await count()]).toEqual([0, 1]);
    await busy?.release();
    await clock.advance(sweepEveryMs);
    await until('it is gone', async () => (await count()) === 0);
    await Promise.all([one?.stop(), other?.stop()]);
    expect(clock.pending).toBe(0);
  });

  it('waits for a database that is away', async () => {
    let away = true;
    const sweep = open({
      inSystem: (work) => (away ? Promise.reject(new Error('it is away')) : database.store.inSystem(work)),
    });
    await fill('acme', 1, inboxKeptMs + 60_000);
    await clock.advance(firstSweepMs);
    await until('it has tried', () => clock.pending === 1);
    away = false;
    await clock.advance(sweepEveryMs);
    await until('it is gone', async () => (await count()) === 0);
    await sweep.stop();
  });
});
