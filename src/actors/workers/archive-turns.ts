/** Archives that are read by turns, an episode of each at a time: a long one keeps no other namespace waiting. */

/** Reads one archive; each yield is an episode. */
type Reading = AsyncGenerator<undefined, void>;

export interface ArchiveTurns {
  /** Archives that are not read to their end. */
  readonly size: number;
  /** This one is to be read, too. */
  want(namespace: string): void;
  /** Whether it is to be read, and whether that has begun. */
  has(namespace: string): boolean;
  isBegun(namespace: string): boolean;
  /** It is not to be read any more. */
  drop(namespace: string): void;
  /** Reads on until it is told to end, or nothing is left. */
  read(isOver: () => boolean): Promise<void>;
}

/** Has nothing to read yet. */
export function createArchiveTurns(begin: (namespace: string) => Reading): ArchiveTurns {
  const unread = new Map<string, Reading | undefined>();
  return {
    get size() {
      return unread.size;
    },
    want(namespace) {
      if (!unread.has(namespace)) unread.set(namespace, undefined);
    },
    has: (namespace) => unread.has(namespace),
    isBegun: (namespace) => unread.get(namespace) !== undefined,
    drop: (namespace) => void unread.delete(namespace),
    async read(isOver) {
      // Whoever had a turn goes to the end, and so comes by again.
      for (const [namespace, begun] of unread) {
        if (isOver()) return;
        const reading = begun ?? begin(namespace);
        unread.delete(namespace);
        // One that fails begins anew.
        unread.set(namespace, undefined);
        const { done } = await reading.next();
        if (done === true) unread.delete(namespace);
        else unread.set(namespace, reading);
      }
    },
  };
}
