/** What was opened, in order, so that it can be closed in the reverse order; one that fails keeps nothing else open. */
import type { Log } from '../actors/actors.ts';

export interface Closers {
  push(close: () => Promise<unknown>): void;
  unwind(): Promise<void>;
}

/** Starts with nothing open. */
export function createClosers(log: Log): Closers {
  const closers: (() => Promise<unknown>)[] = [];
  return {
    push: (close) => closers.push(close),
    async unwind() {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        await close().catch((error: unknown) =>
          log.warn({ err: String(error) }, 'something did not close cleanly'),
        );
      }
    },
  };
}
