/** Waiting in tests: for a condition, never for a time. */
import { setTimeout as rest } from 'node:timers/promises';

const pollMs = 10;

/**
 * Asks until the answer is neither undefined nor false, and returns it. Fails with `what` when that does not happen in
 * time; the last error thrown by `ask` is the cause.
 */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  withinMs = 5_000,
): Promise<Exclude<Answer, false | undefined>> {
  const end = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== false && answer !== undefined) return answer as Exclude<Answer, false | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`, { cause });
    await rest(pollMs);
  }
}
