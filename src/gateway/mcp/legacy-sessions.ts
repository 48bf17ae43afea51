/**
 * The sessions of the revisions with `Mcp-Session-Id`: opened by `initialize`, found by their header, closed by DELETE.
 * A session that this node does not hold but the house still knows is taken up again, and one that lives on another
 * node is answered there; anybody else's is not found.
 */
import { createSdkServer } from './sdk-server.ts';
import type { ChangingList } from './sdk-server.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';
import type { CallScope, InFlight } from './in-flight.ts';
import { openLegacyChannel } from './legacy-channel.ts';
import type { LegacyChannel } from './legacy-channel.ts';
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
  open(principal: Principal, revision: string, client: string, view: ToolView): Promise<Seat>;
  /** Undefined for an unknown session and for another principal's alike. */
  find(id: string, principal: Principal, view: ToolView): Promise<Seat | undefined>;
  drop(seat: Seat, reason: string): Promise<void>;
  listChanged(list: ChangingList): void;
  close(): Promise<void>;
}

/** Opens the register of legacy sessions. */
export function openLegacySessions(needs: GatewayNeeds, inFlight: InFlight): LegacySessions {
  const seats = new Map<string, Seat>();
  const shelf = openStreamShelf();

  const take = async (session: Session, view: ToolView): Promise<Seat> => {
    const channel = await openLegacyChannel(createSdkServer(needs, 'legacy', view));
    const already = seats.get(session.id);
    if (already !== undefined) return already; // taken up by a request that came at the same time
    const { principal } = session;
    const peer = createPeer({ principal, tell: (frame) => channel.tell(frame) });
    const streams = shelf.openHistory();
    const seat = { session, channel, view, calls: inFlight.openScope(), peer, streams };
    seats.set(session.id, seat);
    return seat;
  };
  const release = async (seat: Seat, reason: string) => {
    seats.delete(seat.session.id);
    seat.calls.cancelAll(reason);
    needs.hearing.leave(seat.peer);
    seat.streams.close();
    await seat.channel.close();
  };
  const sweep = async () => {
    for (const seat of [...seats.values()].slice(0, sweepCount)) {
      const { session } = seat;
      if (needs.sessions.find(session.id, session.principal) === undefined)
        await release(seat, 'the session ended');
    }
  };
  return {
    get size() {
      return seats.size;
    },
    open: async (principal, revision, client, view) => {
      await sweep();
      return take(needs.sessions.open({ principal, transport: 'http', revision, client }), view);
    },
    find: async (id, principal, view) => {
      const session = needs.sessions.find(id, principal);
      const held = seats.get(id);
      if (session === undefined) {
        if (held !== undefined && held.session.principal.id === principal.id)
          await release(held, 'the session ended');
        return undefined;
      }
      if (held === undefined) return take(session, view);
      seats.delete(id);
      // A session taken over anew is another object with the same id.
      const seat = held.session === session ? held : { ...held, session };
      seats.set(id, seat);
      return seat;
    },
    drop: async (seat, reason) => {
      await release(seat, reason);
      seat.session.close(reason);
    },
    listChanged: (list) => {
      for (const { channel, session } of seats.values()) {
        channel.listChanged(list).catch((error: unknown) => {
          needs.log.debug(
            { err: error, session: session.id, list },
            'a client could not be told that a list changed',
          );
        });
      }
    },
    close: async () => {
      await Promise.all([...seats.values()].map((seat) => release(seat, 'the gateway closed')));
    },
  };
}
