/** How a request of our own that was not answered with a result is told, and the reading of what came instead. */
import { DreyError } from '../../machines/words/errors.ts';
import type { Answer } from './exchanges.ts';
import { readError } from './outcome.ts';

/** The members of an object; none of what is no object. */
export function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The error of a request that found no result; the upstream's own error is in its details. */
export function toRequestError(name: string, answer: Exclude<Answer, { kind: 'result' }>): DreyError {
  if (answer.kind === 'error') {
    const { message } = readError(answer.error);
    const details = { error: JSON.parse(answer.error) as unknown };
    return new DreyError('upstream_failed', `${name} was refused: ${message}`, { details });
  }
  if (answer.kind === 'timeout') {
    return new DreyError('call_timeout', `${name} was not answered within ${answer.timeoutMs} ms`);
  }
  if (answer.kind === 'cancelled')
    return new DreyError('call_cancelled', `${name} was cancelled by its caller`);
  return new DreyError(answer.code, `${name} failed: ${answer.why}`);
}
