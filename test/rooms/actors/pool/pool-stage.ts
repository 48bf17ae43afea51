/** A pool of things that do what the test wants, on a clock that is moved by hand. */
import { EventEmitter } from 'node:events';
import { openPool } from '../../../../src/actors/upstreams/pool.ts';
import type { Pool } from '../../../../src/actors/upstreams/pool.ts';
import type { Lease, PoolEvent, PoolSettings } from '../../../../src/actors/upstreams/pool-options.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { SimulatedTime, watch } from '../guards/simulated-time.ts';
import type { Fate } from '../guards/simulated-time.ts';

/** A thing to lend. */
export class Thing extends EventEmitter {
  readonly id: number;
  isGood = true;
  look: () => Promise<boolean> = () => Promise.resolve(this.isGood);

  constructor(id: number) {
    super();
    this.id = id;
  }
}

export interface Behaviour {
  readonly createMs?: number;
  readonly destroyMs?: number;
  /** So many creations fail first. */
  readonly failures?: number;
  /** Lent without a look. */
  readonly isUnlooked?: boolean;
}

interface Stage {
  readonly time: SimulatedTime;
  readonly pool: Pool<Thing>;
  readonly made: Thing[];
  readonly destroyed: Thing[];
  readonly events: PoolEvent[];
  readonly stats: { creates: number };
  acquire(asked?: { namespace?: string; signal?: AbortSignal }): { readonly fate: Fate<Lease<Thing>> };
}

/** Opens it. */
export function openStage(settings: Partial<PoolSettings>, behaviour: Behaviour = {}): Stage {
  const { createMs = 0, destroyMs = 0, failures = 0, isUnlooked = false } = behaviour;
  const time = new SimulatedTime();
  const made: Thing[] = [];
  const destroyed: Thing[] = [];
  const events: PoolEvent[] = [];
  const stats = { creates: 0 };
  const after = (ms: number): Promise<void> =>
    ms === 0 ? Promise.resolve() : new Promise((resolve) => void time.schedule(ms, resolve));
  const pool = openPool<Thing>({
    name: 'connections',
    async create() {
      stats.creates += 1;
      const { creates } = stats;
      await after(createMs);
      if (creates <= failures) throw new Error('no route');
      const thing = new Thing(made.length + 1);
      made.push(thing);
      return thing;
    },
    async destroy(thing) {
      destroyed.push(thing);
      await after(destroyMs);
    },
    ...(isUnlooked ? {} : { validate: (thing: Thing) => thing.look() }),
    watch(thing, broke) {
      thing.on('error', broke);
      return () => thing.off('error', broke);
    },
    settings,
    clock: time,
    onEvent: (event) => events.push(event),
    log: quietLog,
  });
  return { time, pool, made, destroyed, events, stats, acquire: (asked) => watch(pool.acquire(asked)) };
}
