/**
 * Sweeping the inbox: ids of events that no stream can deliver any more are forgotten, or the table would grow with
 * every call for ever.
 */
import type { Clock, Log } from '../actors/actors.ts';
import { sweepInbox } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { eventsKeptMs } from '../wire/wire.ts';
import { openSweep } from './sweep.ts';
import type { Sweep } from './sweep.ts';

export interface InboxSweepOptions {
  readonly store: Pick<Store, 'inSystem'>;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

const hourMs = 60 * 60_000;

/** How often a node looks whether there is something to sweep, and how soon after its start. */
export const sweepEveryMs = hourMs;
export const firstSweepMs = 60_000;
/** An id is kept for longer than the stream keeps its event: the day is for clocks that differ. */
export const inboxKeptMs = eventsKeptMs + 24 * hourMs;
/** Rows removed in one transaction, which holds nobody up. */
export const sweptPerCommit = 5_000;

/** Begins; nothing is done before the first pause is over. */
export function openInboxSweep({ store, ...options }: InboxSweepOptions): Sweep {
  return openSweep({
    ...options,
    name: 'inbox',
    firstMs: firstSweepMs,
    everyMs: sweepEveryMs,
    run: async (isStopped) => {
      const olderThan = new Date(options.clock.now() - inboxKeptMs).toISOString();
      let swept = 0;
      let some: number;
      do {
        some = await store.inSystem((trx) => sweepInbox(trx, { olderThan, limit: sweptPerCommit }));
        swept += some;
      } while (some === sweptPerCommit && !isStopped());
      return swept;
    },
  });
}
