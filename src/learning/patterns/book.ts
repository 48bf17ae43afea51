/**
 * The book of patterns: counts of facts over episodes, kept up to date as episodes come, change and go, and the patterns
 * that these counts bear out. The same episodes give the same patterns, whatever the order in which they came.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import type { LearnedPattern } from '../../../machines/words/patterns.ts';
import { hashText } from '../foresight/hashing.ts';
import { discover } from './discover.ts';
import { toFacts } from './facts.ts';

export const bookBounds = {
  /** Episodes that are counted: those with the lowest lots, as in foresight. */
  episodesMax: 4_000,
} as const;

export interface PatternBookOptions {
  readonly namespace: string;
  /** True where several principals share the namespace: one of them alone then proves nothing. */
  readonly sharedNamespace?: boolean;
}

export interface PatternBook {
  /** Counts an episode, or counts it anew. */
  learn(episode: Episode): void;
  forget(episodeId: string): void;
  /** Grows with every change. */
  readonly changes: number;
  derive(): LearnedPattern[];
}

/** How often a fact was seen, and by whom. */
export interface FactCount {
  readonly episodes: number;
  readonly principals: number;
}

interface Entry {
  readonly facts: ReadonlySet<string>;
  readonly principal: string;
  readonly lot: number;
}

/** Creates one that knows nothing. */
export function createPatternBook(options: PatternBookOptions): PatternBook {
  const entries = new Map<string, Entry>();
  const counts = new Map<string, Map<string, number>>();
  let changes = 0;

  function count({ facts, principal }: Entry, by: 1 | -1): void {
    for (const fact of facts) {
      const byPrincipal = counts.get(fact) ?? new Map<string, number>();
      counts.set(fact, byPrincipal);
      const now = (byPrincipal.get(principal) ?? 0) + by;
      if (now > 0) byPrincipal.set(principal, now);
      else byPrincipal.delete(principal);
      if (byPrincipal.size === 0) counts.delete(fact);
    }
  }
  function forget(episodeId: string): void {
    const entry = entries.get(episodeId);
    if (entry === undefined) return;
    count(entry, -1);
    entries.delete(episodeId);
    changes += 1;
  }
  /** In lots of a tenth, so that it costs little; `derive` looks at the bound exactly. */
  function drop(most: number): void {
    if (entries.size <= most) return;
    const over = [...entries].sort((a, b) => a[1].lot - b[1].lot || (a[0] < b[0] ? -1 : 1));
    for (const [id] of over.slice(bookBounds.episodesMax)) forget(id);
  }
  return {
    learn(episode) {
      forget(episode.episodeId);
      const facts = toFacts(episode);
      if (facts.size === 0) return;
      const entry = { facts, principal: episode.principal, lot: hashText(episode.episodeId) };
      entries.set(episode.episodeId, entry);
      count(entry, 1);
      changes += 1;
      drop(bookBounds.episodesMax * 1.1);
    },
    forget,
    get changes() {
      return changes;
    },
    derive() {
      drop(bookBounds.episodesMax);
      const facts = new Map<string, FactCount>();
      for (const [fact, byPrincipal] of counts) {
        let episodes = 0;
        for (const times of byPrincipal.values()) episodes += times;
        facts.set(fact, { episodes, principals: byPrincipal.size });
      }
      return discover(facts, { ...options, episodes: entries.size });
    },
  };
}
