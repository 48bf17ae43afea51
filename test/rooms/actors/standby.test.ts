/** A resource that sleeps and wakes, in simulated time: whatever happens in which order, there is at most one of it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openStandby } from '../../../src/actors/upstreams/standby.ts';
import type { Standby } from '../../../src/actors/upstreams/standby.ts';
import { createDeferred, createWorld, settle } from './world.ts';
import type { SimulatedClock } from './world.ts';

interface Thing {
  uses: number | undefined;
  readonly crash: () => void;
}

const startMs = 300;
const idleStopMs = 1_000;

function open({ isAsleep = true, fails = () => false }: { isAsleep?: boolean; fails?: () => boolean } = {}) {
  const world = createWorld();
  const clock: SimulatedClock = world.clock;
  const up = new Set<Thing>();
  let most = 0;
  let starts = 0;
  const standby: Standby<Thing> = openStandby<Thing>({
    ...world,
    name: 'one',
    what: 'a thing',
    isAsleep,
    idleStopMs,
    uses: (thing) => thing.uses,
    settings: { initMs: 5_000, restartsMax: 3, restartPeriodMs: 60_000, restMs: 100 },
    start: async (broke) => {
      starts += 1;
      const started = createDeferred();
      clock.schedule(startMs, () => started.resolve());
      await started.promise;
      if (fails()) throw new Error('it does not start');
      const thing: Thing = {
        uses: 0,
        crash: () => {
          up.delete(thing);
          broke(new Error('it crashed'));
        },
      };
      up.add(thing);
      most = Math.max(most, up.size);
      return thing;
    },
    stop: async (thing) => void up.delete(thing),
  });
  const use = (boundMs = 10_000): Promise<Thing | undefined> =>
    standby.arrive({ boundMs }).then((thing) => {
      if (thing?.uses !== undefined) thing.uses += 1;
      return thing;
    });
  return { ...world, clock, standby, use, up, most: () => most, starts: () => starts };
}

describe('a resource on standby', () => {
  it('starts when it is wanted, rests after a while without use, and starts again', async () => {
    const { clock, standby, use, up, starts } = open();
    expect([standby.state, starts()]).toEqual(['asleep', 0]);
    const [first, second] = [use(), use()];
    await clock.advance(startMs);
    expect(await first).toBe(await second);
    expect([standby.state, starts(), up.size]).toEqual(['healthy', 1, 1]);
    await clock.advance(idleStopMs * 2);
    expect([standby.state, up.size]).toEqual(['asleep', 0]);
    const again = use();
    await clock.advance(startMs);
    expect([(await again) === (await first), starts()]).toEqual([false, 2]);
  });

  it('stays up while it is used, and under a use that does not end', async () => {
    const { clock, standby, use } = open();
    const wanted = use();
    await clock.advance(startMs);
    for (let time = 0; time < 10; time += 1) {
      await use();
      await clock.advance(idleStopMs / 2);
    }
    expect(standby.state).toBe('healthy');
    const thing = await wanted;
    if (thing !== undefined) thing.uses = undefined;
    await clock.advance(idleStopMs * 10);
    expect(standby.state).toBe('healthy');
  });

  it('lets nobody wait longer than the bound, than the caller stays, or than there is hope', async () => {
    const { clock, standby, use } = open({ fails: () => true });
    const leaving = new AbortController();
    const short = use(100);
    const left = standby.arrive({ boundMs: 10_000, signal: leaving.signal });
    const patient = use();
    leaving.abort();
    expect(await left).toBeUndefined();
    await clock.advance(100);
    expect(await short).toBeUndefined();
    await clock.advance(startMs);
    expect(await patient).toBeUndefined();
    expect(standby.view().lastError).toBe('it does not start');
    const ended = standby.dispose();
    await clock.advance(10_000);
    await ended;
    expect(await use()).toBeUndefined();
  });

  it('is never there twice nor left behind, and who gets it gets one that is up', async () => {
    const moves = fc.array(
      fc.oneof(
        fc.constantFrom('use' as const, 'crash' as const, 'restart' as const),
        fc.integer({ min: 0, max: 2_500 }),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(moves, fc.boolean(), async (script, isAsleep) => {
        const { clock, standby, use, up, most } = open({ isAsleep });
        const got: Promise<void>[] = [];
        let wrong = 0;
        for (const move of script) {
          if (move === 'use') {
            const asked = use(2_000);
            got.push(asked.then((thing) => void (wrong += thing === undefined || up.has(thing) ? 0 : 1)));
            await settle();
          } else if (move === 'crash') [...up][0]?.crash();
          else if (move === 'restart') standby.restart();
          else await clock.advance(move);
        }
        const ended = standby.dispose();
        await clock.advance(20_000);
        await Promise.all([ended, ...got]);
        await settle();
        expect([up.size, most() <= 1, wrong, standby.state]).toEqual([0, true, 0, 'disposed']);
      }),
      { numRuns: 100 },
    );
  });
});
