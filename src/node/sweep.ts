/**
 * Work that comes round again and again: removing rows nobody needs any more, in steps that hold nobody up. Of all nodes on
 * one database one sweeps at a time; the others come round again later. A failure is no crash: the rest is for next time.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import { takeTurn } from '../store/store.ts';

export interface Sweep {
  /** Lets the sweep at work end. */
  stop(): Promise<void>;
}

export interface SweepOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Whose turn it is among all nodes. */
  readonly name: string;
  /** Until the first, and between the end of one and the next; in milliseconds. */
  readonly firstMs: number;
  readonly everyMs: number;
  /** Removes rows and counts them; to end soon once it is stopped. */
  readonly run: (isStopped: () => boolean) => Promise<number>;
}

/** Begins; nothing is done before the first pause is over. */
export function openSweep(options: SweepOptions): Sweep {
  const sweep = new LiveSweep(options);
  sweep.plan(options.firstMs);
  return sweep;
}

class LiveSweep implements Sweep {
  readonly #options: SweepOptions;
  #stopped = false;
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: SweepOptions) {
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
    const { databaseUrl, everyMs, log, name, run } = this.#options;
    try {
      const turn = await takeTurn({ url: databaseUrl, name, log });
      if (turn !== undefined) {
        try {
          const swept = await run(() => this.#stopped);
          if (swept > 0) log.debug({ name, swept }, 'rows that nobody needs were swept away');
        } finally {
          await turn.release();
        }
      }
    } catch (error) {
      log.debug({ name, err: toPlainError(error) }, 'it is swept another time');
    }
    if (!this.#stopped) this.plan(everyMs);
  }
}
