/**
 * The calls under way: who can cancel them, and when the last has ended. Cancelling is by request id within one
 * client's own calls; nobody can name another client's.
 */

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
  run<T>(requestId: string | number, call: (abort: AbortController) => Promise<T>): Promise<T>;
  /** Whether the id named one of this client's calls. */
  cancel(requestId: string | number, reason: string): boolean;
  cancelAll(reason: string): void;
  whenIdle(): Promise<void>;
}

/** Opens the register. */
export function openInFlight(): InFlight {
  const all = new Set<Promise<unknown>>();
  const whenIdle = async (calls: ReadonlySet<Promise<unknown>>) => {
    while (calls.size > 0) await Promise.allSettled(calls);
  };
  const openScope = (): CallScope => {
    const calls = new Set<Promise<unknown>>();
    // Ids are the client's own: "1" and 1 differ, and a client may use one twice at a time.
    const aborts = new Map<string | number, Set<AbortController>>();
    const stop = (controllers: Iterable<AbortController>, reason: string) => {
      for (const abort of controllers) abort.abort(new Error(reason));
    };
    return {
      run: (requestId, call) => {
        const abort = new AbortController();
        const same = aborts.get(requestId) ?? new Set();
        aborts.set(requestId, same.add(abort));
        const running = call(abort).finally(() => {
          all.delete(running);
          calls.delete(running);
          same.delete(abort);
          if (same.size === 0 && aborts.get(requestId) === same) aborts.delete(requestId);
        });
        all.add(running);
        calls.add(running);
        return running;
      },
      cancel: (requestId, reason) => {
        const same = aborts.get(requestId);
        if (same === undefined) return false;
        stop(same, reason);
        return true;
      },
      cancelAll: (reason) =>
        stop(
          [...aborts.values()].flatMap((same) => [...same]),
          reason,
        ),
      whenIdle: () => whenIdle(calls),
    };
  };
  return {
    get size() {
      return all.size;
    },
    openScope,
    whenIdle: () => whenIdle(all),
  };
}
