/** A node's life in simulated time: started, missing something, whole again, idle, stopped within a bound. */
import { describe, expect, it } from 'vitest';
import type { NodePart } from '../../../machines/node.machine.ts';
import { isMissing, openLife } from '../../../src/node/life.ts';
import type { LifeOptions } from '../../../src/node/life.ts';
import { createDeferred, createWorld, settle } from '../actors/world.ts';

function open(options: Partial<LifeOptions> = {}) {
  const world = createWorld();
  const missing = new Set<NodePart>();
  const drains: string[] = [];
  const told: unknown[] = [];
  const life = openLife({
    nodeId: 'n-1',
    version: '1.2.3',
    clock: world.clock,
    log: world.log,
    announcer: world.announcer,
    missing: () => [...missing],
    health: { send: (event) => void told.push(event) },
    idleMs: undefined,
    isIdle: () => true,
    drain: async (reason) => void drains.push(reason),
    ...options,
  });
  return { ...world, life, missing, drains, told };
}

describe("a node's life", () => {
  it('begins by being told', () => {
    const { life, events } = open();
    expect(life.state).toBe('running');
    expect(events).toMatchObject([
      { type: 'node.started', namespace: '_system', data: { version: '1.2.3', pid: process.pid } },
    ]);
  });

  it('goes on with something missing, and says when it is whole again', async () => {
    const { life, missing, clock, types, told } = open();
    missing.add('bus');
    await clock.advance(1_000);
    expect(life.state).toBe('degraded');
    expect(told.at(-1)).toMatchObject({ type: 'parts.told', view: ['bus'] });
    missing.clear();
    await clock.advance(1_000);
    expect(life.state).toBe('running');
    expect(types()).toEqual(['node.started', 'node.degraded', 'node.recovered']);
  });

  it('ends once, whoever asks how often', async () => {
    const { life, drains, types, clock } = open();
    await Promise.all([life.drain('asked to stop'), life.drain('asked again')]);
    await life.stopped;
    expect(drains).toEqual(['asked to stop']);
    expect(life.state).toBe('stopped');
    expect(types()).toEqual(['node.started', 'node.draining']);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  it('ends although something does not close, and although it hangs', async () => {
    const failing = open({ drain: async () => Promise.reject(new Error('it would not close')) });
    await failing.life.drain('asked to stop');
    expect(failing.sentences).toContain('the node did not stop cleanly');

    const hanging = open({ drain: () => createDeferred().promise });
    const stopping = hanging.life.drain('asked to stop');
    await hanging.clock.advance(30_000);
    await stopping;
    expect(hanging.life.state).toBe('stopped');
  });

  it('ends by itself after nobody was there for as long as it was told', async () => {
    let isIdle = false;
    const { life, clock, drains } = open({ idleMs: 600_000, isIdle: () => isIdle });
    await clock.advance(3_600_000);
    expect(life.state).toBe('running');
    isIdle = true;
    await clock.advance(590_000);
    expect(life.state).toBe('running');
    await clock.advance(12_000);
    await settle();
    expect(life.state).toBe('stopped');
    expect(drains).toEqual(['nobody was connected for a while']);
  });
});

describe('a learner', () => {
  it.each([
    ['none here', undefined, false],
    ['that starts for the first time', { state: 'initializing', lastError: null }, false],
    ['that starts again after a failure', { state: 'initializing', lastError: 'it ended' }, true],
    ['that failed', { state: 'failed', lastError: 'it ended' }, true],
    ['that works', { state: 'healthy', lastError: null }, false],
    ['that is late', { state: 'degraded', lastError: 'no sign of life' }, false],
  ] as const)('%s', (_, view, expected) => {
    expect(isMissing(view)).toBe(expected);
  });
});
