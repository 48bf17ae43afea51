/**
 * Letting a session go when its node stops: first the bus has what was told of it, then its row says that it is nobody's.
 * In this order, whoever takes it finds the task that was open. It closes nothing.
 */
import type { Clock, LiveSession } from '../actors/actors.ts';

/** A bus that takes nothing for so long is not waited for: the log keeps what was told, and the row says the rest. */
const sentMs = 1_000;
const lookMs = 20;
/** Nor is a database: whoever is asked for the session then finds that this node is gone. */
const writtenMs = 2_000;

/** What lets sessions go, for `openSessions`. */
export function createLettingGo(options: {
  readonly eventLog: { readonly waiting: number };
  readonly rows: { letGo(session: LiveSession): Promise<void> };
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
}): (session: LiveSession) => Promise<void> {
  const { eventLog, rows, clock } = options;
  let looking: Promise<void> | undefined;
  /** One timer for all that are let go of. */
  const lookAgain = (): Promise<void> =>
    (looking ??= new Promise<void>((resolve) => clock.schedule(lookMs, resolve)).finally(() => {
      looking = undefined;
    }));
  const send = async (): Promise<void> => {
    const until = clock.monotonic() + sentMs;
    while (eventLog.waiting > 0 && clock.monotonic() < until) await lookAgain();
  };
  return async (session) => {
    await send();
    const isLate = new Promise<void>((resolve) => clock.schedule(writtenMs, resolve));
    await Promise.race([rows.letGo(session), isLate]);
  };
}
