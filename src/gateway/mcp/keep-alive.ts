/**
 * A sign of life on every open event stream, so that proxies do not close it: one timer for all of them, which goes round
 * in groups, because a thousand at once would hold up every call. A stream that ends leaves by itself.
 */
import type { ServerResponse } from 'node:http';

/** How often a silent stream gets a comment line. */
export const keepAliveMs = 15_000;
/** Turns of a round; in each of them one stream in so many gets its line. */
const turnsCount = 15;

export interface KeepAlive {
  /** `alive` is called with each beat, for whoever wants to know that the client is still there. */
  add(res: ServerResponse, alive?: () => void): void;
  close(): void;
}

/** Starts the one timer; it never keeps the process alive. */
export function openKeepAlive(everyMs: number = keepAliveMs): KeepAlive {
  const groups = Array.from(
    { length: turnsCount },
    () => new Map<ServerResponse, (() => void) | undefined>(),
  );
  let turn = 0;
  const timer = setInterval(() => {
    turn = (turn + 1) % turnsCount;
    for (const [res, alive] of groups[turn] ?? []) {
      // One that was ended and is not read yet takes nothing more: it would throw.
      if (!res.writableEnded && !res.writableNeedDrain) res.write(': keepalive\n\n');
      alive?.();
    }
  }, everyMs / turnsCount);
  timer.unref();
  return {
    add: (res, alive) => {
      const group = groups.reduce((least, one) => (one.size < least.size ? one : least));
      group.set(res, alive);
      res.once('close', () => group.delete(res));
    },
    close: () => clearInterval(timer),
  };
}
