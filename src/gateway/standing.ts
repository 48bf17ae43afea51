/**
 * Connections that stay: event streams and upgraded ones. Who opened one is admitted again every moment, as each request
 * of others is, so that a key that was revoked or a token that has expired keeps nothing open.
 */
import type { IncomingMessage } from 'node:http';
import { toAdmission } from './admission.ts';
import type { GatewayNeeds } from './needs.ts';

/** With the time that a key is remembered for it stays below the five seconds that a revocation may take. */
export const lookAgainMs = 1_000;

export interface Standing {
  /** Watches a connection until it is told that it ended; `end` ends it from here. */
  watch(req: IncomingMessage, end: () => void): () => void;
  close(): void;
}

interface Held {
  readonly req: IncomingMessage;
  readonly end: () => void;
  isAsked: boolean;
}

/** Opens the watch. */
export function openStanding(needs: Pick<GatewayNeeds, 'admit' | 'log'>): Standing {
  const held = new Set<Held>();
  let timer: NodeJS.Timeout | undefined;
  const ask = async (one: Held) => {
    one.isAsked = true;
    try {
      const admission = await needs.admit(toAdmission(one.req));
      // Who cannot be told now may stay: only a refusal of this caller ends what it has open.
      const isRefused = !admission.ok && (admission.status === 401 || admission.status === 403);
      if (isRefused && held.delete(one)) one.end();
    } catch (error) {
      needs.log.warn({ err: error }, 'who holds a connection open could not be admitted again');
    } finally {
      one.isAsked = false;
    }
  };
  const look = () => {
    for (const one of held) if (!one.isAsked) void ask(one);
    if (held.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    watch: (req, end) => {
      // Without a key it is the node's own user; a ticket of another node is good for this one request.
      if (!/^bearer /i.test(req.headers.authorization ?? '')) return () => undefined;
      const one = { req, end, isAsked: false };
      held.add(one);
      timer ??= setInterval(look, lookAgainMs).unref();
      return () => void held.delete(one);
    },
    close: () => {
      clearInterval(timer);
      held.clear();
    },
  };
}
