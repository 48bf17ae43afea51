/**
 * A learner's turns: one connection for all that it has, opened anew after it broke. Whoever uses them holds on to what it
 * got, so that a turn of before is never mistaken for one of now.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { Store, Turns } from '../../store/store.ts';

export interface TurnSource {
  /** Those of now; throws `database_unavailable`, and `worker_failed` once it is stopped. */
  turns(): Promise<Turns>;
  /** Gives all of them back; nothing is opened any more. */
  stop(): Promise<void>;
}

/** Connects when it is asked for the first time. */
export function createTurnSource(store: Pick<Store, 'openTurns'>, what: string): TurnSource {
  let opening: Promise<Turns> | undefined;
  let isStopped = false;
  const forget = (one: Promise<Turns>): void => {
    if (opening === one) opening = undefined;
  };
  const watch = async (one: Promise<Turns>): Promise<void> => {
    const turns = await one.catch(() => undefined);
    await turns?.lost;
    forget(one);
    await turns?.release();
  };
  const open = (): Promise<Turns> => {
    const one = store.openTurns(what);
    void watch(one);
    return one;
  };
  return {
    async turns() {
      if (isStopped)
        throw new DreyError(
          'worker_failed',
          `the turns of ${what} were given back for good; start a new one`,
        );
      return (opening ??= open());
    },
    async stop() {
      isStopped = true;
      const last = await opening?.catch(() => undefined);
      await last?.release();
    },
  };
}
