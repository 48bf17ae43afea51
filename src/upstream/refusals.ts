/** Requests that never reach an upstream, or that we end ourselves, as outcomes. */
import type { Asker, CallOutcome } from '../../machines/words/calls.ts';
import { inputRoundsMax } from './inputs.ts';

/** For an upstream that asks somebody who cannot answer, or without end. */
export function refuseInput(name: string, asker: Asker | undefined): CallOutcome {
  const why = asker === undefined ? 'who cannot be asked' : `more than ${inputRoundsMax} times`;
  const message = `${name} asks its client for input, ${why}`;
  return { outcome: 'failed', code: 'upstream_failed', message, error: undefined, countsAgainst: false };
}

/** For more calls than one connection may have under way. */
export function refuseFull(alias: string): CallOutcome {
  const message = `too many calls wait for "${alias}"; try again in a second`;
  return { outcome: 'refused', code: 'limit_reached', message, retryAfterMs: 1_000 };
}
