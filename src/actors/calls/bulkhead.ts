/**
 * A bulkhead: at most so many calls at once, so many more in line, and none waits for ever. Namespaces take turns in
 * the line, so one that floods it holds up itself only. It knows nothing of what the calls do.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { Clock } from '../clock.ts';
import { FairLine } from './fair-line.ts';

export interface BulkheadConfig {
  /** Calls at once; 0 refuses everything. */
  readonly limit?: number;
  /** Calls in line. */
  readonly queue?: number;
  /** Calls in line of one namespace; without it, the whole line. */
  readonly queuePerNamespace?: number;
  /** The longest wait in line. */
  readonly waitMs?: number;
}

export const bulkheadDefaults = { limit: 64, queue: 256, waitMs: 10_000 } as const;

/** Why a call did not get in: no room, waited too long, its caller left, or the bulkhead was closed. */
export type Rejection = 'full' | 'overdue' | 'cancelled' | 'closed';

export interface BulkheadEvent {
  readonly type: 'permitted' | 'rejected' | 'finished';
  readonly namespace: string;
  readonly why?: Rejection;
}

export interface BulkheadOptions {
  readonly config: BulkheadConfig;
  readonly clock: Pick<Clock, 'schedule'>;
  /** Hears of every call; what it throws is dropped. */
  readonly onEvent?: (event: BulkheadEvent) => void;
}

export type Ran<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: Rejection };

/** What those in line are told: nothing when they are in, or why not. */
type Tell = (why: Rejection | undefined) => void;

/** Opens a bulkhead; throws `config_invalid`. */
export function openBulkhead(options: BulkheadOptions): Bulkhead {
  return new Bulkhead(options);
}

/** One upstream's bulkhead. */
export class Bulkhead {
  #limit: number;
  readonly #queue: number;
  readonly #queuePerNamespace: number;
  readonly #waitMs: number;
  readonly #options: BulkheadOptions;
  readonly #line = new FairLine<Tell>();
  #running = 0;
  #isClosed = false;

  constructor(options: BulkheadOptions) {
    const { limit, queue, queuePerNamespace, waitMs } = { ...bulkheadDefaults, ...options.config };
    this.#options = options;
    this.#limit = toWhole('limit', limit);
    this.#queue = toWhole('queue', queue);
    this.#queuePerNamespace = toWhole('queuePerNamespace', queuePerNamespace ?? queue);
    this.#waitMs = waitMs;
    if (!(waitMs >= 0)) throw refuse('waitMs', waitMs);
  }

  /** Free places, running and in line. */
  get free(): { readonly calls: number; readonly queue: number } {
    return {
      calls: Math.max(0, this.#limit - this.#running),
      queue: Math.max(0, this.#queue - this.#line.size),
    };
  }

  /** Calls running and in line. */
  get busy(): number {
    return this.#running + this.#line.size;
  }

  /** Does the work when there is room for it; a refusal is a value and the work was never begun. */
  async run<T>(namespace: string, signal: StopSignal, work: () => Promise<T> | T): Promise<Ran<T>> {
    const why = this.#admits(namespace, signal) ?? (await this.#wait(namespace, signal));
    if (why !== 'in') {
      this.#say({ type: 'rejected', namespace, why });
      return { ok: false, why };
    }
    this.#say({ type: 'permitted', namespace });
    try {
      return { ok: true, value: await work() };
    } finally {
      this.#running -= 1;
      this.#say({ type: 'finished', namespace });
      this.#serve();
    }
  }

  /** Changes the limit; nobody who is in is thrown out. */
  resize(limit: number): void {
    this.#limit = toWhole('limit', limit);
    if (limit === 0) this.#dismiss('full');
    this.#serve();
  }

  /** Refuses everybody from now on; who is in finishes. */
  close(): void {
    this.#isClosed = true;
    this.#dismiss('closed');
  }

  /** In at once, refused at once, or undefined: in line. */
  #admits(namespace: string, signal: StopSignal): 'in' | Rejection | undefined {
    if (this.#isClosed) return 'closed';
    if (signal.aborted) return 'cancelled';
    if (this.#running < this.#limit) {
      this.#running += 1;
      return 'in';
    }
    const isFull = this.#line.size >= this.#queue || this.#line.countOf(namespace) >= this.#queuePerNamespace;
    return this.#limit === 0 || isFull ? 'full' : undefined;
  }

  #wait(namespace: string, signal: StopSignal): Promise<'in' | Rejection> {
    return new Promise((resolve) => {
      const tell: Tell = (why) => {
        signal.removeEventListener('abort', leave);
        cancelTimer();
        resolve(why ?? 'in');
      };
      const leaveLine = (why: Rejection): void => {
        if (this.#line.remove(namespace, tell)) tell(why);
      };
      const leave = (): void => leaveLine('cancelled');
      const cancelTimer = Number.isFinite(this.#waitMs)
        ? this.#options.clock.schedule(this.#waitMs, () => leaveLine('overdue'))
        : () => undefined;
      signal.addEventListener('abort', leave);
      this.#line.push(namespace, tell);
    });
  }

  /** The place is taken here, before the next one in line even knows of it: nobody else can slip in. */
  #serve(): void {
    while (this.#running < this.#limit) {
      const tell = this.#line.take();
      if (tell === undefined) return;
      this.#running += 1;
      tell(undefined);
    }
  }

  #dismiss(why: Rejection): void {
    for (const tell of this.#line.takeAll()) tell(why);
  }

  #say(event: BulkheadEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // A broken listener never breaks a call.
    }
  }
}

function toWhole(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw refuse(name, value);
}

function refuse(name: string, value: unknown): DreyError {
  return new DreyError(
    'config_invalid',
    `The bulkhead's ${name} is ${String(value)}; it must be a number from 0 up.`,
    { details: { field: name } },
  );
}
