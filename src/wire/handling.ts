/** How long a handler may take, and what its failure says of the message it was given. */
import { isDreyError } from '../../machines/words/errors.ts';

class Overdue extends Error {
  override readonly name = 'Overdue';
}

/**
 * Waits for a handler as long as it may take. It cannot be ended: what it still does meets the next try at its inbox,
 * so whoever comes second changes nothing.
 */
export async function inTime(work: Promise<void>, boundMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Overdue(`it was not handled within ${boundMs / 1_000} s`)), boundMs);
  });
  try {
    await Promise.race([work, overdue]);
  } finally {
    clearTimeout(timer);
  }
}

/** A broken dependency is nobody's fault and heals; only what the message itself causes counts against it. */
export function isCounted(error: unknown): boolean {
  return !(isDreyError(error) && error.kind === 'dependency_failed' && error.retry !== 'never');
}

/** What stands in the dead letter. */
export function toCode(error: unknown): string {
  if (error instanceof Overdue) return 'handler_timeout';
  return isDreyError(error) ? error.code : 'unexpected';
}

/** The sentence beside it. */
export function toReason(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
