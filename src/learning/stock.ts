/**
 * What the cases of one learner have in common, kept once: texts, terms, lines of calls, sources of arguments. All cases
 * hold what is kept here, so that nothing of it may ever change. Terms and lines are let go with the last case that has
 * them; the rest is never let go while the learner lives.
 */
import { createHeldOnce } from './held.ts';
import { areSame, Line, StockSymbol } from './line.ts';
import { createNumbered } from './numbered.ts';
import type { CallSymbol } from './symbol.ts';
import type { Source } from './sources.ts';
import { createTermNumbers, type KnownTerm, toOwn } from './term-numbers.ts';
import type { Term } from './terms.ts';

export interface Stock {
  text(this: void, text: string): string;
  terms(this: void, terms: readonly Term[]): readonly KnownTerm[];
  /** Says that somebody who was given these no longer has them; what nobody has gets lost, and its number is free. */
  release(this: void, terms: readonly KnownTerm[]): void;
  /** The line of these calls, for one more who has it. */
  line(this: void, symbols: readonly CallSymbol[]): Line;
  /** One more has a line. */
  shareLine(this: void, line: Line): Line;
  /** One less has a line. */
  releaseLine(this: void, line: Line): void;
  /** A source as a number; as itself where there are too many. */
  packSource(this: void, source: Source): number | Source;
  unpackSource(this: void, packed: number | Source): Source;
  /** The paths that a result has, likewise. */
  packPaths(this: void, paths: string): number | string;
  unpackPaths(this: void, packed: number | string): string;
}

/** How much is kept once; what comes beyond is each case's own, and learned from all the same. */
export const stockBounds = {
  /** Names of keys and principals, and what calls chose. */
  textsMax: 200_000,
  /** Calls by their name and keys, and lists of keys. */
  symbolsMax: 600_000,
  keyListsMax: 20_000,
  /** Two for each case that a learner knows. */
  linesMax: 600_000,
  /** Sources of arguments that have a number; results may have any keys. */
  sourcesMax: 200_000,
  /** Forms of results that have a number: texts of some forty paths. */
  pathsMax: 20_000,
} as const;

/** Has nothing yet. */
export function createStock(limits: Readonly<Record<keyof typeof stockBounds, number>> = stockBounds): Stock {
  const texts = new Map<string, string>();
  const numbers = createTermNumbers();
  const sources = createNumbered<Source>(limits.sourcesMax);
  const paths = createNumbered<string>(limits.pathsMax);
  const keyLists = new Map<string, readonly string[]>();
  const symbols = createHeldOnce<CallSymbol, StockSymbol>({
    words: ({ id, keys }) => [id, ...keys],
    isSame: (one, other) => areSame([one], [other]),
    keyOf: (one) => one,
    make: ({ id, tool, program, keys }) => {
      const own = toOwn(tool);
      return new StockSymbol(id === tool ? own : toOwn(id), own, text(program), toKeyList(keys));
    },
    max: limits.symbolsMax,
  });
  const lines = createHeldOnce<readonly CallSymbol[], Line>({
    words: (given) => given.flatMap(({ id, keys }) => [id, ...keys]),
    isSame: (line, given) => areSame(line.symbols, given),
    keyOf: (line) => line.symbols,
    make: (given) => new Line(given.map(symbols.take)),
    max: limits.linesMax,
  });

  function text(given: string): string {
    const found = texts.get(given);
    if (found !== undefined) return found;
    const own = toOwn(given);
    if (texts.size < limits.textsMax) texts.set(own, own);
    return own;
  }
  function toKeyList(keys: readonly string[]): readonly string[] {
    const key = JSON.stringify(keys);
    const found = keyLists.get(key);
    if (found !== undefined) return found;
    const own = keys.map(text);
    if (keyLists.size < limits.keyListsMax) keyLists.set(key, own);
    return own;
  }
  return {
    text,
    terms: numbers.take,
    release: numbers.release,
    line: lines.take,
    shareLine: lines.share,
    releaseLine(line) {
      if (lines.release(line))
        for (const symbol of line.symbols) if (symbol instanceof StockSymbol) symbols.release(symbol);
    },
    packSource: sources.pack,
    unpackSource: sources.unpack,
    packPaths: paths.pack,
    unpackPaths: paths.unpack,
  };
}
