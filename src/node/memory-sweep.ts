/**
 * Sweeping memories: those past their end are removed, namespace by namespace, in steps that hold nobody up.
 */
import type { Clock, Log } from '../actors/actors.ts';
import { removeExpired, toIso } from '../actors/actors.ts';
import { listNamespaces } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { openSweep } from './sweep.ts';
import type { Sweep } from './sweep.ts';

export interface MemorySweepOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often a node looks for memories past their end, and how soon after its start. */
export const memorySweepEveryMs = 15 * 60_000;
export const firstMemorySweepMs = 90_000;
/** Memories removed in one transaction. */
export const memoriesPerCommit = 500;

/** Begins; nothing is done before the first pause is over. */
export function openMemorySweep({ store, ...options }: MemorySweepOptions): Sweep {
  return openSweep({
    ...options,
    name: 'memories',
    firstMs: firstMemorySweepMs,
    everyMs: memorySweepEveryMs,
    run: async (isStopped) => {
      const now = toIso(options.clock.now());
      let swept = 0;
      for (const { namespace } of await store.inSystem(listNamespaces)) {
        let some: number;
        do {
          if (isStopped()) return swept;
          some = await removeExpired(store, { namespace, now, limit: memoriesPerCommit });
          swept += some;
        } while (some === memoriesPerCommit);
      }
      return swept;
    },
  });
}
