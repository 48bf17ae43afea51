/** Refusals at the door: a status, a code and a sentence that says what would be right, never what was shown. */
import type { ErrorCode } from '../../machines/words/errors.ts';

export interface Refused {
  readonly ok: false;
  readonly status: 401 | 403 | 429 | 503;
  readonly code: ErrorCode;
  readonly sentence: string;
  /** The value of `WWW-Authenticate`. */
  readonly challenge?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export function refuse(status: 401 | 403, code: ErrorCode, sentence: string): Refused {
  return { ok: false, status, code, sentence };
}

/** Who it is cannot be told now; that is not the caller's fault. */
export const cannotTell: Refused = {
  ok: false,
  status: 503,
  code: 'database_unavailable',
  sentence:
    'the database does not answer, and without it nobody can tell whose key this is; try again in a moment',
  retryAfterMs: 1_000,
};

/** Too many strangers at once. */
export function sendAway(retryAfterMs: number): Refused {
  return {
    ok: false,
    status: 429,
    code: 'limit_reached',
    sentence: 'too many unknown keys were tried; wait before the next one',
    retryAfterMs,
  };
}
