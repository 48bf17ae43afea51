/**
 * Shared contexts as agents use them: looked up and committed, many of them at a time, through the face that tools and
 * REST use. The store is whoever's bench this is part of; so is its namespace.
 */
import { createRedactor } from '../../src/access/access.ts';
import { openFabric } from '../../src/actors/fabric.ts';
import { openContextsOf } from '../../src/actors/open-contexts.ts';
import { quietLog } from '../support/quiet-log.ts';
import type { Layer1Part } from './layer1-place.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

/** Contexts, and callers at a time; each works on one of its own. */
const contextsMax = 1_000;
const parallel = 8;

const by = { principal: 'bench', isAdmin: false };

/** Lookups from the node's copies, lookups that ask the database, and commits. */
export const measureContexts: Layer1Part = async ({ store, clock, small: namespace, quick }, prefix) => {
  const count = quick ? contextsMax / 10 : contextsMax;
  const fabric = await openFabric({ store, clock, log: quietLog });
  const redactor = createRedactor({ key: 'bench' });
  const contexts = openContextsOf({ fabric, redactor, rulesFor: () => undefined, clock, log: quietLog });
  try {
    const ids = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const values = { n, title: `context ${n}`, steps: ['read', 'change', 'write'] };
        return (await contexts.create({ namespace, by, values })).contextId;
      }),
    );
    const time = async (work: (contextId: string, n: number) => Promise<unknown>): Promise<number[]> => {
      const took: number[] = [];
      let next = 0;
      const caller = async (): Promise<void> => {
        for (let n = next; n < ids.length; n = next) {
          next += 1;
          const begunAt = performance.now();
          await work(ids[n] ?? '', n);
          took.push(performance.now() - begunAt);
        }
      };
      await Promise.all(Array.from({ length: parallel }, caller));
      return took;
    };
    const cold = await time((contextId) => contexts.get({ namespace, by, contextId, fresh: true }));
    const warm = await time((contextId) => contexts.get({ namespace, by, contextId }));
    const commits = await time((contextId, n) =>
      contexts.change({ namespace, by, contextId, changes: { n: n + 1 }, expectedVersion: 1 }),
    );
    return [
      ...toMeasures(`${prefix}.context.lookup_database`, cold, 20),
      ...toMeasures(`${prefix}.context.lookup`, warm, 20),
      ...toMeasures(`${prefix}.context.commit`, commits, 5),
    ];
  } finally {
    await contexts.close();
    await fabric.close();
  }
};

function toMeasures(name: string, took: readonly number[], target: number): Measure[] {
  return [
    measure(`${name}.p50_ms`, quantile(took, 0.5), 'ms', 'lower'),
    measure(`${name}.p95_ms`, quantile(took, 0.95), 'ms', 'lower', target),
  ];
}
