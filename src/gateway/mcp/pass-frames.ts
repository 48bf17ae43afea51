/**
 * Response frames of requests that are no tool calls. What an upstream answered goes out as the bytes it is; revision
 * 2026-07-28 has a result type, the server's identity and, for what may be kept, a time to live put in front of it.
 */
import type { CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { sliceMembers } from '../../upstream/upstream.ts';
import { mayForward } from './call-frames.ts';
import type { Era } from './call-frames.ts';
import { errorFrame, rpc, toRpcError } from './rpc-errors.ts';

export interface PassFrame {
  /** The request's id as JSON text. */
  readonly id: RawJson;
  readonly era: Era;
  readonly method: string;
  /** The server's identity as JSON text. */
  readonly serverInfo: RawJson;
}

/** Answers that a client of 2026-07-28 may keep, and must be told for how long. */
const keepable = new Set([
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'skills/list',
  'skills/get',
]);
const resourceNotFound = -32_002;
/** An upstream may nest deeper than a client. */
const answerDepthMax = 256;

/** The response to a request, whatever became of it. */
export function toPassFrame(outcome: CallOutcome, frame: PassFrame): RawJson {
  if (outcome.outcome === 'finished') return toResultFrame(outcome.result, frame);
  if (outcome.outcome === 'refused')
    return errorFrame(frame.id, toRpcError(outcome.code, outcome.message, outcome.retryAfterMs));
  return outcome.error !== undefined && mayForward(outcome.error)
    ? `{"jsonrpc":"2.0","id":${frame.id},"error":${toError(outcome.error, frame.era)}}`
    : errorFrame(frame.id, toRpcError(outcome.code, outcome.message));
}

/** The frame of a result, an upstream's or our own. */
export function toResultFrame(result: RawJson, frame: PassFrame): RawJson {
  return `{"jsonrpc":"2.0","id":${frame.id},"result":${toResult(result, frame)}}`;
}

/** "Resource not found" has a code of its own in the older era; the newer knows invalid params only. */
function toError(error: RawJson, era: Era): RawJson {
  const { code } = sliceMembers(error, ['code']);
  if (era === 'legacy' || code !== String(resourceNotFound)) return error;
  return JSON.stringify({ ...(JSON.parse(error) as object), code: rpc.invalidParams });
}

function toResult(result: RawJson, { era, method, serverInfo }: PassFrame): RawJson {
  if (era === 'legacy') return result;
  const present = sliceMembers(result, ['resultType', '_meta', 'ttlMs', 'cacheScope'], answerDepthMax);
  const front: string[] = [];
  if (present.resultType === undefined) front.push('"resultType":"complete"');
  const isComplete = present.resultType === undefined || present.resultType === '"complete"';
  if (isComplete && keepable.has(method)) {
    if (present.ttlMs === undefined) front.push('"ttlMs":0');
    if (present.cacheScope === undefined) front.push('"cacheScope":"private"');
  }
  if (present._meta === undefined) front.push(`"_meta":{"io.modelcontextprotocol/serverInfo":${serverInfo}}`);
  if (front.length === 0) return result;
  const inside = result.slice(result.indexOf('{') + 1);
  return `{${front.join(',')}${inside.trimStart().startsWith('}') ? '' : ','}${inside}`;
}
