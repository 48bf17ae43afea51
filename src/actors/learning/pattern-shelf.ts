/**
 * A node's in-memory copy of each namespace's patterns, read from the store when it is asked for and old. Whoever asks is
 * answered from the copy before while the database is away; it never fails and hardly keeps anybody waiting.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import { PatternContent } from '../../../machines/words/patterns.ts';
import {
  type MatchedPattern,
  matchPatterns,
  type Moment,
  type OfferedPattern,
} from '../../learning/learning.ts';
import type { Store, StoredPattern } from '../../store/store.ts';
import { listPatterns } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { within } from '../within.ts';

export interface PatternShelfOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxAgeMs?: number;
}

export interface PatternShelf {
  /** The patterns that fit at this moment, best first. */
  match(namespace: string, moment: Moment): Promise<readonly MatchedPattern[]>;
}

const maxAgeMsDefault = 5_000;
/** Namespaces kept; the one that was asked longest ago goes. */
const namespacesMax = 200;
/** Patterns of one namespace that may be offered: the most effective. */
const patternsMax = 200;
/** A first copy is waited for this long, and a fresh one hardly at all. */
const firstMs = 500;
const freshMs = 50;

interface Copy {
  patterns: readonly OfferedPattern[];
  readAt: number;
  reading: Promise<void> | undefined;
}

/** Opens one that knows nothing yet. */
export function openPatternShelf(options: PatternShelfOptions): PatternShelf {
  const { store, clock, log, maxAgeMs = maxAgeMsDefault } = options;
  const copies = new Map<string, Copy>();

  async function read(namespace: string, copy: Copy): Promise<void> {
    try {
      const rows = await store.inNamespace(namespace, (trx) =>
        listPatterns(trx, { limit: patternsMax, offered: true }),
      );
      copy.patterns = rows.flatMap((row) => toOffered(row) ?? []);
    } catch (error) {
      log.warn({ namespace, err: toPlainError(error) }, 'patterns are served from memory');
    }
    copy.readAt = clock.monotonic();
  }
  /** Puts a copy last, so that the first one is the one asked longest ago. */
  function keep(namespace: string): Copy {
    const copy = copies.get(namespace) ?? { patterns: [], readAt: -1, reading: undefined };
    copies.delete(namespace);
    copies.set(namespace, copy);
    const [oldest] = copies.keys();
    if (copies.size > namespacesMax && oldest !== undefined) copies.delete(oldest);
    return copy;
  }
  return {
    async match(namespace, moment) {
      const copy = keep(namespace);
      if (copy.readAt < 0 || clock.monotonic() - copy.readAt > maxAgeMs) {
        copy.reading ??= read(namespace, copy).finally(() => (copy.reading = undefined));
        // It comes for the next question; what is there is served.
        await within(copy.reading, copy.readAt < 0 ? firstMs : freshMs, clock).catch(() => undefined);
      }
      return matchPatterns(copy.patterns, moment);
    },
  };
}

/** Undefined where it has not the form in which patterns can be matched, which others' need not have. */
function toOffered(row: StoredPattern): OfferedPattern | undefined {
  const { patternId, patternType, condition, action, confidence, appliedCount, effectiveness } = row;
  const content = PatternContent.safeParse({ pattern_type: patternType, condition, action });
  return content.success
    ? { patternId, content: content.data, confidence, appliedCount, effectiveness }
    : undefined;
}
