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
  const { eventLog, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const hurrying = new AbortController();
  let failures = 0;
  let wake: (() => void) | undefined;
  let empty: (() => void) | undefined;
  const forget = eventLog.onAppend(() => wake?.());
  signal.addEventListener('abort', () => wake?.(), { once: true });

  const send = async (page: Page): Promise<void> => {
    const inFlightMax = options.inFlightMax ?? 512;
    try {
      if (page.parcels.length > 0) await options.publishAll(page.parcels, { inFlightMax });
    } catch (error) {
      if (!isRefused(error)) throw error;
      await sendOneByOne(page, options);
    }
    eventLog.acknowledge(page);
  };

  const batchMax = options.batchMax ?? 512;
  const gatherMs = options.gatherMs ?? gatherMsDefault;

  const step = async (): Promise<void> => {
    // Whoever waits for the end waits for no company.
    const isAlone = eventLog.waiting > 0 && eventLog.waiting < batchMax && empty === undefined;
    if (isAlone && gatherMs > 0)
      await pause(gatherMs, undefined, { signal: hurrying.signal }).catch(() => undefined);
    const page = eventLog.read(batchMax);
    if (page === undefined) {
      empty?.();
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted) resolve();
      });
      wake = undefined;
      return;
    }
    try {
      await send(page);
      if (failures > 0) log.info({ waiting: eventLog.waiting }, 'events go to the bus again');
      failures = 0;
      await breathe();
    } catch (error) {
      if (failures === 0)
        log.warn({ err: error, waiting: eventLog.waiting }, 'events wait in the log for the bus');
      failures += 1;
      const ms = Math.min(pauseMaxMs, (options.retryMs ?? 100) * 2 ** Math.min(failures - 1, 10));
      await pause(ms, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted && options.whenConnected !== undefined)
        await unlessAborted(options.whenConnected(), signal);
    }
  };

  const running = (async () => {
    while (!signal.aborted) {
      try {
        await step();
      } catch (error) {
        log.error({ err: error }, 'the event log cannot be read; it is tried again');
        await pause(pauseMaxMs, undefined, { signal }).catch(() => undefined);
      }
    }
  })();

  return {
    async stop({ drainMs = 0 } = {}) {
      if (drainMs > 0 && eventLog.waiting > 0) {
        const drained = new Promise<void>((resolve) => {
          empty = resolve;
        });
        hurrying.abort();
        await Promise.race([drained, pause(drainMs, undefined, { signal }).catch(() => undefined)]);
      }
      hurrying.abort();
      stopping.abort();
      forget();
      await running;
    },
  };
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
