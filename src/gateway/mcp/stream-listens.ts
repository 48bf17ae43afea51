/** Resources that the client of one byte stream watches in the way of 2026-07-28, and when it does not any more. */
import type { GatewayNeeds, Principal } from '../needs.ts';
import { isListen, openModernWatches } from './modern-watches.ts';
import { isRecord } from './parse-message.ts';

/** Streams of changes on one connection; the SDK refuses more as well. */
export const listensMax = 1_024;

export interface StreamListens {
  /** Looks at a message on its way to the SDK. */
  see(body: unknown): void;
  close(): void;
}

/** Opens the register of one connection. */
export function openStreamListens(
  needs: GatewayNeeds,
  principal: Principal,
  updated: (uri: string) => void,
): StreamListens {
  const listens = new Map<unknown, Promise<() => void>>();
  const watches = openModernWatches(needs, updated);
  return {
    see: (body) => {
      if (isRecord(body) && isListen(body) && listens.size < listensMax && !listens.has(body['id'])) {
        // The SDK answers meanwhile: what changes in between counts as before.
        listens.set(body['id'], watches.begin(body, principal));
      }
      if (!isCancellation(body)) return;
      const { requestId } = body.params;
      // Also where it is still being begun.
      void listens.get(requestId)?.then((end) => end());
      listens.delete(requestId);
    },
    close: () => watches.close(),
  };
}

/** True for a message that cancels a request. */
export function isCancellation(body: unknown): body is { params: { requestId: string | number } } {
  if (!isRecord(body) || body['method'] !== 'notifications/cancelled' || !isRecord(body['params']))
    return false;
  const id = body['params']['requestId'];
  return typeof id === 'string' || typeof id === 'number';
}
