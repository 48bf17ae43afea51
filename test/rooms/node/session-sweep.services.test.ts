/** Sessions that nobody came back for, on a real database and a real bus, with a clock that only the test moves. */
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { toNodeAddress } from '../../../src/actors/actors.ts';
import {
  firstSessionSweepMs,
  heldKeptMs,
  leftKeptMs,
  sessionSweepEveryMs,
  openSessionSweep,
  sessionsPerLook,
} from '../../../src/node/session-sweep.ts';
import {
  claimSession,
  ensureNamespace,
  getSession,
  listUnseenSessions,
  saveSessions,
} from '../../../src/store/store.ts';
import type { SessionRow } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openStandingWire } from '../../support/standing-wire.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createWorld } from '../actors/world.ts';

let database: TestStore;
let wire: Wire;
let world: ReturnType<typeof createWorld>;
beforeEach(async () => {
  world = createWorld();
  database = await openTestStore(inject('postgresUrl'));
  wire = await openStandingWire({
    url: inject('natsUrl'),
    prefix: `SWEEP${process.hrtime.bigint()}`.slice(0, 24),
  });
  await database.store.inNamespace('acme', ensureNamespace);
  await wire.answer(toNodeAddress('n-lives'), async () => ({ alive: true }));
});
afterEach(async () => {
  await wire.close();
  await database.close();
});

async function save(sessionId: string, node: string, agoMs: number, rest: Partial<SessionRow> = {}) {
  const at = new Date(world.clock.now() + firstSessionSweepMs - agoMs).toISOString();
  const row = {
    sessionId,
    principal: 'ann',
    transport: 'http',
    revision: '2025-11-25',
    client: 'test/1',
    node,
  };
  const more = {
    status: 'ready',
    openedAt: at,
    lastSeenAt: at,
    calls: 1,
    capabilities: '',
    wishes: '',
    contextId: '',
  };
  await database.store.inNamespace('acme', (trx) => saveSessions(trx, [{ ...row, ...more, ...rest }]));
}

const read = (sessionId: string) => database.store.inNamespace('acme', (trx) => getSession(trx, sessionId));

/** Once, and then for as long as `againMs` says. */
async function sweep(
  store = database.store,
  againMs = 0,
  between = async (): Promise<void> => undefined,
): Promise<void> {
  const { clock, announcer } = world;
  const sweeping = openSessionSweep({ store, wire, announcer, databaseUrl: database.url, clock, log });
  await clock.advance(firstSessionSweepMs);
  await until('it has been round', () => clock.pending === 1, 20_000);
  await between();
  for (let past = 0; past < againMs; past += sessionSweepEveryMs) {
    await clock.advance(sessionSweepEveryMs);
    await until('it has been round again', () => clock.pending === 1, 20_000);
  }
  await sweeping.stop();
}

it('ends those that nobody came back for, and none that a node has or a client may come back to', async () => {
  await save('s-left', '', leftKeptMs + 1, { status: 'draining' });
  await save('s-left-now', '', leftKeptMs - 1, { status: 'draining' });
  await save('s-dead', 'n-dead', heldKeptMs + 1);
  await save('s-dead-now', 'n-dead', heldKeptMs - 1);
  await save('s-over', '', heldKeptMs + 1, { status: 'closed' });
  // More than one look sees, all of a node that lives.
  for (let n = 0; n < sessionsPerLook; n += 1) await save(`s-live-${n}`, 'n-lives', heldKeptMs * 2 + n);
  await sweep();
  const told = world.events.filter(({ type }) => type === 'session.closed');
  expect(told.map(({ actor }) => actor.id)).toEqual(['s-left']);
  expect(told.map(({ data }) => data)).toContainEqual(
    expect.objectContaining({ from: 'draining', to: 'closed', reason: 'its client did not come back' }),
  );
  const ids = ['s-left', 's-dead', 's-left-now', 's-dead-now', 's-live-0'];
  const statuses = await Promise.all(ids.map(async (id) => (await read(id))?.status));
  expect(statuses).toEqual(['closed', 'ready', 'draining', 'ready', 'ready']);
  // Whoever comes too late finds it over.
  const claim = { sessionId: 's-left', from: '', node: 'n-lives', at: new Date().toISOString() };
  expect(await database.store.inNamespace('acme', (trx) => claimSession(trx, claim))).toBeUndefined();
});

it('lets go of one whose node is gone, and ends it only where its client does not come back', async () => {
  for (const id of ['s-dead', 's-claimed', 's-used']) await save(id, 'n-dead', heldKeptMs + 1);
  await sweep(database.store, leftKeptMs + sessionSweepEveryMs, async () => {
    expect(world.events).toEqual([]);
    const at = new Date(world.clock.now()).toISOString();
    const dead = await read('s-dead');
    expect(dead).toMatchObject({ node: '', status: 'ready', lastSeenAt: at });
    const claim = { sessionId: 's-claimed', from: '', node: 'n-lives', at };
    await database.store.inNamespace('acme', (trx) => claimSession(trx, claim));
    // Its node lives and was not heard: what it writes next of a session in use makes it its own again.
    if (dead === undefined) throw new Error('its row is gone');
    const used = { ...dead, sessionId: 's-used', node: 'n-dead' };
    await database.store.inNamespace('acme', (trx) => saveSessions(trx, [used], 'n-dead'));
  });
  expect(world.events.map(({ type, actor }) => [type, actor.id])).toEqual([['session.closed', 's-dead']]);
  const rows = await Promise.all(['s-dead', 's-claimed', 's-used'].map(read));
  expect(rows.map((row) => [row?.node, row?.status])).toEqual([
    ['', 'closed'],
    ['n-lives', 'ready'],
    ['n-dead', 'ready'],
  ]);
});

it('leaves alone what somebody takes while it looks', async () => {
  await save('s-left', '', leftKeptMs + 1, { status: 'draining' });
  const { store } = database;
  let looks = 0;
  await sweep({
    ...store,
    inSystem: (work) => store.inSystem(work),
    inNamespace: async (namespace, work) => {
      const result = await store.inNamespace(namespace, work);
      looks += 1;
      if (looks === 1) {
        const claim = { sessionId: 's-left', from: '', node: 'n-lives', at: new Date().toISOString() };
        await store.inNamespace('acme', (trx) => claimSession(trx, claim));
      }
      return result;
    },
  });
  expect(world.events).toEqual([]);
  expect(await read('s-left')).toMatchObject({ node: 'n-lives', status: 'draining' });
});

it('reads nothing of all the sessions that are over', async () => {
  await database.ask(
    `insert into sessions (namespace, id, principal, transport, status, opened_at, last_seen_at)
     select 'acme', 's-' || n, 'ann', 'http', case n when 7 then 'draining' else 'closed' end, moment, moment
     from generate_series(1, 5000) n, lateral (select timestamptz '2026-01-01' + make_interval(secs => n)) as m (moment)`,
  );
  await database.ask('analyze sessions');
  const before = '2026-02-01T00:00:00Z';
  const look = { leftBefore: before, heldBefore: before, butOf: [], limit: sessionsPerLook };
  const { rows, read: count } = await database.store.inNamespace('acme', async (trx) => {
    const unseen = await listUnseenSessions(trx, look);
    const asked = sql<{ read: number }>`select (seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as read
      from pg_stat_xact_user_tables where relname = 'sessions'`;
    return { rows: unseen, read: (await asked.execute(trx.db)).rows[0]?.read };
  });
  expect(rows.map(({ sessionId }) => sessionId)).toEqual(['s-7']);
  expect(count).toBe(1);
});
