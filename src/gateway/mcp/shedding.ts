/**
 * How much one node takes on at a time: MCP requests under way, and the bytes of their bodies. Whoever comes on top is
 * sent away at once with a hint when to come back; nobody waits in line here.
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
}

/** Opens the count; the maxima are for tests. */
export function openShedding(
  requestsMax: number = limits.requestsMax,
  bytesMax: number = limits.bodiesBytesMax,
): Shedding {
  let requests = 0;
  let bytes = 0;
  return {
    enter: () => {
      if (requests >= requestsMax) return undefined;
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
