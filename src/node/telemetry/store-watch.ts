/**
 * Whether the database answers: asked now and then, whoever runs it, since a server of somebody else's ends without telling
 * this process. It starts, stops and decides nothing.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Clock, Log } from '../../actors/actors.ts';
import type { Store } from '../../store/store.ts';

export interface StoreWatchOptions {
  readonly store: Pick<Store, 'ping' | 'onError'>;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly log: Pick<Log, 'warn' | 'info'>;
}

export interface StoreWatch {
  /** It has not answered twice in a row, or is late with its answer. */
  isAway(): boolean;
  stop(): void;
}

/** Between an answer and the next question. */
const askEveryMs = 2_000;
/** Questions in a row without an answer; one may have met a connection that was dead already. */
const failuresMin = 2;
/** An answer that takes longer is none, whatever becomes of it: the server may be frozen. */
const answerMsMax = 10_000;

/** Begins to ask. */
export function watchStore({ store, clock, log }: StoreWatchOptions): StoreWatch {
  let failures = 0;
  let askedAt: number | undefined;
  let isStopped = false;
  let cancel = (): void => undefined;

  const ask = async (): Promise<void> => {
    if (askedAt !== undefined || isStopped) return;
    cancel();
    askedAt = clock.monotonic();
    try {
      await store.ping();
      if (failures >= failuresMin) log.info({ failures }, 'the database answers again');
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === failuresMin)
        log.warn({ err: toPlainError(error) }, 'the database does not answer; calls go on without it');
    }
    askedAt = undefined;
    if (!isStopped) cancel = clock.schedule(askEveryMs, () => void ask());
  };
  cancel = clock.schedule(askEveryMs, () => void ask());
  // A connection that broke while nobody used it is a reason to look at once.
  const forget = store.onError(() => void ask());

  return {
    isAway: () =>
      failures >= failuresMin || (askedAt !== undefined && clock.monotonic() - askedAt > answerMsMax),
    stop() {
      isStopped = true;
      cancel();
      forget();
    },
  };
}
