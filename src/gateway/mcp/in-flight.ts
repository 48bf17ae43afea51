/**
 * The calls under way: who can cancel them, and when the last has ended. Cancelling is by request id within one
 * client's own calls; nobody can name another client's.
 */

import { Stop } from '../../../machines/words/stop.ts';

/** All calls of the node. */
export interface InFlight {
  readonly size: number;
  /** One client's calls: a session over HTTP, or a connection. */
  openScope(): CallScope;
  /** Resolves when no call is under way. */
  whenIdle(): Promise<void>;
}

export interface CallScope {
  /** Runs a call under its request id with a signal that `cancel` and `cancelAll` abort. */
  run<T>(requestId: string | number, call: (abort: Stop) => Promise<T>): Promise<T>;
  /** Whether the id named one of this client's calls. */
  cancel(requestId: string | number, reason: string): boolean;
  cancelAll(reason: string): void;
  whenIdle(): Promise<void>;
}

interface Running {
  /** The client's own: "1" and 1 differ, and a client may use one twice at a time. */
  readonly requestId: string | number;
  readonly abort: Stop;
}

/** Opens the register. */
export function openInFlight(): InFlight {
  const all = new Tally();
  const openScope = (): CallScope => {
    const own = new Tally();
    // A list, since few are under way at a time; a set would keep what has ended (see `Pending`).
    const calls: Running[] = [];
    const stop = (running: readonly Running[], reason: string): void => {
      for (const { abort } of running) abort.abort(new Error(reason));
    };
    return {
      run: async (requestId, call) => {
        const running = { requestId, abort: new Stop() };
        calls.push(running);
        own.begin();
        all.begin();
        try {
          return await call(running.abort);
        } finally {
          calls.splice(calls.indexOf(running), 1);
          own.end();
          all.end();
        }
      },
      cancel: (requestId, reason) => {
        const same = calls.filter((running) => running.requestId === requestId);
        stop(same, reason);
        return same.length > 0;
      },
      cancelAll: (reason) => stop([...calls], reason),
      whenIdle: () => own.whenIdle(),
    };
  };
  return {
    get size() {
      return all.size;
    },
    openScope,
    whenIdle: () => all.whenIdle(),
  };
}

/** Counts what is under way. */
class Tally {
  size = 0;
  #idle: (() => void)[] = [];

  begin(): void {
    this.size += 1;
  }

  end(): void {
    this.size -= 1;
    if (this.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async whenIdle(): Promise<void> {
    // Whoever waits is told in a step of its own, in which another may have begun.
    while (this.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}
