/** A client of the older era as upstreams can reach it unasked: what it watches and which logs it wants to hear. */
import type { Principal } from '../needs.ts';
import type { Listener } from '../offers-need.ts';

export interface Peer extends Listener {
  /** Writes a message that nobody asked for; false where there is no way to the client just now. */
  readonly tell: (frame: string) => boolean;
  /** The least log level it wants to hear, by its rank; undefined when it never said. */
  logRank: number | undefined;
}

/** Makes the peer of one session or connection. */
export function createPeer(principal: Principal, tell: (frame: string) => boolean): Peer {
  const notify = (method: string, params: object) => tell(JSON.stringify({ jsonrpc: '2.0', method, params }));
  return {
    who: JSON.stringify([principal.namespace, principal.id]),
    tell,
    logRank: undefined,
    updated: (params) => notify('notifications/resources/updated', params),
    logged: (params) => notify('notifications/message', params),
  };
}
