/**
 * Sweeping the inbox: ids of events that no stream can deliver any more are forgotten, or the table would grow with
 * every call for ever. Of all nodes on one database one sweeps at a time; the others come round again later.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import { sweepInbox, takeTurn } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { eventsKeptMs } from '../wire/wire.ts';

export interface InboxSweepOptions {
  readonly store: Pick<Store, 'inSystem'>;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface InboxSweep {
  /** Lets the sweep at work end. */
  stop(): Promise<void>;
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
export function openInboxSweep(options: InboxSweepOptions): InboxSweep {
  const sweep = new LiveSweep(options);
  sweep.plan(firstSweepMs);
  return sweep;
}

class LiveSweep implements InboxSweep {
  readonly #options: InboxSweepOptions;
  #stopped = false;
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: InboxSweepOptions) {
    this.#options = options;
  }

  plan(delayMs: number): void {
    this.#cancel = this.#options.clock.schedule(delayMs, () => {
      this.#running = this.#sweep();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { databaseUrl, log } = this.#options;
    try {
      const turn = await takeTurn({ url: databaseUrl, name: 'inbox', log });
      if (turn !== undefined) {
        const swept = await this.#sweepAll();
        await turn.release();
        if (swept > 0) log.debug({ swept }, 'old ids were swept out of the inbox');
      }
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'the turn to sweep cannot be taken now');
    }
    if (!this.#stopped) this.plan(sweepEveryMs);
  }

  /** A failure ends it; the rest is for the next time. */
  async #sweepAll(): Promise<number> {
    const { clock, log, store } = this.#options;
    const olderThan = new Date(clock.now() - inboxKeptMs).toISOString();
    let swept = 0;
    try {
      let some: number;
      do {
        some = await store.inSystem((trx) => sweepInbox(trx, { olderThan, limit: sweptPerCommit }));
        swept += some;
      } while (some === sweptPerCommit && !this.#stopped);
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'the inbox is swept another time');
    }
    return swept;
  }
}
