/**
 * From an answer of the raw path to a call's outcome. Only transport errors and timeouts count against the upstream; a
 * result that says `isError`, and a well-formed refusal, are the tool's business.
 */
import type { CallOutcome, RawJson } from '../../machines/words/calls.ts';
import { isDreyError } from '../../machines/words/errors.ts';
import type { Answer } from './exchanges.ts';
import { answerDepthMax } from './frame.ts';
import { sliceMembers } from './slice.ts';

/** JSON-RPC codes by which SDKs report a broken connection or a timeout. */
const transportCodes = new Set([-32_000, -32_001]);
/** "The client lacks a capability": said of what we named, which is a modern client's own and nobody else's. */
const capabilityCode = -32_021;

/** What the caller is told, and whether the breaker counts it. A modern client's own capabilities were named. */
export function toOutcome(name: string, answer: Answer, isModernClient = false): CallOutcome {
  switch (answer.kind) {
    case 'result':
      return toFinished(name, answer.result);
    case 'error':
      return toRefusal(name, answer.error, isModernClient);
    case 'broken':
      return failed(answer.code, `${name} failed: ${answer.why}`, answer.countsAgainst);
    case 'timeout':
      return failed('call_timeout', `${name} did not answer within ${answer.timeoutMs} ms`, true);
    default:
      return failed('call_cancelled', `the call of ${name} was cancelled by its caller`, false);
  }
}

/** The code and message of a raw JSON-RPC error; what is no such error is read as well as it goes. */
export function readError(error: RawJson): { readonly code: number; readonly message: string } {
  const parsed: unknown = JSON.parse(error);
  const isObject = typeof parsed === 'object' && parsed !== null;
  const code = isObject && 'code' in parsed && typeof parsed.code === 'number' ? parsed.code : 0;
  const message =
    isObject && 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : error;
  return { code, message };
}

function toFinished(name: string, result: RawJson): CallOutcome {
  // Most results have no such member; a key could hide only behind an escape.
  if (!/isError|\\u/.test(result)) return { outcome: 'finished', result, isError: false };
  try {
    const { isError } = sliceMembers(result, ['isError'], answerDepthMax);
    return { outcome: 'finished', result, isError: isError === 'true' };
  } catch (error) {
    if (!isDreyError(error)) throw error;
    return failed('upstream_failed', `${name} answered with something unreadable: ${error.message}`, true);
  }
}

function toRefusal(name: string, error: RawJson, isModernClient: boolean): CallOutcome {
  const { code, message } = readError(error);
  const countsAgainst = transportCodes.has(code);
  if (code === capabilityCode && !isModernClient)
    return failed('upstream_failed', `${name} needs abilities this gateway lacks`, false);
  return { outcome: 'failed', code: 'upstream_failed', message, error, countsAgainst };
}

function failed(code: string, message: string, countsAgainst: boolean): CallOutcome {
  return { outcome: 'failed', code, message, error: undefined, countsAgainst };
}
