/** Boards: everybody who listens hears each version once and in order, also when listeners write, leave, come or break. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBoards } from '../../../src/actors/actors.ts';
import { createBreakers } from '../../../src/actors/breaker/breakers.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { createWorld } from './world.ts';

const resource = (state: string, id = 'r-a') =>
  ({
    type: 'resource.told',
    view: { id, what: 'x', state, lastError: null, code: null },
    at: 1,
  }) as const;

const open = () => {
  const { log, sentences } = recordingLog();
  return { ...openBoards(log), sentences };
};

describe('a board', () => {
  it('says nothing to those who come before anything changes, and nothing of what is no change', () => {
    const { health } = open();
    const heard: number[] = [];
    health.listen(({ version }) => heard.push(version));
    expect(heard).toEqual([]);
    health.send(resource('healthy'));
    health.send(resource('healthy'));
    expect(heard).toEqual([1]);
    health.listen(({ version }) => heard.push(version * 100));
    health.send(resource('degraded'));
    expect(heard).toEqual([1, 2, 200]);
    expect(health.read().version).toBe(2);
  });

  it('is listened to in part', () => {
    const { health } = open();
    const heard: boolean[] = [];
    health.listen(
      ({ lag }) => heard.push(lag.lagging),
      ({ lag }) => lag.lagging,
    );
    health.send(resource('healthy'));
    health.send({ type: 'lag.told', view: { lagging: true, waiting: 1_001 }, at: 2 });
    health.send({ type: 'lag.told', view: { lagging: true, waiting: 1_002 }, at: 3 });
    health.send({ type: 'lag.told', view: { lagging: false, waiting: 10 }, at: 4 });
    expect(heard).toEqual([true, false]);
  });

  it('lets a listener leave and another come while a version goes round', () => {
    const { health } = open();
    const heard: string[] = [];
    const leave = health.listen(() => {
      heard.push('first');
      leave();
      leaveOther();
      health.listen(() => heard.push('third'));
    });
    const leaveOther = health.listen(() => heard.push('second'));
    health.send(resource('healthy'));
    expect(heard).toEqual(['first']);
    health.send(resource('degraded'));
    expect(heard).toEqual(['first', 'third']);
  });

  it('goes on when a listener breaks', () => {
    const { health, sentences } = open();
    const heard: number[] = [];
    health.listen(() => {
      throw new Error('boom');
    });
    health.listen(({ version }) => heard.push(version));
    health.send(resource('healthy'));
    health.send(resource('degraded'));
    expect(heard).toEqual([1, 2]);
    expect(sentences).toEqual(['a listener of a board broke', 'a listener of a board broke']);
  });

  it('tells each version once and in order to each listener, also when listeners write to it or to another', () => {
    const states = fc.constantFrom('healthy', 'degraded', 'unhealthy');
    const wish = fc.record({ on: fc.nat(8), state: states, id: fc.constantFrom('r-a', 'r-b') });
    fc.assert(
      fc.property(fc.array(states), fc.array(wish, { maxLength: 6 }), fc.nat(3), (sent, wishes, others) => {
        const { health, catalogue } = open();
        const heard = Array.from({ length: others + 2 }, (): number[] => []);
        const faces: number[] = [];
        catalogue.listen(({ version }) => faces.push(version));
        for (const [index, versions] of heard.entries()) {
          health.listen(({ version }) => {
            versions.push(version);
            // The second one writes, in the middle of a round.
            if (index !== 1) return;
            const name = `t${version}`;
            const tool = { name, server: 's', tool: name, definition: {}, stale: false };
            catalogue.send({ type: 'listed', tools: [tool], at: version });
            for (const { on, state, id } of wishes) if (on === version) health.send(resource(state, id));
          });
        }
        for (const state of sent) health.send(resource(state));
        const { version } = health.read();
        const all = Array.from({ length: version }, (_, index) => index + 1);
        for (const versions of heard) expect(versions).toEqual(all);
        expect(faces).toEqual(all);
      }),
    );
  });
});

describe('breakers on the board', () => {
  const config = { windowSize: 2, minCalls: 2, failureRate: 50, openMs: 1_000 };

  it('stand there from the first moment, with the moment at which they may be probed', async () => {
    const { clock, log, announcer } = createWorld();
    const { health } = openBoards(log);
    const versions: number[] = [];
    health.listen(({ version }) => versions.push(version));
    const breakers = createBreakers({ config, clock, log, announcer, health });
    const view = () => health.read().breakers['b-fs'];
    const guard = breakers.open('b-fs');
    expect(view()).toEqual({ id: 'b-fs', state: 'closed', retryAt: null });
    const fail = (): void => {
      const admission = guard.permit();
      if (admission.ok) guard.done(admission.permit, 'err', 1);
    };
    fail();
    fail();
    const retryAt = clock.now() + 1_000;
    expect(view()).toEqual({ id: 'b-fs', state: 'open', retryAt });
    await clock.advance(400);
    fail();
    expect(view()?.retryAt).toBe(retryAt);
    await clock.advance(600);
    const probe = guard.permit();
    expect(view()?.state).toBe('halfOpen');
    if (probe.ok) guard.done(probe.permit, 'ok', 1);
    expect(view()).toEqual({ id: 'b-fs', state: 'closed', retryAt: null });
    expect(versions).toEqual([1, 2, 3, 4]);
    breakers.close();
  });

  it('stand there as they were restored', async () => {
    const { clock, log, announcer } = createWorld();
    const before = createBreakers({ config, clock, log, announcer, ...openBoards(log) });
    const guard = before.open('b-fs');
    for (const _time of [1, 2]) {
      const admission = guard.permit();
      if (admission.ok) guard.done(admission.permit, 'err', 1);
    }
    const persisted = before.persist('b-fs');
    before.close();
    await clock.advance(300);
    const { health } = openBoards(log);
    const after = createBreakers({ config, clock, log, announcer, health });
    after.open('b-fs');
    after.restore('b-fs', persisted);
    expect(health.read().breakers['b-fs']).toEqual({
      id: 'b-fs',
      state: 'open',
      retryAt: clock.now() + 700,
    });
    after.close();
  });
});
