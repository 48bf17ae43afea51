/**
 * The pump between the write-ahead log and the bus: reads in order, sends in windows with message ids, acknowledges
 * pages. One path whether the bus is fast, frozen or gone: what fails is sent again from the same place, in the same
 * order. It never skips an event that could still be sent, and it yields between pages.
 */
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises';
import { isDreyError } from '../../machines/words/errors.ts';
import type { EventLog } from './event-log.ts';
import type { Log } from './log.ts';
import type { Parcel } from './parcel.ts';
import type { Page } from './segments.ts';

export interface PumpOptions {
  readonly eventLog: EventLog;
  /** Sends in order and rejects when one of them was not stored: `wire.sendAll`. */
  readonly publishAll: (
    parcels: readonly Parcel[],
    options: { readonly inFlightMax: number },
  ) => Promise<unknown>;
  /** Resolves when sending can work again: `wire.whenConnected`. */
  readonly whenConnected?: () => Promise<boolean>;
  readonly log: Log;
  /** Events of one page. */
  readonly batchMax?: number;
  readonly inFlightMax?: number;
  /**
   * How long events wait for company before they are sent. One by one they cost node, bus and learner several times as
   * much, and on a small machine that is time taken from calls.
   */
  readonly gatherMs?: number;
  /** First pause after a failure; it doubles up to two seconds. */
  readonly retryMs?: number;
}

export interface Pump {
  /** Stops at once, or when all is sent if that takes no longer than `drainMs`. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

const pauseMaxMs = 2_000;
const gatherMsDefault = 20;

/** Starts sending what the log holds and whatever is appended from now on. */
export function startPump(options: PumpOptions): Pump {
  return new RunningPump(options);
}

class RunningPump implements Pump {
  readonly #options: PumpOptions;
  readonly #stopping = new AbortController();
  /** Whoever waits for the end waits for no company. */
  readonly #hurrying = new AbortController();
  readonly #forget: () => void;
  readonly #running: Promise<void>;
  #failures = 0;
  #wake: (() => void) | undefined;
  #empty: (() => void) | undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#forget = options.eventLog.onAppend(() => this.#wake?.());
    this.#stopping.signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    this.#running = this.#run();
  }

  async stop({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    const { signal } = this.#stopping;
    if (drainMs > 0 && this.#options.eventLog.waiting > 0) {
      const drained = new Promise<void>((resolve) => {
        this.#empty = resolve;
      });
      this.#hurrying.abort();
      await Promise.race([drained, pause(drainMs, undefined, { signal }).catch(() => undefined)]);
    }
    this.#hurrying.abort();
    this.#stopping.abort();
    this.#forget();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        this.#options.log.error({ err: error }, 'the event log cannot be read; it is tried again');
        await pause(pauseMaxMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #step(): Promise<void> {
    const { eventLog, batchMax = 512, gatherMs = gatherMsDefault } = this.#options;
    const { signal } = this.#hurrying;
    if (eventLog.waiting > 0 && eventLog.waiting < batchMax && gatherMs > 0 && !signal.aborted)
      await pause(gatherMs, undefined, { signal }).catch(() => undefined);
    const page = eventLog.read(batchMax);
    if (page === undefined) return this.#sleep();
    try {
      await this.#send(page);
    } catch (error) {
      return this.#rest(error);
    }
    if (this.#failures > 0)
      this.#options.log.info({ waiting: eventLog.waiting }, 'events go to the bus again');
    this.#failures = 0;
    await breathe();
  }

  /** Until something is appended. */
  async #sleep(): Promise<void> {
    this.#empty?.();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#stopping.signal.aborted) resolve();
    });
    this.#wake = undefined;
  }

  /** After a failure, and until the bus is back. */
  async #rest(failure: unknown): Promise<void> {
    const { eventLog, log, whenConnected, retryMs = 100 } = this.#options;
    const { signal } = this.#stopping;
    if (this.#failures === 0)
      log.warn({ err: failure, waiting: eventLog.waiting }, 'events wait in the log for the bus');
    this.#failures += 1;
    const ms = Math.min(pauseMaxMs, retryMs * 2 ** Math.min(this.#failures - 1, 10));
    await pause(ms, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted && whenConnected !== undefined) await unlessAborted(whenConnected(), signal);
  }

  async #send(page: Page): Promise<void> {
    const { eventLog, publishAll, inFlightMax = 512 } = this.#options;
    try {
      if (page.parcels.length > 0) await publishAll(page.parcels, { inFlightMax });
    } catch (error) {
      if (!isRefused(error)) throw error;
      await sendOneByOne(page, this.#options);
    }
    eventLog.acknowledge(page);
  }
}

/** One event of the page will never be taken: find it, keep it aside, send the others. */
async function sendOneByOne(page: Page, options: PumpOptions): Promise<void> {
  for (const parcel of page.parcels) {
    try {
      await options.publishAll([parcel], { inFlightMax: 1 });
    } catch (error) {
      if (!isRefused(error)) throw error;
      options.eventLog.setAside(parcel, String(error));
      options.log.error(
        { err: error, id: parcel.id },
        'the bus will never take this event; it is kept in refused.jsonl',
      );
    }
  }
}

function isRefused(error: unknown): boolean {
  return isDreyError(error) && error.code === 'body_too_large';
}

async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  await Promise.race([promise, aborted]);
}
