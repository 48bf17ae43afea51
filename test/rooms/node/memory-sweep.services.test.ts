/** Memories past their end on a real database, with a clock that only the test moves: they go, with their links; the rest stays. */
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  firstMemorySweepMs,
  memoriesPerCommit,
  memorySweepEveryMs,
  openMemorySweep,
} from '../../../src/node/memory-sweep.ts';
import { ensureNamespace, takeTurn } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createSimulatedClock } from '../actors/world.ts';

let database: TestStore;
const clock = createSimulatedClock();

beforeEach(async () => {
  database = await openTestStore(inject('postgresUrl'));
  for (const namespace of ['acme', 'beta']) await database.store.inNamespace(namespace, ensureNamespace);
});
afterEach(() => database.close());

/** Memories that end so long from now; null is never. */
const fill = (namespace: string, rows: number, endsInMs: number | null) =>
  database.ask(
    `insert into memories (namespace, id, principal, content, expires_at, digest)
     select $1, gen_random_uuid(), 'ann', 'memory ' || n, $2, gen_random_uuid()::text
     from generate_series(1, $3::int) n`,
    [namespace, endsInMs === null ? null : new Date(clock.now() + endsInMs).toISOString(), rows],
  );
async function count(table: 'memories' | 'memory_edges' | 'outbox'): Promise<number> {
  const [row] = await database.ask<{ count: string }>(`select count(*) from ${table}`);
  return Number(row?.count);
}

function open(store: Pick<Store, 'inNamespace' | 'inSystem'> = database.store) {
  return openMemorySweep({ store, databaseUrl: database.url, clock, log });
}

describe('the sweep of memories', () => {
  it('removes those past their end in bounded steps, with their links, and tells of each', async () => {
    let steps = 0;
    await fill('acme', memoriesPerCommit + 1, -1);
    await fill('beta', 2, 0);
    await fill('beta', 3, firstMemorySweepMs + 60_000);
    await fill('acme', 4, null);
    await database.ask(
      `insert into memory_edges (namespace, from_kind, from_id, to_kind, to_id, relation, weight)
       select namespace, 'memory', 'm-' || id, 'tool', 'files', 'uses', 1 from memories`,
    );
    const sweep = open({
      inSystem: database.store.inSystem,
      inNamespace: (namespace, work) => {
        steps += 1;
        return database.store.inNamespace(namespace, work);
      },
    });
    await clock.advance(firstMemorySweepMs);
    await until('it has been round', () => clock.pending === 1);
    await sweep.stop();
    expect([await count('memories'), await count('memory_edges'), steps]).toEqual([7, 7, 3]);
    const told = await database.ask(
      `select namespace, event->>'type' as type, event->'data'->>'reason' as reason, count(*)::int
       from outbox group by 1, 2, 3 order by 1`,
    );
    const event = { type: 'memory.forgotten', reason: 'expired' };
    expect(told).toEqual([
      { namespace: 'acme', ...event, count: memoriesPerCommit + 1 },
      { namespace: 'beta', ...event, count: 2 },
    ]);
  });

  it('leaves it to another node that is at it, and comes round again for what ended meanwhile', async () => {
    const busy = await takeTurn({ url: database.url, name: 'memories', log });
    await fill('acme', 1, -1);
    await fill('beta', 1, firstMemorySweepMs + 1);
    const sweep = open();
    await clock.advance(firstMemorySweepMs);
    await until('it has looked', () => clock.pending === 1);
    expect(await count('memories')).toBe(2);
    await busy?.release();
    await clock.advance(memorySweepEveryMs);
    await until('both are gone', async () => (await count('memories')) === 0);
    await sweep.stop();
    expect(clock.pending).toBe(0);
  });

  it('waits for a database that is away, and gives its turn back', async () => {
    let away = true;
    await fill('acme', 1, -1);
    const sweep = open({
      inSystem: (work) => database.store.inSystem(work),
      inNamespace: (namespace, work) =>
        away ? Promise.reject(new Error('it is away')) : database.store.inNamespace(namespace, work),
    });
    await clock.advance(firstMemorySweepMs);
    await until('it has tried', () => clock.pending === 1);
    const turn = await takeTurn({ url: database.url, name: 'memories', log });
    expect(turn).toBeDefined();
    await turn?.release();
    away = false;
    await clock.advance(memorySweepEveryMs);
    await until('it is gone', async () => (await count('memories')) === 0);
    await sweep.stop();
  });
});
