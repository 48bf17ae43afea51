/** Sessions that nobody came back for, on a real database and a real bus, with a clock that only the test moves. */
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { toNodeAddress } from '../../../src/actors/actors.ts';
import {
  firstSessionSweepMs,
  heldKeptMs,
  leftKeptMs,
  openSessionSweep,
  sessionsPerLook,
} from '../../../src/node/session-sweep.ts';
import { claimSession, ensureNamespace, getSession, saveSessions } from '../../../src/store/store.ts';
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
  const more = { status: 'ready', openedAt: at, lastSeenAt: at, calls: 1, capabilities: '', wishes: '' };
  await database.store.inNamespace('acme', (trx) => saveSessions(trx, [{ ...row, ...more, ...rest }]));
}

const read = (sessionId: string) => database.store.inNamespace('acme', (trx) => getSession(trx, sessionId));

async function sweepOnce(store = database.store): Promise<void> {
  const { clock, announcer } = world;
  const sweep = openSessionSweep({ store, wire, announcer, databaseUrl: database.url, clock, log });
  await clock.advance(firstSessionSweepMs);
  await until('it has been round', () => clock.pending === 1, 20_000);
  await sweep.stop();
}

it('ends those that nobody came back for, and none that a node has or a client may come back to', async () => {
  await save('s-left', '', leftKeptMs + 1, { status: 'draining' });
  await save('s-left-now', '', leftKeptMs - 1, { status: 'draining' });
  await save('s-dead', 'n-dead', heldKeptMs + 1);
  await save('s-dead-now', 'n-dead', heldKeptMs - 1);
  await save('s-over', '', heldKeptMs + 1, { status: 'closed' });
  // More than one look sees, all of a node that lives.
  for (let n = 0; n < sessionsPerLook; n += 1) await save(`s-live-${n}`, 'n-lives', heldKeptMs * 2 + n);
  await sweepOnce();
  const told = world.events.filter(({ type }) => type === 'session.closed');
  expect(told.map(({ actor }) => actor.id).sort()).toEqual(['s-dead', 's-left']);
  expect(told.map(({ data }) => data)).toContainEqual(
    expect.objectContaining({ from: 'draining', to: 'closed', reason: 'its client did not come back' }),
  );
  const ids = ['s-left', 's-dead', 's-left-now', 's-dead-now', 's-live-0'];
  const statuses = await Promise.all(ids.map(async (id) => (await read(id))?.status));
  expect(statuses).toEqual(['closed', 'closed', 'draining', 'ready', 'ready']);
  // Whoever comes too late finds it over.
  const claim = { sessionId: 's-left', from: '', node: 'n-lives', at: new Date().toISOString() };
  expect(await database.store.inNamespace('acme', (trx) => claimSession(trx, claim))).toBeUndefined();
});

it('leaves alone what somebody takes while it looks', async () => {
  await save('s-left', '', leftKeptMs + 1, { status: 'draining' });
  const { store } = database;
  let looks = 0;
  await sweepOnce({
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
