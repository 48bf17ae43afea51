/** What a caller is told whose call a session does not take; the chart says why. */
import type { CallOutcome } from '../../../machines/words/calls.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';

const sentences: Partial<Record<ErrorCode, string>> = {
  session_unknown: 'this session is over; open a new one',
  limit_reached: `a session may have ${limits.sessionCallsMax} calls in flight; wait for one to end`,
  node_draining: 'this node is being stopped; try again in a moment',
};

/** The refusal of one call. */
export function toRefusal(code: ErrorCode): CallOutcome {
  const retryAfterMs = code === 'session_unknown' ? undefined : 1_000;
  return { outcome: 'refused', code, message: sentences[code] ?? 'the call was refused', retryAfterMs };
}
