/**
 * The sessions of the revisions with `Mcp-Session-Id`: opened by `initialize`, found by their header, closed by DELETE.
 * A session that this node does not hold but the house still knows is taken up again; anybody else's is not found.
 */
import { createSdkServer } from './sdk-server.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import type { CallScope, InFlight } from './in-flight.ts';
import { openLegacyChannel } from './legacy-channel.ts';
import type { LegacyChannel } from './legacy-channel.ts';
import { openStreamShelf } from './stream-history.ts';
import type { StreamHistory } from './stream-history.ts';

/** Seats looked at on each opening, oldest use first, to let go of those whose session has ended. */
const sweepCount = 8;

/** What this node holds of one session. */
export interface Seat {
  readonly session: Session;
  readonly channel: LegacyChannel;
  readonly calls: CallScope;
  readonly streams: StreamHistory;
}

export interface LegacySessions {
  readonly size: number;
  open(principal: Principal, revision: string, client: string): Promise<Seat>;
  /** Undefined for an unknown session and for another principal's alike. */
  find(id: string, principal: Principal): Promise<Seat | undefined>;
  drop(seat: Seat, reason: string): Promise<void>;
  toolsChanged(): void;
  close(): Promise<void>;
}

/** Opens the register of legacy sessions. */
export function openLegacySessions(needs: GatewayNeeds, inFlight: InFlight): LegacySessions {
  const seats = new Map<string, Seat>();
  const shelf = openStreamShelf();

  const take = async (session: Session): Promise<Seat> => {
    const channel = await openLegacyChannel(createSdkServer(needs, 'legacy'));
    const already = seats.get(session.id);
    if (already !== undefined) return already; // taken up by a request that came at the same time
    const seat = { session, channel, calls: inFlight.openScope(), streams: shelf.openHistory() };
    seats.set(session.id, seat);
    return seat;
  };
  const release = async (seat: Seat, reason: string) => {
    seats.delete(seat.session.id);
    seat.calls.cancelAll(reason);
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
    open: async (principal, revision, client) => {
      await sweep();
      return take(needs.sessions.open({ principal, transport: 'http', revision, client }));
    },
    find: async (id, principal) => {
      const session = needs.sessions.find(id, principal);
      const held = seats.get(id);
      if (session === undefined) {
        if (held !== undefined && held.session.principal.id === principal.id)
          await release(held, 'the session ended');
        return undefined;
      }
      if (held === undefined) return take(session);
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
    toolsChanged: () => {
      for (const { channel, session } of seats.values()) {
        channel.toolsChanged().catch((error: unknown) => {
          needs.log.debug(
            { err: error, session: session.id },
            'a client could not be told that the tools changed',
          );
        });
      }
    },
    close: async () => {
      await Promise.all([...seats.values()].map((seat) => release(seat, 'the gateway closed')));
    },
  };
}
