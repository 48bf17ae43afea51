/** Pool case P21: whatever happens, whatever fails, a pool keeps its rules. A failure prints the seed. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPool } from '../../../../src/actors/upstreams/pool.ts';
import type { Lease } from '../../../../src/actors/upstreams/pool-options.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { SimulatedTime } from '../guards/simulated-time.ts';

interface Thing {
  readonly id: number;
}

const settings = fc.record({
  max: fc.integer({ min: 1, max: 6 }),
  maxPerNamespace: fc.integer({ min: 1, max: 4 }),
  maxUses: fc.constantFrom(1, 3, Infinity),
  maxLifetimeMs: fc.constantFrom(50, Infinity),
  idleMs: fc.constantFrom(5, 100),
  reapMs: fc.constant(7),
  acquireMs: fc.constantFrom(10, 200),
  createMs: fc.constant(20),
  createRestMs: fc.constantFrom(0, 5),
  validateMs: fc.constant(6),
  destroyMs: fc.constant(15),
  leakMs: fc.constantFrom(20, Infinity),
});

/** A step, and dice for how long things take and whether they fail. */
const action = fc.record({
  act: fc.constantFrom('acquire', 'acquire', 'release', 'twice', 'leave', 'breaks', 'pass'),
  which: fc.nat(1_000),
  ms: fc.nat(12),
});

describe('a pool', () => {
  it(
    'P21 never has too many, lends nothing twice, and loses nothing, whatever fails',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          settings,
          fc.array(action, { minLength: 400, maxLength: 400 }),
          fc.integer({ min: 0, max: 70 }),
          // Not numbers with a fraction: of those most are next to nothing.
          fc.infiniteStream(fc.noBias(fc.nat(999))),
          async (config, actions, failing, dice) => {
            const time = new SimulatedTime();
            const roll = (): number => (dice.next().value ?? 0) / 1_000;
            /** What is wrong where an exception would only be taken for one of the failures. */
            const faults: string[] = [];
            const live = new Set<Thing>();
            const leaving = new Set<Thing>();
            const lent = new Map<Thing, Lease<Thing>>();
            const breakers = new Map<Thing, (error: unknown) => void>();
            const counts = { created: 0, destroyed: 0 };
            /** Takes up to 12 ms, then works or fails. */
            const may = async (): Promise<void> => {
              const [ms, fails] = [Math.floor(roll() * 12), roll() * 100 < failing];
              if (ms > 0) await new Promise<void>((resolve) => void time.schedule(ms, resolve));
              if (fails) throw new Error('as the dice fell');
            };
            const pool = openPool<Thing>({
              name: 'things',
              async create() {
                await may();
                counts.created += 1;
                const thing = { id: counts.created };
                live.add(thing);
                if (live.size > config.max) faults.push(`${live.size} things of ${config.max}`);
                return thing;
              },
              async destroy(thing) {
                if (leaving.has(thing)) faults.push('destroyed twice');
                if (lent.has(thing)) faults.push('destroyed while lent');
                leaving.add(thing);
                counts.destroyed += 1;
                try {
                  await may();
                } finally {
                  live.delete(thing);
                }
              },
              async validate() {
                await may();
                return true;
              },
              watch(thing, broke) {
                breakers.set(thing, broke);
                return () => breakers.delete(thing);
              },
              settings: config,
              clock: time,
              log: quietLog,
            });
            const leavers: AbortController[] = [];
            const returned: Lease<Thing>[] = [];
            const acquire = async (namespace: string): Promise<void> => {
              const leaver = new AbortController();
              leavers.push(leaver);
              try {
                const lease = await pool.acquire({ namespace, signal: leaver.signal });
                expect(lent.has(lease.thing)).toBe(false);
                expect(leaving.has(lease.thing)).toBe(false);
                lent.set(lease.thing, lease);
                const held = [...lent.values()].filter((one) => one.namespace === namespace);
                expect(held.length).toBeLessThanOrEqual(config.maxPerNamespace);
              } catch (error) {
                expect(error).toHaveProperty(
                  'code',
                  expect.stringMatching(/^(call_timeout|call_cancelled)$/),
                );
              }
            };
            const giveBack = (lease: Lease<Thing> | undefined): void => {
              if (lease === undefined) return;
              lent.delete(lease.thing);
              returned.push(lease);
              pool.release(lease);
            };
            const calls: Promise<void>[] = [];
            const any = <A>(all: readonly A[], which: number): A | undefined =>
              all[which % (all.length || 1)];
            const acts: Readonly<Record<string, (which: number, ms: number) => unknown>> = {
              acquire: (which) => calls.push(acquire(`n${which % 3}`)),
              release: (which) => giveBack(any([...lent.values()], which)),
              twice: (which) =>
                any(
                  returned.map((lease) => () => pool.release(lease)),
                  which,
                )?.(),
              leave: (which) => any(leavers, which)?.abort(),
              breaks: (which) => any([...breakers.values()], which)?.(new Error('end')),
              pass: (_, ms) => time.pass(ms),
            };
            for (const { act, which, ms } of actions) {
              await acts[act]?.(which, ms);
              const { size, idle, inUse } = pool.counts;
              expect(size).toBeLessThanOrEqual(config.max);
              expect(idle + inUse).toBeLessThanOrEqual(size);
            }
            await time.pass(300);
            for (const lease of lent.values()) giveBack(lease);
            await time.until(pool.drain());
            await Promise.all(calls);
            await time.pass(100);
            expect(faults).toEqual([]);
            expect(counts.destroyed).toBe(counts.created);
            expect(live.size).toBe(0);
            expect(pool.counts).toEqual({ size: 0, idle: 0, inUse: 0, creating: 0, waiting: 0 });
            expect(time.pending).toBe(0);
          },
        ),
        { numRuns: 40 },
      );
    },
  );
});
