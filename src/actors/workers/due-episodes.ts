/** Episodes that wait to be learned from: ended ones at once, open ones when they are quiet or have waited long enough. Nothing leaves it unlearned. */
import type { Clock } from '../clock.ts';
import type { Touched } from './intake.ts';

export interface DueEpisode extends Touched {
  /** When it was first noticed, and when it is to be learned from. */
  readonly since: number;
  readonly at: number;
}

export interface DueEpisodes {
  readonly size: number;
  /** It changed, and is to be learned from. */
  add(one: Touched): void;
  /**
   * Those whose time has come, at most so many, one of each namespace in turn: what an import brought keeps nobody else
   * waiting. They stay until they are done.
   */
  takeRounds(max: number): readonly (readonly DueEpisode[])[];
  /** Namespaces of which something could be learned from now. */
  findReady(): ReadonlySet<string>;
  /** It was learned from; what was touched again meanwhile stays. */
  done(one: DueEpisode): void;
}

/** An episode that is never quiet is learned from after this many quiet times anyway. */
const patience = 3;

/** Holds nothing yet. */
export function createDueEpisodes({
  clock,
  quietMs,
}: {
  readonly clock: Clock;
  readonly quietMs: number;
}): DueEpisodes {
  /** By namespace and id. */
  const due = new Map<string, DueEpisode>();
  const toKey = ({ namespace, episodeId }: Touched): string => `${namespace}/${episodeId}`;
  return {
    get size() {
      return due.size;
    },
    add(one) {
      const now = clock.monotonic();
      const since = due.get(toKey(one))?.since ?? now;
      const at = one.open ? Math.min(now + quietMs, since + quietMs * patience) : now;
      due.set(toKey(one), { ...one, since, at });
    },
    takeRounds(max) {
      const now = clock.monotonic();
      const groups = new Map<string, DueEpisode[]>();
      for (const one of due.values()) {
        if (one.at > now) continue;
        const group = groups.get(one.namespace) ?? [];
        if (group.length < max) group.push(one);
        groups.set(one.namespace, group);
      }
      const rounds: (readonly DueEpisode[])[] = [];
      let left = max;
      while (left > 0) {
        const round = [...groups.values()].flatMap((group) => group[rounds.length] ?? []);
        if (round.length === 0) break;
        rounds.push(round);
        left -= round.length;
      }
      return rounds;
    },
    findReady() {
      const now = clock.monotonic();
      const ready = [...due.values()].filter(({ at }) => at <= now);
      return new Set(ready.map(({ namespace }) => namespace));
    },
    done(one) {
      if (due.get(toKey(one)) === one) due.delete(toKey(one));
    },
  };
}
