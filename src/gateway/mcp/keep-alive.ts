/**
 * A sign of life on every open event stream, so that proxies do not close it: one timer for all of them. A stream that
 * ends leaves by itself.
 */
import type { ServerResponse } from 'node:http';

/** How often a silent stream gets a comment line. */
export const keepAliveMs = 15_000;

export interface KeepAlive {
  /** `alive` is called with each beat, for whoever wants to know that the client is still there. */
  add(res: ServerResponse, alive?: () => void): void;
  close(): void;
}

/** Starts the one timer; it never keeps the process alive. */
export function openKeepAlive(everyMs: number = keepAliveMs): KeepAlive {
  const streams = new Map<ServerResponse, (() => void) | undefined>();
  const timer = setInterval(() => {
    for (const [res, alive] of streams) {
      // One that was ended and is not read yet takes nothing more: it would throw.
      if (!res.writableEnded && !res.writableNeedDrain) res.write(': keepalive\n\n');
      alive?.();
    }
  }, everyMs);
  timer.unref();
  return {
    add: (res, alive) => {
      streams.set(res, alive);
      res.once('close', () => streams.delete(res));
    },
    close: () => clearInterval(timer),
  };
}
