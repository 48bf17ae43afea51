/** One answer for all who ask within a moment, also for those who ask while it is being put together; it asks nobody by itself. */
import type { Clock } from '../actors/actors.ts';

/** The same question, asked at most once in so long; a failure is shared as well. */
export function shareAnswer<T>(
  read: () => Promise<T>,
  clock: Pick<Clock, 'now'>,
  keptMs: number,
): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; readonly at: number } | undefined;
  return () => {
    const now = clock.now();
    // A clock that was put back must not keep an answer for good.
    if (kept === undefined || now - kept.at >= keptMs || now < kept.at) kept = { answer: read(), at: now };
    return kept.answer;
  };
}
