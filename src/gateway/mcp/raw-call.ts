/**
 * The path of every `tools/call`, on every transport. Arguments are sliced out of the message and handed on as they
 * are; the result is put into its frame as it is. Own tools are answered here and never reach a session's calls.
 */
import type { Asker, CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { isDreyError } from '../../../machines/words/errors.ts';
import { createId } from '../../../machines/words/ids.ts';
import { parseTraceparent } from '../../../machines/words/traces.ts';
import type { Span } from '../../../machines/words/traces.ts';
import { sliceMembers } from '../../upstream/upstream.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import type { Scope } from '../../../machines/words/scopes.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import { toSentence } from '../permission.ts';
import { auditMissingScope, auditRefusal } from '../refusals.ts';
import type { ToolView } from '../tool-view.ts';
import { needContexts, toCaller } from '../contexts.ts';
import { toCallFrame } from './call-frames.ts';
import { findContextId } from './context-call.ts';
import type { Era } from './call-frames.ts';
import { endCallSpan, startCallSpan } from './call-span.ts';
import { isRecord } from './parse-message.ts';
import type { OwnTool } from '../tools/tool.ts';
import { createResultAsker } from './result-asker.ts';
import { suggest } from './suggestion.ts';
import { toolName, unwrapCall } from './wrapped-call.ts';
import { errorFrame, rpc, toRetryAfterMs, toRpcError, toThrownRpcError } from './rpc-errors.ts';

/** A `tools/call` request, sliced but not rewritten. */
export interface RawCall {
  /** The request's id, parsed: what a cancellation names. */
  readonly requestId: string | number;
  readonly id: RawJson;
  readonly name: string;
  readonly args: RawJson;
  readonly meta: RawJson | undefined;
  /** What a client of 2026-07-28 answers when a result asked it for input, as members of the params. */
  readonly inputs: readonly RawJson[] | undefined;
  /** The trace that the message itself names. */
  readonly traceparent: string | undefined;
}

export type SlicedCall =
  | { readonly ok: true; readonly call: RawCall }
  | { readonly ok: false; readonly id: RawJson; readonly code: number; readonly sentence: string };

/** True for a request (it has an id) whose method is `tools/call`. */
export function isToolCall(body: unknown): body is { id: string | number; params?: unknown } {
  return isRecord(body) && body['method'] === 'tools/call' && Object.hasOwn(body, 'id');
}

/** Slices a call out of its message; `body` is the same message parsed, for checking only. */
export function sliceCall(text: RawJson, body: { id: string | number; params?: unknown }): SlicedCall {
  const frame = sliceMembers(text, ['id', 'params', 'jsonrpc']);
  const id = frame.id ?? 'null';
  const refuse = (code: number, sentence: string): SlicedCall => ({ ok: false, id, code, sentence });
  if (frame.jsonrpc !== '"2.0"') return refuse(rpc.invalidRequest, 'Invalid request: jsonrpc must be "2.0"');
  const { params } = body;
  if (!isRecord(params) || frame.params === undefined) {
    return refuse(rpc.invalidParams, 'params must be an object with the name of a tool');
  }
  const name = params['name'];
  if (typeof name !== 'string') return refuse(rpc.invalidParams, 'params.name must be the name of a tool');
  if (!toolName.test(name)) return refuse(rpc.invalidParams, 'tool not found: no tool has such a name');
  const inside = sliceMembers(frame.params, ['arguments', '_meta', 'inputResponses', 'requestState']);
  if (params['arguments'] !== undefined && !isRecord(params['arguments'])) {
    return refuse(rpc.invalidParams, 'params.arguments must be an object');
  }
  const problem = checkMeta(params['_meta']);
  if (problem !== undefined) return refuse(rpc.invalidRequest, problem);
  const args = inside.arguments ?? '{}';
  const traceparent = readTraceparent(params['_meta']);
  const inputs = toInputs(inside.inputResponses, inside.requestState);
  return { ok: true, call: { requestId: body.id, id, name, args, meta: inside._meta, inputs, traceparent } };
}

function toInputs(
  responses: RawJson | undefined,
  state: RawJson | undefined,
): readonly RawJson[] | undefined {
  if (responses === undefined && state === undefined) return undefined;
  return [
    ...(responses === undefined ? [] : [`"inputResponses":${responses}`]),
    ...(state === undefined ? [] : [`"requestState":${state}`]),
  ];
}

function checkMeta(meta: unknown): string | undefined {
  if (meta === undefined) return undefined;
  if (!isRecord(meta)) return 'Invalid request: params._meta must be an object';
  const token = meta['progressToken'];
  const known = token === undefined || typeof token === 'string' || Number.isSafeInteger(token);
  return known ? undefined : 'Invalid request: progressToken must be a string or an integer';
}

function readTraceparent(meta: unknown): string | undefined {
  return isRecord(meta) ? toValidTraceparent(meta['traceparent']) : undefined;
}

/** A trace somebody names, as it came; undefined for what names none. */
export function toValidTraceparent(given: unknown): string | undefined {
  return typeof given === 'string' && parseTraceparent(given) !== undefined ? given : undefined;
}

export interface CallRun {
  readonly call: RawCall;
  readonly era: Era;
  readonly session: Session;
  /** Who asks now; the session's own principal showed its key when the session began. */
  readonly principal: Principal;
  readonly needs: GatewayNeeds;
  readonly view: ToolView;
  /** Hears which scope was missing, where that is why a call is refused. */
  readonly lacking?: ((scope: Scope) => void) | undefined;
  readonly serverInfo: RawJson;
  readonly signal: StopSignal;
  readonly notify: ((notification: RawJson) => void) | undefined;
  /** The client, where it can be asked while the call runs. */
  readonly asker?: Asker | undefined;
  readonly transport: 'http' | 'stdio';
  /** The trace that the transport names: that of the message goes first, for one request may be carried by several. */
  readonly carried: string | undefined;
}

/** Makes the call and returns the response frame; it never throws. */
export async function runCall(given: CallRun): Promise<RawJson> {
  const unwrapped = unwrapCall(given);
  if (!unwrapped.ok) return unwrapped.frame;
  const { run } = unwrapped;
  const { call, session, needs, view } = run;
  const own = view.own(call.name);
  const missing = findMissing(run, own);
  if (missing !== undefined) {
    run.lacking?.(missing);
    await auditMissingScope(needs, { principal: run.principal, object: call.name }, missing);
    if (own === undefined) await recordRefusal(run, toSentence(missing));
    return errorFrame(call.id, toRpcError('permission_denied', toSentence(missing)));
  }
  const span = startCallSpan(run);
  const traceparent = span?.traceparent ?? call.traceparent ?? run.carried;
  try {
    const outcome =
      own === undefined
        ? await suggest(await passOn(run, toCommand(run, traceparent, span)), run)
        : await runOwnTool(run, own, traceparent);
    const frame = toCallFrame(outcome, {
      id: call.id,
      era: run.era,
      serverInfo: run.serverInfo,
      sessionId: session.id,
    });
    endCallSpan(span, outcome);
    return frame;
  } catch (error) {
    needs.log.error(
      { err: error, tool: call.name, session: session.id },
      'a tool call broke inside the gateway',
    );
    const thrown = toThrownRpcError(error);
    span?.end(String(thrown.code));
    return errorFrame(call.id, thrown);
  }
}

/** A call that the caller has no scope for is a fact of its session as well; nobody else hears of it. */
async function recordRefusal(run: CallRun, message: string): Promise<void> {
  const refused = {
    outcome: 'refused',
    code: 'permission_denied',
    message,
    retryAfterMs: undefined,
  } as const;
  const traceparent = run.call.traceparent ?? run.carried;
  await run.session.call({ ...toCommand(run, traceparent, undefined), refused });
}

/** The scope that the caller lacks for this call. Arguments that say nothing are for the tool itself to refuse. */
function findMissing({ call, principal }: CallRun, own: OwnTool | undefined): Scope | undefined {
  try {
    const scope = own === undefined ? 'tool:call' : own.toScope(JSON.parse(call.args));
    return mayDo(principal, scope) ? undefined : scope;
  } catch (error) {
    if (isDreyError(error)) return undefined;
    throw error;
  }
}

function toCommand(
  { asker, call, needs, signal, notify }: CallRun,
  traceparent: string | undefined,
  span: Span | undefined,
): Parameters<Session['call']>[0] {
  return {
    callId: createId('call', needs.ids),
    name: call.name,
    args: call.args,
    meta: call.meta,
    traceparent,
    span,
    signal,
    notify,
    asker,
    inputs: call.inputs,
  };
}

/** What is outside of the client's toolsets is to it as if it were not there. */
async function passOn(
  { call, needs, principal, session, view }: CallRun,
  command: Parameters<Session['call']>[0],
): Promise<CallOutcome> {
  if (view.mayCall(call.name)) {
    const found = findContextId(call.meta, session);
    if (!found.ok) return found.refusal;
    const { contextId } = found;
    if (contextId === undefined) return session.call(command);
    const { namespace } = session;
    const asked = { namespace, contextId, by: toCaller(principal), traceparent: command.traceparent };
    return needContexts(needs).callIn({ ...asked, command, call: (changed) => session.call(changed) });
  }
  const message = `there is no tool "${call.name}" in the toolsets of this client`;
  return { outcome: 'refused', code: 'tool_unknown', message, retryAfterMs: undefined };
}

async function runOwnTool(
  run: CallRun,
  tool: OwnTool,
  traceparent: string | undefined,
): Promise<CallOutcome> {
  const { call, needs, session, principal, view, signal } = run;
  session.touch();
  try {
    const byResult = createResultAsker(run);
    const answer = await tool.run(JSON.parse(call.args), {
      needs,
      session,
      principal,
      view,
      traceparent,
      asker: byResult?.asker ?? run.asker,
      round: byResult?.round,
      signal,
    });
    return { outcome: 'finished', isError: false, result: byResult?.toResult() ?? toOwnResult(answer) };
  } catch (error) {
    if (!isDreyError(error)) throw error;
    await auditRefusal(needs, { principal, object: tool.name }, error);
    // A model reads a tool's error and corrects itself; a protocol error it may never see.
    const { code, message, data } = toRpcError(error.code, error.message, toRetryAfterMs(error));
    const told = {
      isError: true,
      content: [{ type: 'text', text: message }],
      _meta: { 'drey/error': { ...data, rpc: code } },
    };
    return { outcome: 'finished', isError: true, result: JSON.stringify(told) };
  }
}

function toOwnResult(answer: object): RawJson {
  const json = JSON.stringify(answer);
  return `{"content":[{"type":"text","text":${JSON.stringify(json)}}],"structuredContent":${json}}`;
}
