/**
 * One passed request over HTTP, from its message to the last byte of its answer. A client that goes away cancels it, as
 * with tool calls.
 */
import { toFrameStatus } from './call-frames.ts';
import type { Era } from './call-frames.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import { checkNamedHeaders } from './header-checks.ts';
import type { StandardHeaders } from './header-checks.ts';
import { toLackingHeaders } from '../permission.ts';
import { openAnswer, readAccept, sendJson } from './http-answer.ts';
import type { CallScope } from './in-flight.ts';
import type { Peer } from './peer.ts';
import { runPass, slicePass } from './passes.ts';
import { toValidTraceparent } from './raw-call.ts';
import { errorFrame, rpc, toDrainingError, toRpcError } from './rpc-errors.ts';
import { toServerInfo } from './sdk-server.ts';

export interface HttpPass extends EndpointOptions {
  readonly exchange: Exchange;
  readonly body: { id: string | number; method: string; params?: unknown };
  readonly era: Era;
  readonly calls: CallScope;
  /** Undefined in the era that has no unasked messages. */
  readonly peer: Peer | undefined;
}

/** Answers a request that `isPass` knows. */
export async function answerPassOverHttp(http: HttpPass): Promise<void> {
  const { needs, exchange, era } = http;
  const { req, res, principal } = exchange;
  const accepted = readAccept(req);
  if (!accepted.json && !accepted.stream) {
    const error = toRpcError('argument_invalid', 'Accept must include application/json or text/event-stream');
    return sendJson(res, 406, errorFrame('null', error));
  }
  const sliced = slicePass(exchange.text, http.body);
  const answer = openAnswer(res, accepted, http.keepAlive);
  if (!sliced.ok) {
    const status = sliced.code === rpc.invalidRequest ? 400 : 200;
    return answer.finish(errorFrame(sliced.id, { code: sliced.code, message: sliced.sentence }), status);
  }
  const { pass } = sliced;
  if (http.isDraining()) return answer.finish(errorFrame(pass.id, toDrainingError()));
  let lacking: string | undefined;
  const frame = await http.calls.run(pass.requestId, async (abort) => {
    const gone = () => {
      if (!res.writableFinished) abort.abort(new Error('the client went away'));
    };
    res.once('close', gone);
    const serverInfo = JSON.stringify(toServerInfo(needs.version));
    const carried = toValidTraceparent(req.headers['traceparent']);
    const { signal } = abort;
    const { notify } = answer;
    const run = {
      pass,
      era,
      principal,
      peer: http.peer,
      sops: http.sops,
      needs,
      serverInfo,
      signal,
      notify,
      carried,
      lacking: (scope: string) => {
        lacking = scope;
      },
    };
    return runPass(run).finally(() => res.off('close', gone));
  });
  if (lacking !== undefined) return answer.finish(frame, 403, toLackingHeaders(needs, lacking));
  answer.finish(frame, toFrameStatus(frame, era));
}

/** What a 2026-07-28 request must repeat in Mcp-Name: a prompt's name, or a resource's URI. */
const named: ReadonlyMap<string, { readonly member: string; readonly what: string }> = new Map([
  ['prompts/get', { member: 'name', what: 'prompt' }],
  ['resources/read', { member: 'uri', what: 'resource' }],
]);

/** What is wrong with the headers of a passed request of 2026-07-28; undefined when they agree with the body. */
export function checkPassHeaders(
  headers: StandardHeaders,
  method: string,
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  const { member, what } = named.get(method) ?? { member: '', what: '' };
  const value = params[member];
  return checkNamedHeaders(headers, typeof value === 'string' ? value : undefined, what);
}
