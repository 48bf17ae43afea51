/**
 * Response frames of a tool call, written by concatenation: the result's bytes go out as they came in. Revision
 * 2026-07-28 wants a result type and the server's identity; these are put in front of the result's own members.
 */
import type { CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { sliceMembers } from '../../upstream/upstream.ts';
import { errorFrame, toRpcError } from './rpc-errors.ts';

export type Era = 'legacy' | 'modern';

/** `_meta` keys of our own: the session a modern request belongs to, and the name a client gives its conversation. */
export const sessionMetaKey = 'drey/session';
export const conversationMetaKey = 'drey/conversation';

/** How a result begins whose `_meta` was written anew because its call ran in a shared context. */
const contextStamp = '{"_meta":{"drey/context":{';

export interface FrameContext {
  /** The request's id as JSON text. */
  readonly id: RawJson;
  readonly era: Era;
  /** The server's identity as JSON text. */
  readonly serverInfo: RawJson;
  readonly sessionId: string;
}

/** The response to a call, whatever became of it. */
export function toCallFrame(outcome: CallOutcome, context: FrameContext): RawJson {
  if (outcome.outcome === 'finished') {
    return `{"jsonrpc":"2.0","id":${context.id},"result":${toResult(outcome.result, context)}}`;
  }
  if (outcome.outcome === 'refused') {
    return errorFrame(context.id, toRpcError(outcome.code, outcome.message, outcome.retryAfterMs));
  }
  return outcome.error !== undefined && mayForward(outcome.error)
    ? `{"jsonrpc":"2.0","id":${context.id},"error":${outcome.error}}`
    : errorFrame(context.id, toRpcError(outcome.code, outcome.message));
}

function toResult(result: RawJson, context: FrameContext): RawJson {
  if (context.era === 'legacy') return result;
  const present = sliceMembers(result, ['resultType', '_meta']);
  const front: string[] = [];
  if (present.resultType === undefined) front.push('"resultType":"complete"');
  const session = `${JSON.stringify(sessionMetaKey)}:${JSON.stringify(context.sessionId)}`;
  const ours = `"io.modelcontextprotocol/serverInfo":${context.serverInfo},${session}`;
  // A result with a _meta of its own keeps it untouched: the stamp is a courtesy, its bytes are not ours.
  if (present._meta === undefined) front.push(`"_meta":{${ours}}`);
  else if (result.startsWith(contextStamp)) {
    // It is ours already: a call in a context had it written anew.
    const stamped = `{"_meta":{${ours},${result.slice('{"_meta":{'.length)}`;
    return front.length === 0 ? stamped : `{${front.join(',')},${stamped.slice(1)}`;
  }
  if (front.length === 0) return result;
  const inside = result.slice(result.indexOf('{') + 1);
  const empty = inside.trimStart().startsWith('}');
  return `{${front.join(',')}${empty ? '' : ','}${inside}`;
}

/** Errors -32020 and -32022 describe the other hop's headers and version: they are not this client's. */
export function mayForward(error: RawJson): boolean {
  const { code } = sliceMembers(error, ['code']);
  return code !== '-32020' && code !== '-32022';
}

const missingCapability = /^\{"jsonrpc":"2\.0","id":(?:"[^"]*"|-?\d+),"error":\{[^{}]*"code":-32021\b/;

/** The HTTP status of a response frame: revision 2026-07-28 has one for a client that lacks a capability. */
export function toFrameStatus(frame: RawJson, era: Era): number {
  return era === 'modern' && missingCapability.test(frame.slice(0, 1_000)) ? 400 : 200;
}
