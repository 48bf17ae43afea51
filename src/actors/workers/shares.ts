/**
 * Which namespaces are this learner's: as many as are its share of all there are, each by a turn that no other learner has
 * meanwhile. It knows nothing of learning; whoever loses a namespace must have ended all work on it.
 */
import type { TurnSource } from './turn-source.ts';
import type { Turns } from '../../store/store.ts';

export interface Shares {
  /** Learners that share the work, this one among them, when it was last looked. */
  readonly learners: number;
  has(namespace: string): boolean;
  /** Takes it, its share or not, where nobody has it; false where another learner does. */
  take(namespace: string): Promise<boolean>;
  /** Takes of these what is free up to its share; gives back what is more than that, as far as it may go. */
  balance(all: readonly string[], mayGo: (namespace: string) => boolean): Promise<Balance>;
  /** Gives all back. */
  stop(): Promise<void>;
}

/** What a look at the shares changed. */
export interface Balance {
  readonly taken: readonly string[];
  readonly given: readonly string[];
  /** The connection that held them broke since the last look: nothing of before is this learner's any more. */
  readonly isLost: boolean;
}

const sharers = 'learners';
const toTurn = (namespace: string): string => `learning of ${namespace}`;

/** Has none yet. */
export function createShares(source: Pick<TurnSource, 'turns'>): Shares {
  let turns: Turns | undefined;
  /** In the order they came. */
  let mine = new Set<string>();
  let learners = 1;
  let isLost = false;

  async function use(): Promise<Turns> {
    const now = await source.turns();
    if (now === turns) return now;
    turns = now;
    mine = new Set();
    void watch(now);
    return now;
  }
  async function watch(now: Turns): Promise<void> {
    await now.lost;
    if (turns !== now) return;
    turns = undefined;
    mine = new Set();
    isLost = true;
  }
  /** At most so many, so that none is taken only to be given back. */
  async function takeFrom(some: readonly string[], most: number): Promise<readonly string[]> {
    const now = await use();
    const taken = new Set(await now.take(some.map(toTurn), most));
    const got = some.filter((namespace) => taken.has(toTurn(namespace)));
    if (turns !== now) return [];
    for (const namespace of got) mine.add(namespace);
    return got;
  }
  /** What is more than the share, and what is no more: that would stand in the place of something that nobody has. */
  function findSurplus(
    all: ReadonlySet<string>,
    share: number,
    mayGo: (namespace: string) => boolean,
  ): ReadonlySet<string> {
    const loose = [...mine].filter(mayGo);
    const gone = loose.filter((namespace) => !all.has(namespace));
    const there = loose.filter((namespace) => all.has(namespace));
    return new Set([...gone, ...there.slice(0, Math.max(0, mine.size - gone.length - share))]);
  }
  return {
    get learners() {
      return learners;
    },
    has: (namespace) => mine.has(namespace),
    take: async (namespace) => mine.has(namespace) || (await takeFrom([namespace], 1)).length > 0,
    async balance(all, mayGo) {
      const now = await use();
      const wasLost = isLost;
      isLost = false;
      learners = await now.join(sharers);
      const share = Math.ceil(all.length / learners);
      const given = findSurplus(new Set(all), share, mayGo);
      for (const namespace of given) mine.delete(namespace);
      await now.giveBack([...given].map(toTurn));
      const free = all.filter((namespace) => !mine.has(namespace) && !given.has(namespace));
      const taken = await takeFrom(free, share - mine.size);
      return { taken, given: [...given], isLost: wasLost };
    },
    async stop() {
      const last = turns;
      turns = undefined;
      const names = [...mine].map(toTurn);
      mine = new Set();
      await last?.giveBack(names).catch(() => undefined);
    },
  };
}
