/**
 * The sessions of the revisions with `Mcp-Session-Id`: opened by `initialize`, found by their header, closed by DELETE.
 * A session that this node does not hold but the house still knows is taken up again, and one that lives on another
 * node is answered there; anybody else's is not found.
 */
import { createSdkServer } from './sdk-server.ts';
import type { ChangingList } from './sdk-server.ts';
import type { ClientFacts, GatewayNeeds, Principal, Session } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';
import type { CallScope, InFlight } from './in-flight.ts';
import { openLegacyChannel } from './legacy-channel.ts';
import type { LegacyChannel } from './legacy-channel.ts';
import { stopWaiting, takeUp, watchAgain } from './legacy-take-over.ts';
import { createPeer } from './peer.ts';
import type { Peer } from './peer.ts';
import { openStreamShelf } from './stream-history.ts';
import type { StreamHistory } from './stream-history.ts';

/** Seats looked at on each opening, oldest use first, to let go of those whose session has ended. */
const sweepCount = 8;

/** What this node holds of one session. */
export interface Seat {
  readonly session: Session;
  readonly channel: LegacyChannel;
  /** What the client chose when it began. */
  readonly view: ToolView;
  readonly calls: CallScope;
  /** The client, as upstreams can reach it unasked. */
  readonly peer: Peer;
  readonly streams: StreamHistory;
}

export interface LegacySessions {
  readonly size: number;
  open(principal: Principal, client: ClientFacts, view: ToolView): Promise<Seat>;
  /** Undefined for an unknown session and for another principal's alike. */
  find(id: string, principal: Principal, view: ToolView): Promise<Seat | undefined>;
  drop(seat: Seat, reason: string): Promise<void>;
  listChanged(list: ChangingList): void;
  close(): Promise<void>;
}

/** Opens the register of legacy sessions. */
export function openLegacySessions(needs: GatewayNeeds, inFlight: InFlight): LegacySessions {
  const seats = new Map<string, Seat>();
  const going = new Map<string, Promise<Seat>>();
  const shelf = openStreamShelf();
  const take = async (session: Session, view: ToolView): Promise<Seat> => {
    const channel = await openLegacyChannel(createSdkServer(needs, 'legacy', view));
    const already = seats.get(session.id);
    if (already !== undefined) return already; // taken up by a request that came at the same time
    const peer = createSeatPeer(session, channel, () => seats.get(session.id)?.session);
    const calls = inFlight.openScope();
    const seat = { session, channel, view, calls, peer, streams: shelf.openHistory() };
    seats.set(session.id, seat);
    return seat;
  };
  const goOn = (session: Session, view: ToolView): Promise<Seat> => {
    // Requests that come at the same time go on with it once.
    const seat =
      going.get(session.id) ??
      take(session, view)
        .then((taken) => takeUp(needs, taken))
        .finally(() => going.delete(session.id));
    going.set(session.id, seat);
    return seat;
  };
  const release = (seat: Seat, reason: string): Promise<void> => {
    seats.delete(seat.session.id);
    return vacate(needs, seat, reason);
  };
  const sweep = async () => {
    const looked = [...seats.values()].slice(0, sweepCount);
    for (const seat of looked.filter(({ session }) => isOver(needs, session)))
      await release(seat, 'the session ended');
  };
  return {
    get size() {
      return seats.size;
    },
    open: async (principal, client, view) => {
      await sweep();
      return take(needs.sessions.open({ principal, transport: 'http', isMovable: true, ...client }), view);
    },
    find: async (id, principal, view) => {
      const session = needs.sessions.find(id, principal);
      const held = seats.get(id);
      if (session === undefined) {
        if (held !== undefined && held.session.principal.id === principal.id)
          await release(held, 'the session ended');
        return undefined;
      }
      if (held === undefined || going.has(id)) return goOn(session, view);
      seats.delete(id);
      // A session taken over anew is another object with the same id.
      const seat = held.session === session ? held : { ...held, session };
      seats.set(id, seat);
      if (seat !== held) watchAgain(needs, seat);
      return seat;
    },
    drop: async (seat, reason) => {
      await release(seat, reason);
      seat.session.close(reason);
    },
    listChanged: (list) => {
      for (const seat of seats.values()) tellListChanged(needs, seat, list);
    },
    close: async () => {
      await Promise.all([...seats.values()].map((seat) => release(seat, 'the gateway closed')));
    },
  };
}

async function vacate({ hearing }: GatewayNeeds, seat: Seat, reason: string): Promise<void> {
  seat.calls.cancelAll(reason);
  stopWaiting(seat.peer);
  hearing.leave(seat.peer);
  seat.streams.close();
  await seat.channel.close();
}

function isOver({ sessions }: GatewayNeeds, { id, principal }: Session): boolean {
  return sessions.find(id, principal) === undefined;
}

function tellListChanged({ log }: GatewayNeeds, { channel, session }: Seat, list: ChangingList): void {
  channel.listChanged(list).catch((error: unknown) => {
    log.debug({ err: error, session: session.id, list }, 'a client could not be told that a list changed');
  });
}

/** The client of a session, told on the session's own stream; `current` is the session as it is by now. */
function createSeatPeer(
  { principal, facts }: Session,
  channel: LegacyChannel,
  current: () => Session | undefined,
): Peer {
  const peer = createPeer({
    principal,
    tell: (frame) => channel.tell(frame),
    updated: (params) => channel.owe(toUpdate(params), toUpdate({ uri: params['uri'] })),
    wish: (change) => current()?.wish(change),
  });
  peer.capabilities = facts.capabilities;
  return peer;
}

function toUpdate(params: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params });
}
