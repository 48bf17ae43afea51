/**
 * The requests of ours that wait for an answer, on any transport. Each is settled exactly once: by its answer, its
 * timeout, its caller or the end of the connection; whatever comes later, twice or for nobody is dropped and counted.
 */
import type { Asker, RawJson } from '../../machines/words/calls.ts';
import { Pending } from '../../machines/words/pending.ts';
import type { StopSignal } from '../../machines/words/stop.ts';

/** How one exchange ended. */
export type Answer =
  | { readonly kind: 'result'; readonly result: RawJson }
  | { readonly kind: 'error'; readonly error: RawJson }
  | {
      readonly kind: 'broken';
      readonly code: 'upstream_failed' | 'upstream_unavailable' | 'upstream_unauthorized';
      readonly why: string;
      readonly countsAgainst: boolean;
    }
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  | { readonly kind: 'cancelled' };

export interface ExchangeOptions {
  readonly signal: StopSignal | undefined;
  readonly timeoutMs: number;
  /** Called when the answer is no longer wanted: tell the upstream. */
  readonly onGiveUp: (reason: string) => void;
  /** Called with the params of each progress notification, and with other notifications of this exchange. */
  readonly onProgress: ((params: RawJson) => void) | undefined;
  readonly onNotification: ((notification: RawJson) => void) | undefined;
  /** The client on whose behalf it is, where that one can be asked. */
  readonly asker?: Asker | undefined;
  /** True for what no client asked for: a list, a ping. It stands in the way of no question and no log message. */
  readonly isOurs?: boolean | undefined;
}

/** Whom a question of the upstream is for. */
export type Asked =
  | { readonly kind: 'client'; readonly id: string; readonly asker: Asker }
  /** Nobody waits; several wait and it may be any of them; the one who waits cannot be asked. */
  | { readonly kind: 'nobody' | 'several' | 'deaf' };

interface Waiting extends ExchangeOptions {
  readonly settle: (answer: Answer) => void;
  /** Called when it is over. */
  endings?: (() => void)[];
}

/** Requests that may wait on one upstream; the gateway's own limits are reached before. */
const waitingMax = 4_096;

/** The table of waiting requests of one upstream. */
export class Exchanges {
  readonly #waiting = new Pending<Waiting>();
  #lastId = 0;
  #strayAnswers = 0;

  get strayAnswers(): number {
    return this.#strayAnswers;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Grows with each request. */
  get opened(): number {
    return this.#lastId;
  }

  get isFull(): boolean {
    return this.#waiting.size >= waitingMax;
  }

  nextId(prefix: string): string {
    this.#lastId += 1;
    return `${prefix}${this.#lastId}`;
  }

  /** Waits for the answer to a request that is about to be sent; never rejects. */
  open(id: string, options: ExchangeOptions): Promise<Answer> {
    const { signal, timeoutMs } = options;
    return new Promise((resolve) => {
      const giveUp = (answer: Answer, reason: string): void => {
        if (this.settle(id, answer)) options.onGiveUp(reason);
      };
      const onAbort = (): void => giveUp({ kind: 'cancelled' }, 'the caller cancelled');
      const timer = setTimeout(() => giveUp({ kind: 'timeout', timeoutMs }, 'the call timed out'), timeoutMs);
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      this.#waiting.set(id, { settle, ...options });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** True when somebody waited for it; otherwise the answer is dropped and counted. */
  settle(id: string, answer: Answer): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      this.#strayAnswers += 1;
      return false;
    }
    this.#waiting.delete(id);
    waiting.settle(answer);
    end(waiting);
    return true;
  }

  progress(id: string, params: RawJson): void {
    this.#waiting.get(id)?.onProgress?.(params);
  }

  notification(id: string, notification: RawJson): void {
    this.#waiting.get(id)?.onNotification?.(notification);
  }

  /** A notification that names no exchange belongs to the only one there is; false where that cannot be told. */
  notifyOnly(notification: () => RawJson): boolean {
    const [only, other] = this.#ofClients();
    if (only === undefined || other !== undefined) return false;
    const [, { onNotification }] = only;
    onNotification?.(notification());
    return onNotification !== undefined;
  }

  /** The connection is gone: everybody who waits learns it at once. */
  settleAll(answer: Answer): void {
    const waiting = this.#waiting.values();
    this.#waiting.clear();
    for (const one of waiting) {
      one.settle(answer);
      end(one);
    }
  }

  /** Who is asked by a question that came on an exchange's stream, or, without an id, while exchanges are in flight. */
  whoIsAsked(id?: string): Asked {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id !== undefined && waiting !== undefined)
      return waiting.asker === undefined ? { kind: 'deaf' } : { kind: 'client', id, asker: waiting.asker };
    const all = this.#ofClients();
    const last = all.at(-1);
    if (last === undefined) return { kind: 'nobody' };
    if (new Set(all.map(([, { asker }]) => asker?.session)).size > 1) return { kind: 'several' };
    const [lastId, { asker }] = last;
    return asker === undefined ? { kind: 'deaf' } : { kind: 'client', id: lastId, asker };
  }

  #ofClients(): readonly (readonly [string, Waiting])[] {
    return this.#waiting.entries().filter(([, { isOurs }]) => isOurs !== true);
  }

  /** Calls back when the exchange is over; at once when it is. */
  onEnd(id: string, ended: () => void): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) ended();
    else (waiting.endings ??= []).push(ended);
  }
}

function end({ endings }: Waiting): void {
  for (const ended of endings ?? []) ended();
}
