/**
 * The effect runner: does what durable actors wanted done, after the commit that wanted it. An effect may be tried more
 * than once, always with the same id; its completion reaches the actor once, through the inbox.
 */
import { DreyError, isDreyError, toPlainError } from '../../machines/words/errors.ts';
import type { Address } from '../../machines/words/ids.ts';
import { toAddressText } from '../../machines/words/ids.ts';
import { addDeadLetter, runOutboxEffects } from '../store/store.ts';
import type { OutboxEffect, Store } from '../store/store.ts';
import type { Clock, Log } from './clock.ts';
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
  readonly crashPoint?: CrashPoint;
}

export interface EffectRunner {
  /** A commit just left effects. */
  nudge(): void;
  stop(): Promise<void>;
}

const everyMsDefault = 1_000;
/** Effects at a time; each needs a connection for its completion, beside the one that holds them all. */
const atATimeMax = 4;
/** Tries that fail by the effect's own fault, in this process, before it is put among the dead letters. */
const triesMax = 8;
const firstPauseMs = 250;
const pauseMsMax = 30_000;
/** Effects remembered as failing. */
const failingMax = 1_000;

interface Failing {
  readonly tries: number;
  readonly notBefore: number;
}

/** Starts running effects. */
export function startEffects(options: EffectRunnerOptions): EffectRunner {
  const { store, clock, log } = options;
  const crash = options.crashPoint ?? noCrash;
  const everyMs = options.everyMs ?? everyMsDefault;
  const failing = new Map<string, Failing>();
  let stopped = false;
  let again = false;
  let cancel: (() => void) | undefined;
  let running: Promise<void> | undefined;

  const perform = async ({ id, effect, address, params }: OutboxEffect): Promise<void> => {
    const act = options.kinds.get(address.kind)?.effects[effect];
    if (act === undefined) {
      throw new DreyError('argument_invalid', `a ${address.kind} actor has no effect "${effect}"`);
    }
    const event = await act(params, { id, address });
    crash('effect_ran');
    if (event === null) return;
    await options.deliver(address, { from: 'effect', id, event });
    crash('effect_completed');
  };
  const run = async (effect: OutboxEffect, isDone: boolean): Promise<boolean> => {
    crash('effect_taken');
    if (isDone) return true;
    try {
      await perform(effect);
      failing.delete(effect.id);
      return true;
    } catch (error) {
      return fail(effect, error);
    }
  };
  const fail = async (effect: OutboxEffect, error: unknown): Promise<boolean> => {
    const isOwnFault = !(isDreyError(error) && error.retry !== 'never');
    const tries = (failing.get(effect.id)?.tries ?? 0) + (isOwnFault ? 1 : 0);
    log.warn({ effect: effect.id, tries, err: toPlainError(error) }, 'an effect failed');
    if (tries >= triesMax) {
      failing.delete(effect.id);
      return bury(store, effect, error, tries);
    }
    const pauseMs = Math.min(pauseMsMax, firstPauseMs * 2 ** tries);
    if (failing.size < failingMax) failing.set(effect.id, { tries, notBefore: clock.monotonic() + pauseMs });
    return false;
  };
  const drain = async (): Promise<void> => {
    try {
      let taken: number;
      do {
        again = false;
        const now = clock.monotonic();
        const except = [...failing].filter(([, { notBefore }]) => notBefore > now).map(([id]) => id);
        taken = await runOutboxEffects(store, run, { limit: atATimeMax, except });
      } while ((taken > 0 || again) && !stopped);
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'effects wait for the database');
    }
  };
  const turn = (): void => {
    cancel?.();
    cancel = undefined;
    running = drain().finally(() => {
      running = undefined;
      if (!stopped) cancel = clock.schedule(again ? 0 : everyMs, turn);
    });
  };
  turn();

  return {
    nudge() {
      again = true;
      if (running === undefined && !stopped) turn();
    },
    async stop() {
      stopped = true;
      cancel?.();
      await running;
    },
  };
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
