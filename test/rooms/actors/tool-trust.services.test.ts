/** Pins of tools in a real Postgres: they outlive the process, are shared by nodes, and an outage trusts nobody new. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { createToolTrust } from '../../../src/actors/actors.ts';
import type { ToolTrust } from '../../../src/actors/actors.ts';
import { composeListing } from '../../../src/actors/upstreams/tool-listing.ts';
import { openStore } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { TrustMode } from '../../../src/upstream/upstream.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createWorld } from './world.ts';

let database: TestStore;
/** A store that has lost its database. */
let gone: Store;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
  gone = await openStore({ url: database.url, log: quietLog, now: () => performance.now() });
  await gone.close();
});
afterAll(() => database.close());
beforeEach(async () => void (await database.ask('delete from tool_pins; delete from outbox')));

const tool = (name: string, description = 'does it') => ({ name, definition: { name, description } });

async function start(mode: TrustMode = 'first-use', isAway = false) {
  const { clock, log } = createWorld();
  const trust = createToolTrust({ mode, clock, log });
  onTestFinished(() => trust.close());
  let nudges = 0;
  const state = { isAway };
  const store: Pick<Store, 'inNamespace'> = {
    inNamespace: (namespace, work) => (state.isAway ? gone : database.store).inNamespace(namespace, work),
  };
  await trust.attach({ store, onOutbox: () => (nudges += 1) }, ['files']);
  return { trust, clock, state, nudges: () => nudges };
}

const isTrusted = (trust: ToolTrust, name: string, description?: string): boolean =>
  trust.verdict('files', tool(name, description)) === 'trusted';
const untilTrusted = (trust: ToolTrust, name: string, description?: string) =>
  until(`${name} is trusted`, () => isTrusted(trust, name, description));
const told = async () => {
  const rows = await database.ask<{ envelope: { type: string; data: object } }>(
    'select event as envelope from outbox',
  );
  return rows.map(({ envelope: { type } }) => type).toSorted();
};

describe('the pins of tools', () => {
  it('are made when a tool is seen first, and are there for the next process before anybody offers', async () => {
    const first = await start();
    first.trust.offer('files', [tool('read'), tool('write')]);
    await untilTrusted(first.trust, 'write');
    expect(first.nudges()).toBe(1);
    const next = await start();
    expect(next.trust.lastKnown('files').map(({ name }) => name)).toEqual(['read', 'write']);
    expect(isTrusted(next.trust, 'read')).toBe(true);
    expect(isTrusted(next.trust, 'read', 'does something else')).toBe(false);
    expect(await told()).toEqual(['tool.pinned', 'tool.pinned']);
  });

  it('hold back a changed definition at once, and let it through once it is approved, on every node', async () => {
    const [one, two] = [await start(), await start()];
    // Another time, or the two would make the same ids by the same chance.
    await two.clock.advance(1);
    one.trust.offer('files', [tool('read')]);
    await untilTrusted(one.trust, 'read');
    one.trust.offer('files', [tool('read', 'and tells')]);
    expect(one.trust.verdict('files', tool('read', 'and tells'))).toBe('changed');
    const hash = await until('the offer is kept', () => one.trust.pin('files', 'read')?.offered?.hash);
    await two.trust.reload('files');
    expect(two.trust.verdict('files', tool('read', 'and tells'))).toBe('changed');
    expect(await two.trust.approve('files', [{ tool: 'read', hash: 'another' }], 'ann')).toEqual([]);
    expect(await two.trust.approve('files', [{ tool: 'read', hash }], 'ann')).toEqual([
      { tool: 'read', hash },
    ]);
    expect(isTrusted(one.trust, 'read', 'and tells')).toBe(false);
    // The event may be lost with the bus: what waits is looked at again.
    await one.clock.advance(30_000);
    await untilTrusted(one.trust, 'read', 'and tells');
    expect(await told()).toEqual(['tool.approved', 'tool.changed', 'tool.pinned']);
  });

  it('are one decision when two nodes see a tool at the same time', async () => {
    const nodes = await Promise.all([start(), start(), start()]);
    for (const [index, { trust }] of nodes.entries()) trust.offer('files', [tool('read', `as ${index}`)]);
    await until('all have decided', () =>
      nodes.every(({ trust }) => trust.pin('files', 'read') !== undefined),
    );
    expect(nodes.filter(({ trust }, index) => isTrusted(trust, 'read', `as ${index}`))).toHaveLength(1);
  });

  it('count while the database is away, and nothing new is trusted until it is back', async () => {
    const { trust, state, clock } = await start();
    trust.offer('files', [tool('read')]);
    await untilTrusted(trust, 'read');
    state.isAway = true;
    trust.offer('files', [tool('read'), tool('new')]);
    expect(isTrusted(trust, 'read')).toBe(true);
    expect(trust.verdict('files', tool('new'))).toBe('away');
    await expect(trust.approve('files', [{ tool: 'new', hash: 'x' }], 'ann')).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    state.isAway = false;
    await clock.advance(2_000);
    await untilTrusted(trust, 'new');
  });

  it('are none where the database was never there, so that nothing is listed unseen', async () => {
    const { trust, state, clock } = await start('first-use', true);
    trust.offer('files', [tool('read')]);
    const entries = [{ alias: 'files', tools: [tool('read')] }];
    const compose = () => composeListing({ entries, prefix: 'always', reserved: [], trust });
    expect(compose()).toMatchObject({ tools: [], held: [{ name: 'files__read', why: 'away' }] });
    state.isAway = false;
    await until('the database is asked again', async () => {
      await clock.advance(2_000);
      return isTrusted(trust, 'read');
    });
    expect(compose()).toMatchObject({ tools: [{ name: 'files__read' }], held: [] });
  });

  it('wait for a person in mode review, also over a restart', async () => {
    const { trust } = await start('review');
    trust.offer('files', [tool('read')]);
    const pin = await until('it is noted', () => trust.pin('files', 'read'));
    expect([pin.status, await told()]).toEqual(['fresh', []]);
    const next = await start('review');
    expect(next.trust.verdict('files', tool('read'))).toBe('fresh');
    await next.trust.approve('files', [{ tool: 'read', hash: pin.hash }], 'ann');
    expect(isTrusted(next.trust, 'read')).toBe(true);
    expect((await start('first-use')).trust.pin('files', 'read')).toMatchObject({ approvedBy: 'ann' });
  });

  it('keep whatever a definition holds, byte by byte of its meaning', async () => {
    const { trust } = await start();
    const odd = {
      name: 'o\u200bdd',
      description: 'NUL \0, lone \ud800, hidden \u202e',
      __proto__x: [1, { '': null }],
    };
    trust.offer('files', [{ name: odd.name, definition: odd }]);
    await until(
      'it is pinned',
      () => trust.verdict('files', { name: odd.name, definition: odd }) === 'trusted',
    );
    const [again] = (await start()).trust.lastKnown('files');
    expect(again?.definition).toEqual(odd);
  });
});
