/**
 * The line in which requests wait for their turn: in each turn of the event loop only a few milliseconds of new work
 * begin. The loop takes one waiting connection a turn (libuv since 1.45), so turns full of work would keep whoever
 * connects outside for seconds while everybody inside is served. It never changes the order in which requests came.
 */

/** A few milliseconds: a hundred turns a second stay possible, and what a turn itself costs is lost in it. */
export const sliceMs = 4;

/** So many connections are let in before the next request's turn where they keep coming, and no longer than so many milliseconds. */
export const connectionsMax = 16;
const connectionsMs = 8;

export interface Turns {
  /** Somebody has connected; as the loop lets in one a turn, others may be waiting behind. */
  connected(): void;
  /** Undefined when the caller may begin at once; else resolves when it may, with the milliseconds it has waited. */
  take(): Promise<number> | undefined;
  readonly waiting: number;
}

export interface TurnsOptions {
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** Runs it in the loop's next turn. */
  readonly later: (run: () => void) => void;
  /** Runs it in this turn, when all that follows at once from the present step is done. */
  readonly soon: (run: () => void) => void;
}

/** The event loop's own turns. */
export const loopTurns: TurnsOptions = {
  now: () => performance.now(),
  later: (run) => void setImmediate(run),
  // A tick alone would come before the promises that the present step has settled.
  soon: (run) => queueMicrotask(() => process.nextTick(run)),
};

/** Opens a line; whoever takes a turn counts how many wait, the line itself has no maximum. */
export function openTurns({ now, later, soon }: TurnsOptions): Turns {
  const line: (() => void)[] = [];
  let begunAt: number | undefined;
  /** Somebody came in through the turn that ends. */
  let hasConnected = false;
  let letIn = 0;
  /** When the last turn with work in it was over. */
  let endedAt = 0;
  const hasTime = (): boolean => {
    if (begunAt === undefined) {
      begunAt = now();
      later(beginTurn);
    }
    return now() - begunAt < sliceMs;
  };
  const serve = (): void => {
    line.shift()?.();
    if (line.length > 0) soon(goOn);
  };
  const goOn = (): void => {
    if (line.length > 0 && hasTime()) serve();
  };
  const beginTurn = (): void => {
    if (letIn === 0) endedAt = now();
    if (hasConnected && letIn < connectionsMax && now() - endedAt < connectionsMs) {
      // A turn without work, for the next at the door.
      hasConnected = false;
      letIn += 1;
      later(beginTurn);
      return;
    }
    letIn = 0;
    hasConnected = false;
    begunAt = undefined;
    // Somebody begins in every turn, however long the others before took.
    if (line.length > 0 && hasTime()) serve();
  };
  return {
    connected: () => {
      hasConnected = true;
    },
    take: () => {
      const hasRoom = hasTime();
      if (line.length === 0 && hasRoom) return undefined;
      const cameAt = now();
      return new Promise((resolve) => line.push(() => resolve(now() - cameAt)));
    },
    get waiting() {
      return line.length;
    },
  };
}
