/** Whose a session is, between nodes on a real database and a real bus: one node's, or nobody's, and never only a row's. */
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { openSessionRows, openSessions, toNodeAddress } from '../../../src/actors/actors.ts';
import type { SessionRows, Sessions } from '../../../src/actors/actors.ts';
import { findSessionHome } from '../../../src/actors/session/session-homes.ts';
import { inUseEveryMs } from '../../../src/actors/session/session-rows.ts';
import type { SessionHome } from '../../../src/actors/session/session-homes.ts';
import { claimSession, ensureNamespace, getSession, saveSessions } from '../../../src/store/store.ts';
import type { SessionRow, Store } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openStandingWire } from '../../support/standing-wire.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createWorld, settle, somebody } from './world.ts';

const ann = somebody('ann');

let database: TestStore;
let wire: Wire;
let world: ReturnType<typeof createWorld>;
beforeEach(async () => {
  world = createWorld();
  database = await openTestStore(inject('postgresUrl'));
  wire = await openStandingWire({
    url: inject('natsUrl'),
    prefix: `HOMES${process.hrtime.bigint()}`.slice(0, 24),
  });
  await database.store.inNamespace('acme', ensureNamespace);
});
afterEach(async () => {
  await wire.close();
  await database.close();
});

interface TestNode {
  readonly sessions: Sessions;
  readonly rows: SessionRows;
  find(sessionId: string, store?: Pick<Store, 'inNamespace'>): Promise<SessionHome>;
}

/** A node that answers for itself. */
async function startNode(
  node: string,
  sessionsMax?: number,
  asker: Pick<Wire, 'ask' | 'readEvents'> = wire,
): Promise<TestNode> {
  const { clock, announcer, redactor } = world;
  const { store } = database;
  const rows = openSessionRows({ store, node, clock, log });
  const sessions = openSessions({
    clock,
    log,
    announcer,
    redactor,
    routes: { resolve: () => undefined },
    changed: (session, isUrgent) => rows.note(session, isUrgent),
    letGo: (session) => rows.letGo(session),
    ...(sessionsMax === undefined ? {} : { sessionsMax }),
  });
  await wire.answer(toNodeAddress(node), async () => ({ alive: true }));
  const parts = { store, wire: asker, sessions, sessionRows: rows, node, clock, log };
  return {
    sessions,
    rows,
    find: (id, other = store) => findSessionHome({ ...parts, store: other }, id, ann),
  };
}

async function save(sessionId: string, node: string): Promise<void> {
  const at = new Date(world.clock.now()).toISOString();
  const row: SessionRow = {
    sessionId,
    principal: 'ann',
    transport: 'http',
    revision: '2025-11-25',
    client: 'test/1',
    node,
    status: 'ready',
    openedAt: at,
    lastSeenAt: at,
    calls: 1,
    capabilities: '',
    wishes: '',
    contextId: '',
  };
  await database.store.inNamespace('acme', (trx) => saveSessions(trx, [row]));
}

const read = (sessionId: string) => database.store.inNamespace('acme', (trx) => getSession(trx, sessionId));
const enter = ({ sessions }: TestNode) =>
  sessions.open({
    principal: ann,
    transport: 'http',
    revision: '2025-11-25',
    client: 'test/1',
    isMovable: true,
  });

describe('a session that nobody has', () => {
  it('stays nobody’s where the node that is asked has no room, and another one takes it', async () => {
    const [full, other] = [await startNode('n-full', 1), await startNode('n-other')];
    enter(full);
    await save('s-1', '');
    await expect(full.find('s-1')).rejects.toMatchObject({ code: 'limit_reached' });
    expect(await read('s-1')).toMatchObject({ node: '' });
    expect(await other.find('s-1')).toEqual({ where: 'here' });
    expect(await full.find('s-1')).toEqual({ where: 'there', node: 'n-other' });
  });

  it('is given back where the room is taken, or the node begins to stop, while it is claimed', async () => {
    const late = [
      ['limit_reached', (node: TestNode) => void enter(node)],
      ['node_draining', (node: TestNode) => void node.sessions.drain('it is stopped')],
    ] as const;
    for (const [code, happens] of late) {
      const node = await startNode(`n-${code}`, 1);
      await save(`s-${code}`, '');
      let turns = 0;
      const inNamespace: Store['inNamespace'] = async (namespace, work) => {
        const result = await database.store.inNamespace(namespace, work);
        // The first turn reads, the second claims.
        turns += 1;
        if (turns === 2) happens(node);
        return result;
      };
      await expect(node.find(`s-${code}`, { inNamespace })).rejects.toMatchObject({ code });
      expect(await read(`s-${code}`)).toMatchObject({ node: '', status: 'ready' });
    }
  });
});

describe('a session whose node is not heard', () => {
  it('stays that node’s where it is back on the bus a moment later, and is taken where it is not', async () => {
    let unheard = 0;
    const asker: Pick<Wire, 'ask' | 'readEvents'> = {
      readEvents: wire.readEvents,
      ask: async (to, verb, data, tuning) => {
        try {
          return await wire.ask(to, verb, data, tuning);
        } catch (error) {
          unheard += 1;
          // It finds its way back after the one that asks.
          if (to.id === 'n-late') await wire.answer(toNodeAddress('n-late'), async () => ({ alive: true }));
          throw error;
        }
      },
    };
    const node = await startNode('n-early', 5, asker);
    await save('s-late', 'n-late');
    await save('s-gone', 'n-gone');
    expect(await node.find('s-late')).toEqual({ where: 'there', node: 'n-late' });
    expect(unheard).toBe(1);
    expect(await node.find('s-gone')).toEqual({ where: 'here' });
  });
});

describe('a session whose row names a node that does not have it', () => {
  it('goes on there', async () => {
    const node = await startNode('n-1');
    await save('s-1', 'n-1');
    expect(await node.find('s-1')).toEqual({ where: 'here' });
    expect(node.sessions.find('s-1', ann)).toBeDefined();
    expect(world.types('session')).toEqual(['session.resumed']);
  });

  it('does not go on where it ended and the row does not say so yet', async () => {
    const node = await startNode('n-1');
    const session = enter(node);
    await world.clock.advance(2_000);
    await until('its row is written', async () => (await read(session.id))?.node === 'n-1');
    session.close('its client said so');
    await settle();
    expect(await read(session.id)).toMatchObject({ status: 'ready' });
    expect(await node.find(session.id)).toEqual({ where: 'nowhere' });
    await node.rows.close();
    expect(await node.find(session.id)).toEqual({ where: 'nowhere' });
    const claim = { sessionId: session.id, from: 'n-1', node: 'n-2', at: new Date().toISOString() };
    expect(await database.store.inNamespace('acme', (trx) => claimSession(trx, claim))).toBeUndefined();
  });
});

describe('a session that is attached to a shared context', () => {
  it('goes on in it at the node that takes it over, and without one once it was detached', async () => {
    const [one, two, three] = [await startNode('n-1'), await startNode('n-2'), await startNode('n-3')];
    const session = enter(one);
    session.attachContext('x-plan');
    await one.rows.close();
    const pass = async (from: string): Promise<void> => {
      const left = { sessionId: session.id, from, node: '', at: new Date(world.clock.now()).toISOString() };
      await database.store.inNamespace('acme', (trx) => claimSession(trx, left));
    };
    await pass('n-1');
    expect(await two.find(session.id)).toEqual({ where: 'here' });
    const taken = two.sessions.find(session.id, ann);
    expect(taken?.contextId).toBe('x-plan');
    // What is written of it by the node that has it now still says so.
    await two.rows.close();
    expect(await read(session.id)).toMatchObject({ node: 'n-2', contextId: 'x-plan' });
    taken?.attachContext(null);
    await two.rows.close();
    await pass('n-2');
    expect(await three.find(session.id)).toEqual({ where: 'here' });
    expect(three.sessions.find(session.id, ann)?.contextId).toBeNull();
  });
});

describe('a session that another node has claimed', () => {
  const claim = (sessionId: string, from: string, node: string) => {
    const at = new Date(world.clock.now()).toISOString();
    return database.store.inNamespace('acme', (trx) => claimSession(trx, { sessionId, from, node, at }));
  };

  it('stays that node’s, whatever the one before still writes of it', async () => {
    const node = await startNode('n-1');
    const session = enter(node);
    await world.clock.advance(2_000);
    await until('its row is written', async () => (await read(session.id))?.node === 'n-1');
    await claim(session.id, 'n-1', 'n-2');
    const claimed = await read(session.id);
    await world.clock.advance(1_000);
    session.touch();
    const drained = node.sessions.drain('it is stopped');
    await world.clock.advance(200);
    await drained;
    const { lastUsedAt } = session;
    await world.clock.advance(1_000);
    session.touch();
    expect(session.lastUsedAt).toBe(lastUsedAt);
    await node.rows.close();
    expect(await read(session.id)).toEqual(claimed);
  });

  it('says now and then that it is in use, and so is its node’s again where nobody took it', async () => {
    const node = await startNode('n-1');
    const session = enter(node);
    await world.clock.advance(2_000);
    await until('its row is written', async () => (await read(session.id))?.node === 'n-1');
    // As whoever believes its node to be gone does it.
    await claim(session.id, 'n-1', '');
    await world.clock.advance(inUseEveryMs);
    session.touch();
    await node.rows.close();
    const lastSeenAt = new Date(world.clock.now()).toISOString();
    expect(await read(session.id)).toMatchObject({ node: 'n-1', status: 'ready', lastSeenAt });
  });
});
