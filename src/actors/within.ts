/** A bound on waiting: the work's result, or an error once it has taken too long. It cannot end the work itself. */
import { DreyError } from '../../machines/words/errors.ts';
import type { Clock } from './clock.ts';

/** Rejects with `call_timeout` when the work takes longer; what it still does then is not waited for. */
export async function within<T>(work: Promise<T>, boundMs: number, clock: Clock): Promise<T> {
  let cancel = (): void => undefined;
  const overdue = new Promise<never>((_, reject) => {
    // Made only when it is needed: a stack trace for every call that is in time costs more than the bound itself.
    cancel = clock.schedule(boundMs, () =>
      reject(new DreyError('call_timeout', `it did not answer within ${boundMs} ms`)),
    );
  });
  try {
    return await Promise.race([work, overdue]);
  } finally {
    cancel();
  }
}
