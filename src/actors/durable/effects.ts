/**
 * The effect runner: does what durable actors wanted done, after the commit that wanted it. An effect may be tried more
 * than once, always with the same id; its completion reaches the actor once, through the inbox.
 */
import { DreyError, isDreyError, toDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { Address } from '../../../machines/words/ids.ts';
import { toAddressText } from '../../../machines/words/ids.ts';
import type { Span, Tracer } from '../../../machines/words/traces.ts';
import { addDeadLetter, runOutboxEffects } from '../../store/store.ts';
import type { OutboxEffect, Store } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { noCrash } from './crash-point.ts';
import type { CrashPoint } from './crash-point.ts';
import type { Answer, Delivery, DurableKind } from './durable-kind.ts';

export interface EffectRunnerOptions {
  readonly store: Store;
  readonly kinds: ReadonlyMap<string, DurableKind>;
  readonly deliver: (address: Address, delivery: Delivery) => Promise<Answer>;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly log: Log;
  /** How often to look for what other processes left; `nudge` looks at once. */
  readonly everyMs?: number;
  /** How long one try may take; its transaction is held as long. */
  readonly tryMs?: number;
  readonly crashPoint?: CrashPoint;
  /** Only where traces are collected. */
  readonly tracer?: Tracer | undefined;
}

/** Since the start: effects done, tries that failed, and effects given up for good. */
export interface EffectFigures {
  readonly done: number;
  readonly failed: number;
  readonly buried: number;
}

export interface EffectRunner {
  figures(): EffectFigures;
  /** A commit just left effects. */
  nudge(): void;
  stop(): Promise<void>;
}

const everyMsDefault = 1_000;
/** Below the time after which the database ends a transaction that says nothing. */
const tryMsDefault = 20_000;
/** Effects at a time; each needs a connection for its completion, beside the one that holds them all. */
const atATimeMax = 4;
/** Tries that fail by the effect's own fault, in this process, before it is put among the dead letters. */
const triesMax = 8;
const firstPauseMs = 250;
const pauseMsMax = 30_000;
/** Effects remembered as failing. */
const failingMax = 1_000;

interface Failing {
  /** Failures, and how many of them were the effect's own fault. */
  readonly fails: number;
  readonly tries: number;
  readonly notBefore: number;
}

/** Starts running effects. */
export function startEffects(options: EffectRunnerOptions): EffectRunner {
  const runner = new RunningEffects(options);
  runner.nudge();
  return runner;
}

class RunningEffects implements EffectRunner {
  readonly #options: EffectRunnerOptions;
  readonly #crash: CrashPoint;
  readonly #failing = new Map<string, Failing>();
  readonly #stopping = new AbortController();
  readonly #figures = { done: 0, failed: 0, buried: 0 };
  #stopped = false;
  #again = false;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(options: EffectRunnerOptions) {
    this.#options = options;
    this.#crash = options.crashPoint ?? noCrash;
  }

  figures(): EffectFigures {
    return { ...this.#figures };
  }

  nudge(): void {
    this.#again = true;
    if (this.#running === undefined && !this.#stopped) this.#turn();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#stopping.abort(new DreyError('node_draining', 'the node stops; the effect is tried again'));
    await this.#running;
  }

  #turn(): void {
    const { clock, everyMs = everyMsDefault } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#running = this.#drain().finally(() => {
      this.#running = undefined;
      if (!this.#stopped) this.#cancel = clock.schedule(this.#again ? 0 : everyMs, () => this.#turn());
    });
  }

  async #drain(): Promise<void> {
    const { store, clock, log } = this.#options;
    try {
      let taken: number;
      do {
        this.#again = false;
        const now = clock.monotonic();
        const except = [...this.#failing].filter(([, { notBefore }]) => notBefore > now).map(([id]) => id);
        taken = await runOutboxEffects(store, async (effect, isDone) => this.#run(effect, isDone), {
          limit: atATimeMax,
          except,
        });
      } while ((taken > 0 || this.#again) && !this.#stopped);
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'effects wait for the database');
    }
  }

  async #run(effect: OutboxEffect, isDone: boolean): Promise<boolean> {
    this.#crash('effect_taken');
    if (isDone) return true;
    const { tracer } = this.#options;
    const span = tracer && toSpan(tracer, effect);
    try {
      await this.#perform(effect, span?.traceparent ?? effect.traceparent);
      this.#failing.delete(effect.id);
      this.#figures.done += 1;
      span?.end();
      return true;
    } catch (error) {
      span?.end(toDreyError(error).code);
      return this.#fail(effect, error);
    }
  }

  async #perform(
    { id, effect, address, params }: OutboxEffect,
    traceparent: string | undefined,
  ): Promise<void> {
    const { kinds, deliver } = this.#options;
    const act = kinds.get(address.kind)?.effects[effect];
    if (act === undefined) {
      throw new DreyError('argument_invalid', `a ${address.kind} actor has no effect "${effect}"`);
    }
    const event = await this.#within((signal) => act(params, { id, address, signal }));
    this.#crash('effect_ran');
    if (event === null) return;
    await deliver(address, { from: 'effect', id, event, traceparent });
    this.#crash('effect_completed');
  }

  /** Waits no longer than one try may take, and not at all once the node stops. */
  async #within<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, tryMs = tryMsDefault } = this.#options;
    const over = new AbortController();
    const cancel = clock.schedule(tryMs, () => {
      over.abort(new DreyError('call_timeout', `the effect took more than ${tryMs} ms`));
    });
    const signal = AbortSignal.any([over.signal, this.#stopping.signal]);
    const aborted = new Promise<never>((_, reject) => {
      const fail = (): void => reject(toDreyError(signal.reason));
      if (signal.aborted) fail();
      else signal.addEventListener('abort', fail, { once: true });
    });
    aborted.catch(() => undefined);
    try {
      return await Promise.race([act(signal), aborted]);
    } finally {
      cancel();
    }
  }

  async #fail(effect: OutboxEffect, error: unknown): Promise<boolean> {
    const { store, clock, log } = this.#options;
    const isOwnFault = !(isDreyError(error) && error.retry !== 'never');
    const before = this.#failing.get(effect.id);
    const fails = (before?.fails ?? 0) + 1;
    const tries = (before?.tries ?? 0) + (isOwnFault ? 1 : 0);
    log.warn({ effect: effect.id, tries, err: toPlainError(error) }, 'an effect failed');
    this.#figures.failed += 1;
    if (tries >= triesMax) {
      const isBuried = await bury(store, effect, error, tries);
      this.#failing.delete(effect.id);
      this.#figures.buried += 1;
      return isBuried;
    }
    const notBefore = clock.monotonic() + Math.min(pauseMsMax, firstPauseMs * 2 ** fails);
    if (this.#failing.size < failingMax) this.#failing.set(effect.id, { fails, tries, notBefore });
    return false;
  }
}

/** One try. */
function toSpan(tracer: Tracer, { id, effect, address, traceparent }: OutboxEffect): Span {
  return tracer.start(`effect ${address.kind} ${effect}`, {
    parent: traceparent,
    facts: {
      'drey.namespace': address.namespace,
      'drey.actor': `${address.kind}/${address.id}`,
      'drey.effect': id,
    },
  });
}

/** Nobody could do it: it lies among the dead letters, with the reason, and waits no longer. */
async function bury(store: Store, effect: OutboxEffect, error: unknown, tries: number): Promise<boolean> {
  const { id, address, params } = effect;
  await store.inNamespace(address.namespace, (trx) =>
    addDeadLetter(trx, {
      id,
      kind: address.kind,
      actorId: address.id,
      reason: `effect "${effect.effect}" of ${toAddressText(address)}: ${toPlainError(error).message}`,
      payload: JSON.stringify(params) ?? 'null',
      attempts: tries,
    }),
  );
  return true;
}
