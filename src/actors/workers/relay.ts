/**
 * The relay: publishes what transactions left in the outbox, in order, and removes it once the bus has acknowledged.
 * A crash in between sends it again with the same ids, which the bus and the inboxes recognise.
 */
import type { DreyEvent } from '../../../machines/words/events.ts';
import { isDreyError, toPlainError } from '../../../machines/words/errors.ts';
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
  /** Events published since the start. */
  readonly published: number;
  /** Something was just committed. */
  nudge(): void;
  stop(): Promise<void>;
}

const batchMax = 500;
const everyMsDefault = 1_000;

/** Starts relaying; failures of bus or database are tried again for as long as it runs. */
export function startRelay(options: RelayOptions): Relay {
  const relay = new LiveRelay(options);
  relay.nudge();
  return relay;
}

class LiveRelay implements Relay {
  published = 0;
  readonly #options: RelayOptions;
  #stopped = false;
  #again = false;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  nudge(): void {
    this.#again = true;
    if (this.#running === undefined && !this.#stopped) this.#turn();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #turn(): void {
    const { clock, everyMs = everyMsDefault } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#running = this.#drain().finally(() => {
      this.#running = undefined;
      if (!this.#stopped) this.#cancel = clock.schedule(everyMs, () => this.#turn());
    });
  }

  async #drain(): Promise<void> {
    const { store, log } = this.#options;
    try {
      let sent: number;
      do {
        this.#again = false;
        sent = await relayOutbox(store, (events) => this.#publish(events), { limit: batchMax });
        this.published += sent;
      } while ((sent > 0 || this.#again) && !this.#stopped);
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'the outbox waits for bus and database');
    }
  }

  /** All at once; when one of them cannot be an event at all, the others do not wait behind it for ever. */
  async #publish(events: readonly DreyEvent[]): Promise<void> {
    const { publishAll, log } = this.#options;
    try {
      await publishAll(events);
    } catch (error) {
      if (!isFault(error)) throw error;
      for (const event of events) {
        await publishAll([event]).catch((cause: unknown) => {
          if (!isFault(cause)) throw cause;
          log.error(
            { event, err: toPlainError(cause) },
            'an event in the outbox is malformed and is dropped',
          );
        });
      }
    }
  }
}

/** The event's own fault: trying it again can never help. */
function isFault(error: unknown): boolean {
  return isDreyError(error) && (error.code === 'envelope_invalid' || error.code === 'argument_invalid');
}
