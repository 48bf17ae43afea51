/**
 * Resources that clients of revision 2026-07-28 watch with `subscriptions/listen`. The SDK answers it and sorts updates to
 * the streams; here the upstreams are asked for those updates, once for all streams that name a resource.
 */
import { mayRead, readContextUri } from '../context-offers.ts';
import type { GatewayNeeds, Principal } from '../needs.ts';
import type { Listener } from '../offers-need.ts';
import { isRecord } from './parse-message.ts';

/** Resources that one stream may name. */
export const watchesMax = 1_000;
/** An upstream that is slow to subscribe does not hold the stream up for longer. */
const subscribeMs = 2_000;

export interface ModernWatches {
  /**
   * Watches what a listen request names; resolves, within a bounded time, with what ends it. Contexts that this
   * principal may not read are taken out of the request: streams of others may name them, too.
   */
  begin(body: Readonly<Record<string, unknown>>, principal: Principal): Promise<() => void>;
  close(): void;
}

/** Opens the register; `updated` hears of each change once. */
export function openModernWatches(
  needs: Pick<GatewayNeeds, 'contexts' | 'hearing' | 'log'>,
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
    begin: async (body, principal) => {
      const own = { ...listener, principal };
      const { contextUris, uris } = await sortUris(needs, body, principal);
      let cancel: NodeJS.Timeout | undefined;
      const bound = new Promise<void>((resolve) => {
        cancel = setTimeout(resolve, subscribeMs).unref();
      });
      const contexts = contextUris.map((uri) => needs.hearing.watch(uri, own));
      await Promise.race([Promise.all([...uris.map(watch), ...contexts]), bound]);
      clearTimeout(cancel);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        for (const uri of uris) unwatch(uri);
        needs.hearing.leave(own);
      };
    },
    close: () => needs.hearing.leave(listener),
  };
}

/** True for a request that opens a stream of changes. */
export function isListen(body: Readonly<Record<string, unknown>>): boolean {
  return body['method'] === 'subscriptions/listen' && Object.hasOwn(body, 'id');
}

/** What is watched at upstreams, and the contexts that this principal may read. */
async function sortUris(
  needs: Pick<GatewayNeeds, 'contexts'>,
  body: Readonly<Record<string, unknown>>,
  principal: Principal,
): Promise<{ readonly contextUris: readonly string[]; readonly uris: readonly string[] }> {
  const named = readUris(body);
  const isContext = (uri: string): boolean => readContextUri(uri) !== undefined;
  const readable: string[] = [];
  for (const uri of named.filter(isContext).slice(0, watchesMax)) {
    if (await mayRead(needs, uri, principal).catch(() => false)) readable.push(uri);
  }
  const { params } = body;
  const wanted = isRecord(params) ? params['notifications'] : undefined;
  const kept = named.filter((uri) => !isContext(uri) || readable.includes(uri));
  if (isRecord(wanted) && kept.length < named.length) wanted['resourceSubscriptions'] = kept;
  return { contextUris: readable, uris: named.filter((uri) => !isContext(uri)).slice(0, watchesMax) };
}

function readUris({ params }: Readonly<Record<string, unknown>>): readonly string[] {
  const wanted = isRecord(params) ? params['notifications'] : undefined;
  const uris = isRecord(wanted) ? wanted['resourceSubscriptions'] : undefined;
  return Array.isArray(uris) ? [...new Set(uris.filter((uri) => typeof uri === 'string'))] : [];
}
