/**
 * Sweeping memories: those past their end are removed, namespace by namespace, in steps that hold nobody up. Of all nodes
 * on one database one sweeps at a time; the others come round again later.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import { removeExpired, toIso } from '../actors/actors.ts';
import { listNamespaces, takeTurn } from '../store/store.ts';
import type { Store } from '../store/store.ts';

export interface MemorySweepOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface MemorySweep {
  /** Lets the sweep at work end. */
  stop(): Promise<void>;
}

/** How often a node looks for memories past their end, and how soon after its start. */
export const memorySweepEveryMs = 15 * 60_000;
export const firstMemorySweepMs = 90_000;
/** Memories removed in one transaction. */
export const memoriesPerCommit = 500;

/** Begins; nothing is done before the first pause is over. */
export function openMemorySweep(options: MemorySweepOptions): MemorySweep {
  const sweep = new LiveSweep(options);
  sweep.plan(firstMemorySweepMs);
  return sweep;
}

class LiveSweep implements MemorySweep {
  readonly #options: MemorySweepOptions;
  #stopped = false;
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: MemorySweepOptions) {
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
      const turn = await takeTurn({ url: databaseUrl, name: 'memories', log });
      if (turn !== undefined) {
        try {
          const swept = await this.#sweepAll();
          if (swept > 0) log.debug({ swept }, 'memories past their end were removed');
        } finally {
          await turn.release();
        }
      }
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'memories past their end are removed another time');
    }
    if (!this.#stopped) this.plan(memorySweepEveryMs);
  }

  /** A failure ends it; the rest is for the next time. */
  async #sweepAll(): Promise<number> {
    const { clock, store } = this.#options;
    const now = toIso(clock.now());
    let swept = 0;
    for (const { namespace } of await store.inSystem(listNamespaces)) {
      let some: number;
      do {
        if (this.#stopped) return swept;
        some = await removeExpired(store, { namespace, now, limit: memoriesPerCommit });
        swept += some;
      } while (some === memoriesPerCommit);
    }
    return swept;
  }
}
