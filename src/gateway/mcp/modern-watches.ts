/**
 * Resources that clients of revision 2026-07-28 watch with `subscriptions/listen`. The SDK answers it and sorts updates to
 * the streams; here the upstreams are asked for those updates, once for all streams that name a resource.
 */
import type { GatewayNeeds } from '../needs.ts';
import type { Listener } from '../offers-need.ts';
import { isRecord } from './parse-message.ts';

/** Resources that one stream may name. */
export const watchesMax = 1_000;
/** An upstream that is slow to subscribe does not hold the stream up for longer. */
const subscribeMs = 2_000;

export interface ModernWatches {
  /** Watches what a listen request names; resolves, within a bounded time, with what ends it. */
  begin(body: Readonly<Record<string, unknown>>): Promise<() => void>;
  close(): void;
}

/** Opens the register; `updated` hears of each change once. */
export function openModernWatches(
  needs: Pick<GatewayNeeds, 'hearing' | 'log'>,
  updated: (uri: string) => void,
): ModernWatches {
  const counts = new Map<string, number>();
  const listener: Listener = {
    who: 'listen',
    updated: ({ uri }) => updated(String(uri)),
    logged: () => undefined,
  };
  const watch = async (uri: string) => {
    counts.set(uri, (counts.get(uri) ?? 0) + 1);
    if (counts.get(uri) !== 1) return;
    const outcome = await needs.hearing.watch(uri, listener);
    if (outcome.outcome !== 'finished')
      needs.log.debug({ uri, code: outcome.code }, 'a resource that a client wants to watch is not watched');
  };
  const unwatch = (uri: string) => {
    const left = (counts.get(uri) ?? 1) - 1;
    counts.set(uri, left);
    if (left > 0) return;
    counts.delete(uri);
    // Nobody waits for it, and it never rejects.
    void needs.hearing.unwatch(uri, listener);
  };
  return {
    begin: async (body) => {
      const uris = readUris(body).slice(0, watchesMax);
      let cancel: NodeJS.Timeout | undefined;
      const bound = new Promise<void>((resolve) => {
        cancel = setTimeout(resolve, subscribeMs).unref();
      });
      await Promise.race([Promise.all(uris.map(watch)), bound]);
      clearTimeout(cancel);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        for (const uri of uris) unwatch(uri);
      };
    },
    close: () => needs.hearing.leave(listener),
  };
}

/** True for a request that opens a stream of changes. */
export function isListen(body: Readonly<Record<string, unknown>>): boolean {
  return body['method'] === 'subscriptions/listen' && Object.hasOwn(body, 'id');
}

function readUris({ params }: Readonly<Record<string, unknown>>): readonly string[] {
  const wanted = isRecord(params) ? params['notifications'] : undefined;
  const uris = isRecord(wanted) ? wanted['resourceSubscriptions'] : undefined;
  return Array.isArray(uris) ? [...new Set(uris.filter((uri) => typeof uri === 'string'))] : [];
}
