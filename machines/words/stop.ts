/**
 * Telling a piece of work to stop, as `AbortController` does, for what is on the way of every call: there it stood four
 * times, and Node 20 makes each `AbortSignal` for several microseconds, with parts that only a full collection takes
 * back. It knows neither time nor reasons of its own.
 */

/** What work is told with; every `AbortSignal` is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Stops what was given its signal, once. Listeners must not throw. */
export class Stop implements StopSignal {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners: (() => void)[] = [];

  /** For those who are to stop, and may stop nobody else. */
  get signal(): StopSignal {
    return this;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (let told = this.#listeners.shift(); told !== undefined; told = this.#listeners.shift()) told();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }
}

/** The same for whoever must have a real one: `fetch`, timers, other people's code. */
export function toAbortSignal(signal: StopSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const own = new AbortController();
  const abort = (): void => own.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return own.signal;
}
