/**
 * Sweeping what was served and held out: what no report looks back to any more goes, namespace by namespace, in steps
 * that hold nobody up. The last words of each principal on each procedure stay, and so does what they said it of or followed.
 */
import { limits } from '../../machines/words/limits.ts';
import type { Clock, Log } from '../actors/actors.ts';
import { toIso } from '../actors/actors.ts';
import { listNamespaces, sweepServed } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { openSweep } from './sweep.ts';
import type { Sweep } from './sweep.ts';

export interface InsightSweepOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

const hourMs = 60 * 60_000;

/** How often a node looks for rows that are too old, and how soon after its start. */
export const insightSweepEveryMs = 6 * hourMs;
export const firstInsightSweepMs = 120_000;
/** A row is kept for a day longer than a report looks back: the day is for clocks that differ. */
export const servedKeptMs = (limits.reportDaysMax + 1) * 24 * hourMs;
/** Rows of each table removed in one transaction. */
export const servedPerCommit = 5_000;

/** Begins; nothing is done before the first pause is over. */
export function openInsightSweep({ store, ...options }: InsightSweepOptions): Sweep {
  return openSweep({
    ...options,
    name: 'insight',
    firstMs: firstInsightSweepMs,
    everyMs: insightSweepEveryMs,
    run: async (isStopped) => {
      const olderThan = toIso(options.clock.now() - servedKeptMs);
      let swept = 0;
      for (const { namespace } of await store.inSystem(listNamespaces)) {
        let isMore = true;
        while (isMore) {
          if (isStopped()) return swept;
          const some = await store.inNamespace(namespace, (trx) =>
            sweepServed(trx, { olderThan, limit: servedPerCommit }),
          );
          const { injections, heldOut, feedback } = some;
          swept += injections + heldOut + feedback;
          isMore = Math.max(injections, heldOut, feedback) === servedPerCommit;
        }
      }
      return swept;
    },
  });
}
