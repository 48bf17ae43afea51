/**
 * Makes the model from which next steps are served, and stores it: one namespace at a time, in slices, so that learning
 * procedures goes on meanwhile. What it does not get to now it does later; nobody waits for it. Of what cannot be made a
 * model of, the reason is told once, and it is tried again when something new was learned.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Learned, Learner } from '../../learning/learning.ts';
import { recall, toModel, train } from '../../learning/learning.ts';
import type { Store } from '../../store/store.ts';
import { putModel } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import type { LeftOut } from './left-out.ts';

export interface ForeseerOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Episodes that wait to be learned from. */
  readonly toLearn: () => number;
  /** Hears of what no model could be made of. */
  readonly leftOut: Pick<LeftOut, 'goOnWithoutModel' | 'noteModel'>;
}

export interface Foreseer {
  /** Something was learned in this namespace. */
  notice(namespace: string, keeper: Learner['keeper']): void;
  /** Namespaces whose model is not up to date, the one that is being made among them. */
  readonly waiting: number;
  /** Whether this namespace is among them. */
  isBusy(namespace: string): boolean;
  /** Nothing is stored for it any more: somebody else has it. */
  drop(namespace: string): void;
  stop(): Promise<void>;
}

/** A slice of work before others get their turn: each of their many short steps may have to wait for one. */
const sliceMs = 10;
/** The rest after a slice is so many times what the slice took, and while people wait for what is learned. */
const restTimes = { quiet: 0.25, busy: 4 } as const;
/**
 * The pause after a model is so many times the work it took, within these bounds: learning anew must not eat the machine. What
 * is mostly new by then (an import, say) is not kept waiting that long.
 */
const pause = { times: 3, timesNew: 1, leastMs: 1_000, mostMs: 60_000 } as const;
/** The weights are learned anew when so great a share of what is known is new; counts are always fresh. */
const newShare = 0.2;
/**
 * While so many episodes wait or came since the last look, an import is under way: a model of its beginning would only delay
 * that of the whole. It is made after this time all the same.
 */
const flood = { lookMs: 200, waiting: 50, came: 20, mostMs: 30_000 } as const;

/** Episodes that are learned again when somebody asks for another try: one is enough, others may be forgotten by then. */
const triedAgain = 5;

interface Wanted {
  readonly keeper: Learner['keeper'];
  readonly since: number;
  /** The keeper's changes when it was last looked at, and when that was. */
  seen: number;
  lookedAt: number;
  /** Unknown before the second look. */
  isFlooded: boolean;
}

interface Last {
  /** What was learned, to go on from. */
  readonly learned: Learned;
  /** The keeper's changes when the weights were learned, and when the model was stored. */
  readonly learnedAt: number;
  readonly storedAt: number;
  readonly traces: number;
}

/** Starts with nothing to do. */
export function startForeseer(options: ForeseerOptions): Foreseer {
  return new LiveForeseer(options);
}

class LiveForeseer implements Foreseer {
  readonly #options: ForeseerOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #last = new WeakMap<Learner['keeper'], Last>();
  /** The keeper's changes when no model could be made of what it had. */
  readonly #failedAt = new WeakMap<Learner['keeper'], number>();
  #running: Promise<void> | undefined;
  /** The namespace whose model is being made. */
  #making: string | undefined;
  /** What the last model took, and when it was ready. */
  #spent = { workedMs: 0, at: Number.NEGATIVE_INFINITY };
  #cancelPause = (): void => undefined;
  #stopped = false;

  constructor(options: ForeseerOptions) {
    this.#options = options;
  }

  get waiting(): number {
    const isOnlyMade = this.#making !== undefined && !this.#wanted.has(this.#making);
    return this.#wanted.size + (isOnlyMade ? 1 : 0);
  }

  isBusy(namespace: string): boolean {
    return this.#wanted.has(namespace) || this.#making === namespace;
  }

  drop(namespace: string): void {
    this.#wanted.delete(namespace);
    if (this.#making === namespace) this.#making = undefined;
  }

  notice(namespace: string, keeper: Learner['keeper']): void {
    const isDone = [this.#last.get(keeper)?.storedAt, this.#failedAt.get(keeper)].includes(keeper.changes);
    if (this.#stopped || isDone) return;
    this.#want(namespace, keeper);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPause();
    await this.#running;
  }

  #want(namespace: string, keeper: Learner['keeper']): void {
    if (this.#wanted.get(namespace)?.keeper === keeper) return;
    const now = this.#options.clock.monotonic();
    this.#wanted.set(namespace, {
      keeper,
      since: now,
      seen: keeper.changes,
      lookedAt: now,
      isFlooded: true,
    });
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    while (this.#wanted.size > 0 && !this.#stopped) {
      const next = this.#pick();
      if (next === undefined) {
        await this.#rest(flood.lookMs);
        continue;
      }
      const [namespace, { keeper }] = next;
      this.#wanted.delete(namespace);
      this.#making = namespace;
      let workedMs = 0;
      try {
        await this.#make(namespace, keeper, (ms) => (workedMs += ms));
      } catch (error) {
        log.warn({ namespace, err: toPlainError(error) }, 'the model of next steps could not be stored');
        if (!this.#stopped && this.#making === namespace) this.#want(namespace, keeper);
        // A store that is away is not asked again and again.
        workedMs = Math.max(workedMs, pause.leastMs);
      }
      this.#making = undefined;
      this.#spent = { workedMs, at: clock.monotonic() };
    }
  }

  /** The first one whose turn it is. */
  #pick(): [string, Wanted] | undefined {
    const { clock, toLearn } = this.#options;
    const now = clock.monotonic();
    for (const wanted of this.#wanted.values()) look(wanted, now);
    const isBusy = toLearn() >= flood.waiting;
    return [...this.#wanted].find(([, { keeper, since, isFlooded }]) => {
      const isCalm = !isFlooded && !isBusy;
      return now >= this.#restsUntil(keeper) && (isCalm || now - since >= flood.mostMs);
    });
  }

  #restsUntil(keeper: Learner['keeper']): number {
    const { workedMs, at } = this.#spent;
    const last = this.#last.get(keeper);
    if (last === undefined) return at + Math.min(pause.mostMs, workedMs * pause.timesNew);
    const isMostlyNew = keeper.changes - last.storedAt >= last.traces * newShare;
    const ms = workedMs * (isMostlyNew ? pause.timesNew : pause.times);
    return at + Math.min(pause.mostMs, Math.max(pause.leastMs, ms));
  }

  async #make(namespace: string, keeper: Learner['keeper'], worked: (ms: number) => void): Promise<void> {
    const { store, leftOut, log } = this.#options;
    const made = await this.#learn(namespace, keeper, worked);
    if (made === undefined || this.#making !== namespace) return;
    const { last, model } = made;
    await store.inNamespace(namespace, (trx) => putModel(trx, model));
    this.#last.set(keeper, last);
    leftOut.noteModel(namespace);
    const { traces, learned } = last;
    log.debug({ namespace, traces, tasks: learned.tasks }, 'the model of next steps was stored');
  }

  /** Undefined when it was stopped in the middle, or when no model can be made of this: then the next try begins anew. */
  async #learn(
    namespace: string,
    keeper: Learner['keeper'],
    worked: (ms: number) => void,
  ): Promise<{ readonly last: Last; readonly model: ReturnType<typeof toModel> } | undefined> {
    const { changes, keys } = keeper;
    let traces: typeof keeper.traces = [];
    try {
      ({ traces } = keeper);
      const last = this.#last.get(keeper);
      // What other keys name are other symbols: no weight of the old ones fits them.
      const isFresh =
        last !== undefined &&
        last.learned.naming.keys === keys &&
        changes - last.learnedAt < traces.length * newShare;
      const learned = await this.#slice(isFresh ? recall(traces, last.learned) : train(traces, keys), worked);
      if (learned === undefined) return undefined;
      const learnedAt = isFresh ? last.learnedAt : changes;
      return {
        last: { learned, learnedAt, storedAt: changes, traces: traces.length },
        model: toModel(traces, learned),
      };
    } catch (error) {
      worked(pause.leastMs);
      this.#last.delete(keeper);
      this.#failedAt.set(keeper, changes);
      const episodes = traces.slice(0, triedAgain).map(({ id }) => id);
      this.#options.leftOut.goOnWithoutModel(namespace, { episodes, error });
      return undefined;
    }
  }

  /** Undefined when it was stopped in the middle. */
  async #slice<Result>(
    work: Generator<undefined, Result>,
    worked: (ms: number) => void,
  ): Promise<Result | undefined> {
    const { clock, toLearn } = this.#options;
    let started = clock.monotonic();
    while (!this.#stopped) {
      const { done, value } = work.next();
      const tookMs = clock.monotonic() - started;
      if (done === true) {
        worked(tookMs);
        return value;
      }
      if (tookMs < sliceMs) continue;
      worked(tookMs);
      await this.#rest(tookMs * (toLearn() > 0 ? restTimes.busy : restTimes.quiet));
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

/** Looks at it, unless that was a moment ago. */
function look(wanted: Wanted, now: number): void {
  if (now - wanted.lookedAt < flood.lookMs) return;
  const { changes } = wanted.keeper;
  wanted.isFlooded = changes - wanted.seen >= flood.came;
  wanted.seen = changes;
  wanted.lookedAt = now;
}
