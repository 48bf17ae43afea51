/**
 * The ticker: delivers the moments durable actors wait for, also those set by a process that is gone. Several nodes
 * tick at once; each due timer is one node's for the length of its lease, and a stale one says nothing to its actor.
 */
import { isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import { ActorKind } from '../../../machines/words/ids.ts';
import type { Address } from '../../../machines/words/ids.ts';
import { dropTimer, readNextDue, takeDueTimers } from '../../store/store.ts';
import type { DueTimer, Store } from '../../store/store.ts';
import { toIso } from '../clock.ts';
import type { Clock, Log } from '../clock.ts';
import { noCrash } from './crash-point.ts';
import type { CrashPoint } from './crash-point.ts';
import type { Answer, Delivery } from './durable-kind.ts';
import { toStem } from './durable-step.ts';

export interface TickerOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly deliver: (address: Address, delivery: Delivery) => Promise<Answer>;
  readonly clock: Pick<Clock, 'now' | 'schedule'>;
  readonly log: Log;
  /** The longest sleep; longer delays are chains of it, so that a timer set by another node is seen in time. */
  readonly everyMs?: number;
  /** How long a timer taken by a process that died stays taken. */
  readonly leaseMs?: number;
  readonly crashPoint?: CrashPoint;
}

export interface Ticker {
  /** A timer was just set here for this moment. */
  expect(dueAt: string): void;
  /** Delivers what is due now; answers how many there were. */
  tick(): Promise<number>;
  stop(): Promise<void>;
}

const everyMsDefault = 1_000;
const leaseMsDefault = 10_000;
const takenMax = 100;

/** Starts ticking; failures of the database are tried again for as long as it runs. */
export function startTicker(options: TickerOptions): Ticker {
  const ticker = new RunningTicker(options);
  ticker.start();
  return ticker;
}

class RunningTicker implements Ticker {
  readonly #options: TickerOptions;
  readonly #crash: CrashPoint;
  readonly #everyMs: number;
  #stopped = false;
  #cancel: (() => void) | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #running: Promise<number> = Promise.resolve(0);

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#crash = options.crashPoint ?? noCrash;
    this.#everyMs = options.everyMs ?? everyMsDefault;
  }

  start(): void {
    this.#sleepUntil(this.#options.clock.now());
  }

  expect(dueAt: string): void {
    const at = Date.parse(dueAt);
    if (at - this.#options.clock.now() < this.#everyMs) this.#sleepUntil(at);
  }

  /** One at a time; whoever asks meanwhile wants what becomes due after the one under way. */
  async tick(): Promise<number> {
    this.#running = this.#running.then(async () => (this.#stopped ? 0 : this.#run()));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #sleepUntil(at: number): void {
    if (this.#stopped || at >= this.#wakeAt) return;
    this.#cancel?.();
    this.#wakeAt = at;
    const { clock } = this.#options;
    this.#cancel = clock.schedule(Math.max(0, at - clock.now()), () => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      void this.tick().then(() => this.#sleepUntil(clock.now() + this.#everyMs));
    });
  }

  async #run(): Promise<number> {
    const { store, clock, log, leaseMs = leaseMsDefault } = this.#options;
    let count = 0;
    try {
      for (let taken = takenMax; taken === takenMax;) {
        const now = toIso(clock.now());
        const due = await store.inSystem((trx) => takeDueTimers(trx, { now, limit: takenMax, leaseMs }));
        if (due.length > 0) this.#crash('timer_taken');
        await Promise.all(due.map(async (timer) => this.#deliver(timer)));
        taken = due.length;
        count += taken;
      }
      const next = await store.inSystem(readNextDue);
      if (next !== null) this.expect(next);
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'the timers wait for the database');
    }
    return count;
  }

  async #deliver(timer: DueTimer): Promise<void> {
    const { namespace, id, name, dueAt } = timer;
    const kind = ActorKind.safeParse(timer.kind);
    if (!kind.success) return;
    const address = { namespace, kind: kind.data, id };
    const firing = toTimerId(address, name, dueAt);
    const { deliver, store, log } = this.#options;
    try {
      await deliver(address, { from: 'timer', id: firing, name, dueAt });
      this.#crash('timer_delivered');
      // The step that it caused has set the actor's timers anew; what is still there was never the actor's.
      await store.inNamespace(namespace, (trx) => dropTimer(trx, timer));
    } catch (error) {
      const isWaiting = isDreyError(error) && error.retry !== 'never';
      const level = isWaiting ? 'debug' : 'error';
      log[level]({ timer: firing, err: toPlainError(error) }, 'a timer could not be delivered yet');
    }
  }
}

/** The same firing has the same id on every node. */
function toTimerId(address: Address, name: string, dueAt: string): string {
  return `timer:${toStem(address)}/${name}@${Date.parse(dueAt)}`.slice(0, 200);
}
