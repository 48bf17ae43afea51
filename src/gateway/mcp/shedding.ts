/**
 * How much one node takes on: MCP messages under way, the bytes of their bodies, and how long who comes must wait for a
 * turn. Whoever asks for too much is sent away with a hint when to come back; a burst is worked off. Answers and
 * cancellations are let through: they belong to calls that were taken on.
 */
import { limits } from '../../../machines/words/limits.ts';
import { openOverload } from './overload.ts';
import { loopTurns, openTurns } from './turns.ts';
import type { TurnsOptions } from './turns.ts';

/** What one message holds. */
export interface Place {
  /** Too much is under way, or it has waited too long: if it asks for something new it is to be sent away. */
  readonly isTooMuch: boolean;
  /** Counts it as sent away. */
  sendAway(): void;
  /** Room for more bytes of its body; false when there is none. */
  take(bytes: number): boolean;
  /** Gives everything back; to be called once. */
  leave(): void;
}

export interface Shedding {
  /** A place, at once or when it is the message's turn; undefined when there is none. */
  enter(): Place | undefined | Promise<Place>;
  /** Somebody has connected: others may be waiting at the door. */
  connected(): void;
  /** Requests under way, those of them that wait for their turn, and how many were sent away so far. */
  readonly figures: { readonly underWay: number; readonly waiting: number; readonly sentAway: number };
}

export interface SheddingOptions {
  readonly requestsMax?: number;
  readonly bytesMax?: number;
  /** The event loop's turns; a test has its own. */
  readonly turns?: TurnsOptions;
}

/** In overload no request that has waited longer than this is served, */
export const waitMsMax = 100;
/** unless so few wait that it is soon over: twenty agents on a slow laptop are better served late than refused. */
export const waitingMin = 64;
/** Messages on top of all places, for the answers and cancellations that make places free. */
export const reserve = 64;

/** Opens the count; the maxima are for tests. */
export function openShedding(options: SheddingOptions = {}): Shedding {
  const { requestsMax = limits.requestsMax, bytesMax = limits.bodiesBytesMax, turns = loopTurns } = options;
  const line = openTurns(turns);
  let underWay = 0;
  let bytes = 0;
  const overload = openOverload(turns.now);
  let sentAway = 0;
  const toPlace = (isTooMuch: boolean): Place => {
    let own = 0;
    return {
      isTooMuch,
      sendAway: () => {
        sentAway += 1;
      },
      take: (more) => {
        if (bytes + more > bytesMax) return false;
        bytes += more;
        own += more;
        return true;
      },
      leave: () => {
        underWay -= 1;
        bytes -= own;
        own = 0;
      },
    };
  };
  const isTooLate = (waitedMs: number): boolean => {
    overload.note(waitedMs);
    return overload.isOn && waitedMs > waitMsMax && line.waiting >= waitingMin;
  };
  return {
    get figures() {
      return { underWay, waiting: line.waiting, sentAway };
    },
    connected: () => line.connected(),
    enter: () => {
      if (underWay >= requestsMax + reserve) {
        sentAway += 1;
        return undefined;
      }
      const isOnTop = underWay >= requestsMax;
      underWay += 1;
      const turn = line.take();
      if (turn !== undefined) return turn.then((waitedMs) => toPlace(isTooLate(waitedMs) || isOnTop));
      overload.note(0);
      return toPlace(isOnTop);
    },
  };
}
