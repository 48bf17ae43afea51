/**
 * The relay: publishes what transactions left in the outbox, in order, and removes it once the bus has acknowledged.
 * A crash in between sends it again with the same ids, which the bus and the inboxes recognise.
 */
import type { DreyEvent } from '../../../machines/words/events.ts';
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Store } from '../../store/store.ts';
import { relayOutbox } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';

export interface RelayOptions {
  readonly store: Store;
  readonly publishAll: (events: readonly DreyEvent[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  /** Pause while there is nothing to do; `nudge` ends it. */
  readonly everyMs?: number;
}

export interface Relay {
  /** Something was just committed. */
  nudge(): void;
  stop(): Promise<void>;
}

const batchMax = 500;
const everyMsDefault = 1_000;

/** Starts relaying; failures of bus or database are tried again for as long as it runs. */
export function startRelay(options: RelayOptions): Relay {
  const { store, clock, log } = options;
  const everyMs = options.everyMs ?? everyMsDefault;
  let stopped = false;
  let again = false;
  let cancel: (() => void) | undefined;
  let running: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    try {
      let sent: number;
      do {
        again = false;
        sent = await relayOutbox(store, async (events) => void (await options.publishAll(events)), {
          limit: batchMax,
        });
      } while ((sent > 0 || again) && !stopped);
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'the outbox waits for bus and database');
    }
  };
  const turn = (): void => {
    cancel?.();
    cancel = undefined;
    running = drain().finally(() => {
      running = undefined;
      if (!stopped) cancel = clock.schedule(everyMs, turn);
    });
  };
  turn();

  return {
    nudge() {
      again = true;
      if (running === undefined && !stopped) turn();
    },
    async stop() {
      stopped = true;
      cancel?.();
      await running;
    },
  };
}
