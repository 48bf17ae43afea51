/**
 * The HTTP side of revision 2026-07-28: every request stands alone and says who and what it is. Tool calls take the raw
 * path after the same checks the SDK makes; everything else is the SDK's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerCallOverHttp } from './http-call.ts';
import { checkCallHeaders } from './header-checks.ts';
import type { StandardHeaders } from './header-checks.ts';
import { sendJson } from './http-answer.ts';
import { echoId } from './exchange.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import { answerPassOverHttp, checkPassHeaders } from './http-pass.ts';
import type { CallScope } from './in-flight.ts';
import { isListen, openModernWatches } from './modern-watches.ts';
import { openModernSessions } from './modern-sessions.ts';
import { checkParamHeaders } from './param-headers.ts';
import { isRecord } from './parse-message.ts';
import { isOfLegacy, isPass } from './passes.ts';
import { isToolCall } from './raw-call.ts';
import { errorFrame, rpc } from './rpc-errors.ts';

/** The one revision of this era. */
export const modernRevision = '2026-07-28';

type SdkHandler = (req: IncomingMessage, res: ServerResponse, parsedBody: unknown) => Promise<void>;

export interface ModernEra {
  readonly size: number;
  post(exchange: Exchange, headers: StandardHeaders, revision: string | undefined): Promise<void>;
  close(): void;
}

/** Opens the newer era. */
export function openModernEra(
  options: EndpointOptions,
  sdk: SdkHandler,
  updated: (uri: string) => void,
): ModernEra {
  const watches = openModernWatches(options.needs, updated);
  const sessions = openModernSessions(options.needs, options.inFlight);
  return {
    get size() {
      return sessions.size;
    },
    post: async (exchange, headers, revision) => {
      const { req, res, principal, body } = exchange;
      if (revision !== modernRevision) return sdk(req, res, body);
      if (isListen(body)) {
        const end = await watches.begin(body, principal);
        if (res.destroyed) return end();
        res.once('close', end);
        res.once(
          'close',
          options.standing.watch(req, () => res.destroy()),
        );
        return sdk(req, res, body);
      }
      if (isPass(body) && !isOfLegacy(body.method))
        return answerPass(options, exchange, headers, sessions.calls);
      if (!isToolCall(body)) return sdk(req, res, body);
      const params = isRecord(body.params) ? body.params : {};
      const name = params['name'];
      const mismatch =
        typeof name === 'string'
          ? (checkCallHeaders(headers, name) ??
            checkParamHeaders(req, options.needs.catalogue().tools, params))
          : undefined;
      if (mismatch !== undefined) {
        refuseMismatch(exchange, mismatch);
        return;
      }
      const findSession = () => sessions.find({ principal, revision, meta: params['_meta'] });
      await answerCallOverHttp({
        exchange,
        body,
        era: 'modern',
        view: options.views.forRequest(req),
        calls: sessions.calls,
        findSession,
        // Last, as in the older era.
        ...options,
      });
    },
    close: () => watches.close(),
  };
}

async function answerPass(
  options: EndpointOptions,
  exchange: Exchange,
  headers: StandardHeaders,
  calls: CallScope,
): Promise<void> {
  const { body } = exchange;
  if (!isPass(body)) return;
  const mismatch = checkPassHeaders(headers, body.method, isRecord(body.params) ? body.params : {});
  if (mismatch !== undefined) return refuseMismatch(exchange, mismatch);
  await answerPassOverHttp({ ...options, exchange, body, era: 'modern', calls, peer: undefined });
}

function refuseMismatch({ res, body }: Exchange, mismatch: string): void {
  const message = `Bad Request: the request headers and body disagree: ${mismatch}`;
  sendJson(res, 400, errorFrame(echoId(body), { code: rpc.headerMismatch, message }));
}
