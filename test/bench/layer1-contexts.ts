/**
 * Shared contexts as agents use them: looked up and committed, many of them at a time, through the face that tools and
 * REST use. The store is whoever's bench this is part of; so is its namespace.
 */
import { createRedactor } from '../../src/access/access.ts';
import type { Clock } from '../../src/actors/actors.ts';
import { openFabric } from '../../src/actors/fabric.ts';
import { openContextsOf } from '../../src/actors/open-contexts.ts';
import type { Store } from '../../src/store/store.ts';
import { quietLog } from '../support/quiet-log.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

export interface ContextsBenchOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** One that exists. */
  readonly namespace: string;
  /** 1,000 unless stated. */
  readonly contexts?: number;
  /** Callers at a time; each works on a context of its own. */
  readonly parallel?: number;
}

const by = { principal: 'bench', isAdmin: false };

/** Lookups from the node's copies, lookups that ask the database, and commits. */
export async function measureContexts(options: ContextsBenchOptions): Promise<Measure[]> {
  const { store, clock, namespace, contexts: count = 1_000, parallel = 8 } = options;
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
      ...toMeasures('lookup_database', cold, 20),
      ...toMeasures('lookup', warm, 20),
      ...toMeasures('commit', commits, 5),
    ];
  } finally {
    await contexts.close();
    await fabric.close();
  }
}

function toMeasures(name: string, took: readonly number[], target: number): Measure[] {
  return [
    measure(`layer1.context.${name}_p50_ms`, quantile(took, 0.5), 'ms', 'lower'),
    measure(`layer1.context.${name}_p95_ms`, quantile(took, 0.95), 'ms', 'lower', target),
  ];
}
