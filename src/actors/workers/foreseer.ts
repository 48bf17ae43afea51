/**
 * Makes the model from which next steps are served, and stores it: one namespace at a time, in slices, so that learning
 * procedures goes on meanwhile. What it does not get to now it does later; nobody waits for it.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Learned, Learner } from '../../learning/learning.ts';
import { recall, toModel, train } from '../../learning/learning.ts';
import type { Store } from '../../store/store.ts';
import { putModel } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';

export interface ForeseerOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether there is something to learn that people wait for. */
  readonly isBusy: () => boolean;
}

export interface Foreseer {
  /** Something was learned in this namespace. */
  notice(namespace: string, keeper: Learner['keeper']): void;
  /** Namespaces whose model is not up to date. */
  readonly waiting: number;
  stop(): Promise<void>;
}

/** A slice of work before others get their turn: each of their many short steps may have to wait for one. */
const sliceMs = 10;
/** The rest after a slice is so many times what the slice took, and while people wait for what is learned. */
const restTimes = { quiet: 0.25, busy: 4 } as const;
/** The pause after a model is so many times what it took, within these bounds: learning anew must not eat the machine. */
const pause = { times: 3, leastMs: 1_000, mostMs: 60_000 } as const;
/** The weights are learned anew when so great a share of what is known is new; counts are always fresh. */
const newShare = 0.2;

interface Last {
  /** What was learned, to go on from. */
  readonly learned: Learned;
  /** The keeper's changes when the weights were learned, and when the model was stored. */
  readonly learnedAt: number;
  readonly storedAt: number;
}

/** Starts with nothing to do. */
export function startForeseer(options: ForeseerOptions): Foreseer {
  return new LiveForeseer(options);
}

class LiveForeseer implements Foreseer {
  readonly #options: ForeseerOptions;
  readonly #wanted = new Map<string, Learner['keeper']>();
  readonly #last = new WeakMap<Learner['keeper'], Last>();
  #running: Promise<void> | undefined;
  #cancelPause = (): void => undefined;
  #stopped = false;

  constructor(options: ForeseerOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#wanted.size;
  }

  notice(namespace: string, keeper: Learner['keeper']): void {
    if (this.#stopped || this.#last.get(keeper)?.storedAt === keeper.changes) return;
    this.#wanted.set(namespace, keeper);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPause();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    for (let [next] = this.#wanted; next !== undefined && !this.#stopped; [next] = this.#wanted) {
      const [namespace, keeper] = next;
      this.#wanted.delete(namespace);
      const started = clock.monotonic();
      try {
        await this.#make(namespace, keeper);
      } catch (error) {
        log.warn({ namespace, err: toPlainError(error) }, 'the model of next steps could not be stored');
        if (!this.#stopped && !this.#wanted.has(namespace)) this.#wanted.set(namespace, keeper);
      }
      const tookMs = clock.monotonic() - started;
      await this.#rest(Math.min(pause.mostMs, Math.max(pause.leastMs, tookMs * pause.times)));
    }
  }

  async #make(namespace: string, keeper: Learner['keeper']): Promise<void> {
    const { changes, traces } = keeper;
    const last = this.#last.get(keeper);
    const isFresh = last !== undefined && changes - last.learnedAt < traces.length * newShare;
    const learned = await this.#slice(isFresh ? recall(traces, last.learned) : train(traces));
    if (learned === undefined) return;
    await this.#options.store.inNamespace(namespace, (trx) => putModel(trx, toModel(traces, learned)));
    const learnedAt = isFresh ? last.learnedAt : changes;
    this.#last.set(keeper, { learned, learnedAt, storedAt: changes });
    const { log } = this.#options;
    log.debug(
      { namespace, traces: traces.length, tasks: learned.tasks },
      'the model of next steps was stored',
    );
  }

  /** Undefined when it was stopped in the middle. */
  async #slice<Result>(work: Generator<undefined, Result>): Promise<Result | undefined> {
    const { clock, isBusy } = this.#options;
    let started = clock.monotonic();
    while (!this.#stopped) {
      const { done, value } = work.next();
      if (done === true) return value;
      const tookMs = clock.monotonic() - started;
      if (tookMs < sliceMs) continue;
      await this.#rest(tookMs * (isBusy() ? restTimes.busy : restTimes.quiet));
      started = clock.monotonic();
    }
    return undefined;
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return resolve();
      const cancel = this.#options.clock.schedule(ms, resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
