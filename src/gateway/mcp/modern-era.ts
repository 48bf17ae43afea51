/**
 * The HTTP side of revision 2026-07-28: every request stands alone and says who and what it is. Tool calls take the raw
 * path after the same checks the SDK makes; everything else is the SDK's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerCallOverHttp } from './http-call.ts';
import { checkCallHeaders } from './header-checks.ts';
import type { StandardHeaders } from './header-checks.ts';
import { sendJson } from './http-answer.ts';
import type { EndpointOptions, Exchange } from './exchange.ts';
import { openModernSessions } from './modern-sessions.ts';
import { checkParamHeaders } from './param-headers.ts';
import { isRecord } from './parse-message.ts';
import { isToolCall } from './raw-call.ts';
import { errorFrame, rpc } from './rpc-errors.ts';

/** The one revision of this era. */
export const modernRevision = '2026-07-28';

type SdkHandler = (req: IncomingMessage, res: ServerResponse, parsedBody: unknown) => Promise<void>;

export interface ModernEra {
  readonly size: number;
  post(exchange: Exchange, headers: StandardHeaders, revision: string | undefined): Promise<void>;
}

/** Opens the newer era. */
export function openModernEra(options: EndpointOptions, sdk: SdkHandler): ModernEra {
  const sessions = openModernSessions(options.needs, options.inFlight);
  return {
    get size() {
      return sessions.size;
    },
    post: async (exchange, headers, revision) => {
      const { req, res, principal, body } = exchange;
      if (!isToolCall(body) || revision !== modernRevision) return sdk(req, res, body);
      const params = isRecord(body.params) ? body.params : {};
      const name = params['name'];
      const mismatch =
        typeof name === 'string'
          ? (checkCallHeaders(headers, name) ??
            checkParamHeaders(req, options.needs.catalogue().tools, params))
          : undefined;
      if (mismatch !== undefined) {
        const message = `Bad Request: the request headers and body disagree: ${mismatch}`;
        sendJson(res, 400, errorFrame(JSON.stringify(body.id), { code: rpc.headerMismatch, message }));
        return;
      }
      const findSession = () => sessions.find({ principal, revision, meta: params['_meta'] });
      await answerCallOverHttp({
        ...options,
        exchange,
        body,
        era: 'modern',
        view: options.views.forRequest(req),
        calls: sessions.calls,
        findSession,
      });
    },
  };
}
