/**
 * One tool call over HTTP, from the sliced request to the last byte of its answer. A client that goes away cancels its
 * call, unless it has been given the beginning of a stream that it can resume: without that nobody could be given the
 * result.
 */
import type { ServerResponse } from 'node:http';
import type { Session } from '../needs.ts';
import { toLackingHeaders } from '../permission.ts';
import type { ToolView } from '../tool-view.ts';
import { toThrownSentence } from '../thrown.ts';
import { toFrameStatus } from './call-frames.ts';
import type { Era } from './call-frames.ts';
import { toHeard } from './heard.ts';
import { openAnswer, readAccept, sendJson } from './http-answer.ts';
import type { RecordedStream } from './http-answer.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import type { CallScope } from './in-flight.ts';
import type { Peer } from './peer.ts';
import { runCall, sliceCall, toValidTraceparent } from './raw-call.ts';
import { errorFrame, rpc, toDrainingError, toRpcError } from './rpc-errors.ts';
import { toServerInfo } from './sdk-server.ts';

export interface HttpCall extends EndpointOptions {
  readonly exchange: Exchange;
  readonly body: { id: string | number; params?: unknown };
  readonly era: Era;
  readonly calls: CallScope;
  readonly view: ToolView;
  /** The client, where upstreams can reach it unasked. */
  readonly peer?: Peer;
  /** Makes a stream that can be resumed; without it a client that goes away cancels its call. */
  readonly record?: (res: ServerResponse) => RecordedStream;
  /** Throws when there is none to be had. */
  findSession(): Session;
}

/** Answers a `tools/call`. */
export async function answerCallOverHttp(http: HttpCall): Promise<void> {
  const { needs, exchange, era } = http;
  const { req, res } = exchange;
  const accepted = readAccept(req);
  if (!accepted.json && !accepted.stream) {
    const error = toRpcError('argument_invalid', 'Accept must include application/json or text/event-stream');
    sendJson(res, 406, errorFrame('null', error));
    return;
  }
  const sliced = sliceCall(exchange.text, http.body);
  const answer = openAnswer(res, accepted, http.keepAlive, {}, http.record);
  if (!sliced.ok) {
    // What is no JSON-RPC request is refused by HTTP as well; a request that asks for the wrong thing is not.
    const status = sliced.code === rpc.invalidRequest ? 400 : 200;
    answer.finish(errorFrame(sliced.id, { code: sliced.code, message: sliced.sentence }), status);
    return;
  }
  const { call } = sliced;
  if (http.isDraining()) {
    answer.finish(errorFrame(call.id, toDrainingError()));
    return;
  }
  let session: Session;
  try {
    session = http.findSession();
  } catch (error) {
    answer.finish(errorFrame(call.id, toThrownSentence(error, needs.log).rpcError));
    return;
  }
  let lacking: string | undefined;
  const frame = await http.calls.run(call.requestId, async (abort) => {
    const gone = () => {
      if (!res.writableFinished && !answer.isResumable) abort.abort(new Error('the client went away'));
    };
    res.once('close', gone);
    const serverInfo = JSON.stringify(toServerInfo(needs.version));
    const { signal } = abort;
    const carried = toValidTraceparent(req.headers['traceparent']);
    const notify = toHeard(answer.notify, { era, peer: http.peer, meta: call.meta });
    const run = {
      call,
      era,
      session,
      principal: exchange.principal,
      needs,
      view: http.view,
      lacking: (scope: string) => {
        lacking = scope;
      },
      serverInfo,
      signal,
      notify,
      asker: http.peer?.askOn(answer.notify),
      transport: 'http',
      carried,
    } as const;
    return runCall(run).finally(() => res.off('close', gone));
  });
  if (lacking !== undefined) return answer.finish(frame, 403, toLackingHeaders(needs, lacking));
  answer.finish(frame, toFrameStatus(frame, era));
}
