/**
 * A tool call as a span, in the words of OpenTelemetry's conventions for MCP: who was called and how it ended. It never
 * holds arguments, results or anybody's text. Where nobody collects traces nothing is made here.
 */
import type { CallOutcome } from '../../../machines/words/calls.ts';
import type { Span, Tracer } from '../../../machines/words/traces.ts';
import { sliceMembers } from '../../upstream/upstream.ts';
import { mayForward } from './call-frames.ts';
import { toRpcCode } from './rpc-errors.ts';

export interface SpannedCall {
  readonly call: {
    readonly requestId: string | number;
    readonly name: string;
    readonly traceparent: string | undefined;
  };
  readonly session: { readonly id: string; readonly namespace: string };
  readonly needs: { readonly tracer?: Tracer | undefined };
  readonly transport: 'http' | 'stdio';
  readonly carried: string | undefined;
}

/** Begins it: the message's own trace is its parent, else the transport's; of two, the transport's is linked. */
export function startCallSpan(run: SpannedCall): Span | undefined {
  const { tracer } = run.needs;
  return tracer === undefined ? undefined : start(tracer, run);
}

function start(tracer: Tracer, { call, session, transport, carried }: SpannedCall): Span {
  const isCarriedBeside =
    carried !== undefined && call.traceparent !== undefined && carried !== call.traceparent;
  return tracer.start(`tools/call ${call.name}`, {
    kind: 'server',
    parent: call.traceparent ?? carried,
    ...(isCarriedBeside ? { links: [carried] } : {}),
    facts: {
      'mcp.method.name': 'tools/call',
      'mcp.session.id': session.id,
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': call.name,
      'jsonrpc.request.id': String(call.requestId),
      'network.transport': transport === 'http' ? 'tcp' : 'pipe',
      'drey.namespace': session.namespace,
    },
  });
}

/** Ends it with what became of the call. */
export function endCallSpan(span: Span | undefined, outcome: CallOutcome): void {
  if (span === undefined) return;
  span.set({ 'drey.outcome': outcome.outcome });
  if (outcome.outcome === 'finished') {
    span.end(outcome.isError ? 'tool_error' : undefined);
    return;
  }
  const status = toStatus(outcome);
  span.set({ 'rpc.response.status_code': status, 'drey.code': outcome.code });
  span.end(status);
}

/** The JSON-RPC code that the client gets. */
function toStatus(outcome: Exclude<CallOutcome, { outcome: 'finished' }>): string {
  if (outcome.outcome === 'failed' && outcome.error !== undefined && mayForward(outcome.error)) {
    const { code } = sliceMembers(outcome.error, ['code']);
    if (code !== undefined && /^-?\d{1,10}$/.test(code)) return code;
  }
  return String(toRpcCode(outcome.code));
}
