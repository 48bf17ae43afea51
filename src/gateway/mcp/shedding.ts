/**
 * How much one node takes on at a time: MCP requests under way, and the bytes of their bodies. Whoever comes on top is
 * sent away at once with a hint when to come back; nobody waits in line here. How many requests that is follows from how
 * late the node is: a burst is worked off, but where lateness stays the count is taken down until it goes.
 */
import { limits } from '../../../machines/words/limits.ts';

/** What one request holds. */
export interface Place {
  /** Room for more bytes of its body; false when there is none. */
  take(bytes: number): boolean;
  /** Gives everything back; to be called once. */
  leave(): void;
}

export interface Shedding {
  /** A place; undefined when all are taken. */
  enter(): Place | undefined;
  /** Requests that may be under way just now, and how many were sent away so far. */
  readonly figures: { readonly ceiling: number; readonly sentAway: number };
}

export interface SheddingOptions {
  readonly requestsMax?: number;
  readonly bytesMax?: number;
  /** How long whoever comes has had to wait for the process for a while, in milliseconds; without it only the counts decide. */
  readonly lateness?: (() => number) | undefined;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

/** Lateness that does not go away is too much from here on. */
export const latenessMsMax = 50;
/** However late the node is, this many requests are let in: some must come through to see it get better. */
export const ceilingMin = 128;
const adaptMs = 250;
/** Down in a few steps, up in small ones, as congestion control does it (Chiu and Jain 1989). */
const shrinkTo = 0.85;
const growBy = 1.1;

/** Opens the count; the maxima are for tests. */
export function openShedding(options: SheddingOptions = {}): Shedding {
  const { requestsMax = limits.requestsMax, bytesMax = limits.bodiesBytesMax, lateness, now } = options;
  let requests = 0;
  let bytes = 0;
  let ceiling = requestsMax;
  let adaptedAt = 0;
  let sentAway = 0;
  const adapt = (): void => {
    if (lateness === undefined || now === undefined) return;
    const at = now();
    if (at - adaptedAt < adaptMs) return;
    adaptedAt = at;
    ceiling =
      lateness() > latenessMsMax
        ? Math.max(Math.min(ceilingMin, requestsMax), Math.floor(Math.min(ceiling, requests) * shrinkTo))
        : Math.min(requestsMax, Math.ceil(ceiling * growBy));
  };
  return {
    get figures() {
      return { ceiling, sentAway };
    },
    enter: () => {
      adapt();
      if (requests >= ceiling) {
        sentAway += 1;
        return undefined;
      }
      requests += 1;
      let own = 0;
      return {
        take: (more) => {
          if (bytes + more > bytesMax) return false;
          bytes += more;
          own += more;
          return true;
        },
        leave: () => {
          requests -= 1;
          bytes -= own;
          own = 0;
        },
      };
    },
  };
}
