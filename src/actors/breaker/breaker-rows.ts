/**
 * Breakers over restarts: what they were is read before the node listens, and what changes is written lazily, the newest
 * state of each, in one statement. A call never waits for it. Nodes that share a database share the rows, and whoever
 * writes last is right: the upstream is the same for all of them.
 */
import { breakerMachineVersion } from '../../../machines/breaker.machine.ts';
import { toPlainError } from '../../../machines/words/errors.ts';
import { systemNamespace } from '../../../machines/words/ids.ts';
import type { Store } from '../../store/store.ts';
import { ensureNamespace, keepActors, readKeptActors } from '../../store/store.ts';
import type { Breakers } from './breakers.ts';
import type { Clock, Log } from '../clock.ts';

export interface BreakerRowsOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly breakers: Pick<Breakers, 'views' | 'persist' | 'restore' | 'onChange'>;
  readonly clock: Pick<Clock, 'schedule'>;
  readonly log: Log;
}

export interface BreakerRows {
  /** Writes what is left, once. */
  close(): Promise<void>;
}

const kind = 'breaker';
/** Shorter than the usual wait of an open breaker: later it would be of no use to anybody. */
const restMs = 250;
/** Until the database is tried again. */
const retryMs = 2_000;

/** Restores every breaker that has a row, and writes from then on. */
export async function openBreakerRows(options: BreakerRowsOptions): Promise<BreakerRows> {
  const { store, breakers, clock, log } = options;
  await restoreAll(options);
  /** At most every breaker there is. */
  const waiting = new Set<string>();
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  let isClosing = false;

  const flush = async (): Promise<boolean> => {
    const ids = [...waiting];
    waiting.clear();
    // What it is now, not what it was when it was noted.
    const rows = ids.flatMap((id) => {
      const snapshot = breakers.persist(id);
      return snapshot === undefined
        ? []
        : [{ kind, id, snapshot, machineVersion: String(breakerMachineVersion) }];
    });
    if (rows.length === 0) return true;
    try {
      await store.inNamespace(systemNamespace, async (trx) => {
        await ensureNamespace(trx);
        await keepActors(trx, rows);
      });
      return true;
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'rows of breakers wait for the database');
      for (const id of ids) waiting.add(id);
      return false;
    }
  };
  const turn = async (): Promise<void> => {
    const isWritten = await flush();
    cancel = undefined;
    if (waiting.size > 0) schedule(isWritten ? restMs : retryMs);
  };
  const schedule = (ms: number): void => {
    // A turn that runs sees to the next one itself.
    if (isClosing || cancel !== undefined) return;
    cancel = clock.schedule(ms, () => {
      running = turn();
    });
  };
  const leave = breakers.onChange((id) => {
    waiting.add(id);
    schedule(restMs);
  });

  return {
    async close() {
      isClosing = true;
      leave();
      cancel?.();
      await running;
      await flush();
    },
  };
}

async function restoreAll({ store, breakers, log }: BreakerRowsOptions): Promise<void> {
  const ids = breakers.views().map(({ id }) => id);
  if (ids.length === 0) return;
  try {
    const rows = await store.inNamespace(systemNamespace, (trx) => readKeptActors(trx, { kind, ids }));
    const restored = rows.flatMap(({ id, snapshot }) => (breakers.restore(id, snapshot) ? [id] : []));
    if (restored.length > 0) log.info({ breakers: restored }, 'breakers go on where they were');
  } catch (error) {
    log.warn({ err: toPlainError(error) }, 'what breakers were cannot be read; they start closed');
  }
}
