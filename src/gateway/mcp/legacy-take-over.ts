/**
 * Going on with a session that another node had: the SDK's server hears the handshake again, and the client goes on
 * hearing what it wanted to hear. Nothing here asks the client for anything.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { toLogRank } from '../../../machines/words/log-levels.ts';
import type { ClientFacts, GatewayNeeds } from '../needs.ts';
import type { Seat } from './legacy-sessions.ts';
import type { Peer } from './peer.ts';

/** Makes a seat that was just taken what it was elsewhere. */
export async function takeUp(needs: GatewayNeeds, seat: Seat): Promise<Seat> {
  await hearAgain(seat);
  watchAgain(needs, seat);
  return seat;
}

/** The SDK's server hears again what the client said to another node. */
async function hearAgain({ session, channel }: Seat): Promise<void> {
  if (session.facts.revision !== '') await channel.ask(toHandshake(session.facts));
}

/** What peers wait for whose node does not know yet whose resource it is; it ends with the peer. */
const waiting = new WeakMap<Peer, { readonly uris: Set<string>; readonly stop: () => void }>();

/** The client goes on hearing what it wanted to hear; what it watches may have changed meanwhile. Nobody waits for it. */
export function watchAgain(needs: GatewayNeeds, { session, peer }: Seat): void {
  const { level, watched } = session.wishes;
  if (level !== undefined && needs.hearing.setLevel(level, peer).outcome === 'finished')
    peer.logRank = toLogRank(level);
  // Neither of the two ever rejects.
  for (const uri of watched)
    void watchOne(needs, { session, peer }, uri, () => waitForOffers(needs, { session, peer }, uri));
}

/** Lets go of what a peer that is gone still waited for. */
export function stopWaiting(peer: Peer): void {
  waiting.get(peer)?.stop();
}

type Watcher = Pick<Seat, 'session' | 'peer'>;

async function watchOne(
  { hearing, log, sessions }: GatewayNeeds,
  { session, peer }: Watcher,
  uri: string,
  refused?: () => void,
): Promise<void> {
  const outcome = await hearing.watch(uri, peer);
  const isWished = sessions.find(session.id, session.principal)?.wishes.watched.includes(uri) === true;
  if (outcome.outcome !== 'finished') {
    log.debug({ session: session.id, uri, code: outcome.code }, 'a resource is not watched any more');
    if (isWished) refused?.();
  } else if (isWished) peer.updated({ uri });
  // Its client changed its mind meanwhile, or the session ended: nobody would end this watch any more.
  else await hearing.unwatch(uri, peer);
}

/** Tries once more when other resources are offered: a node that has just begun may not know whose it is. */
function waitForOffers(needs: GatewayNeeds, watcher: Watcher, uri: string): void {
  const { peer } = watcher;
  const held = waiting.get(peer);
  if (held !== undefined) return void held.uris.add(uri);
  const uris = new Set([uri]);
  const forget = needs.offers.onChanged((kind) => {
    if (kind !== 'resources') return;
    stop();
    for (const one of uris) void watchOne(needs, watcher, one);
  });
  const stop = (): void => {
    forget();
    waiting.delete(peer);
  };
  waiting.set(peer, { uris, stop });
}

function toHandshake({ revision, client, capabilities = {} }: ClientFacts): JSONRPCMessage {
  const [name = '', version = ''] = client.split('/');
  const params = { protocolVersion: revision, capabilities, clientInfo: { name, version } };
  return { jsonrpc: '2.0', id: 'drey-handshake', method: 'initialize', params };
}
