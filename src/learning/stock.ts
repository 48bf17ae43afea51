/**
 * What the cases of one learner have in common, kept once: texts, terms, lines of calls, sources of arguments. All cases
 * hold what is kept here, so that nothing of it may ever change or be let go while the learner lives. Terms alone are let go,
 * with the last case that has them, and their numbers given to others: there are as many as the words of the cases.
 */
import { createNumbered } from './numbered.ts';
import type { CallSymbol } from './symbol.ts';
import type { Source } from './sources.ts';
import { squeeze } from './squeeze.ts';
import { createTermNumbers, type KnownTerm, toOwn } from './term-numbers.ts';
import type { Term } from './terms.ts';

/** What was called, in order, without its values; equal lines of one learner are one. */
export interface Line {
  readonly symbols: readonly CallSymbol[];
  readonly tools: readonly string[];
  /** The places that count: those of the sequence. */
  readonly places: readonly number[];
}

export interface Stock {
  text(this: void, text: string): string;
  terms(this: void, terms: readonly Term[]): readonly KnownTerm[];
  /** Says that somebody who was given these no longer has them; what nobody has gets lost, and its number is free. */
  release(this: void, terms: readonly KnownTerm[]): void;
  line(this: void, symbols: readonly CallSymbol[]): Line;
  /** A source as a number; as itself where there are too many. */
  packSource(this: void, source: Source): number | Source;
  unpackSource(this: void, packed: number | Source): Source;
  /** The paths that a result has, likewise. */
  packPaths(this: void, paths: string): number | string;
  unpackPaths(this: void, packed: number | string): string;
}

/** How much is kept once; what comes beyond is each case's own, and learned from all the same. */
export const stockBounds = {
  /** Names of tools, keys and principals. */
  textsMax: 200_000,
  symbolsMax: 100_000,
  /** An open episode leaves one for each of its lengths. */
  linesMax: 300_000,
  /** Sources of arguments that have a number; results may have any keys. */
  sourcesMax: 200_000,
  /** Forms of results that have a number: texts of some forty paths. */
  pathsMax: 20_000,
} as const;

/** Has nothing yet. */
export function createStock(limits: Readonly<Record<keyof typeof stockBounds, number>> = stockBounds): Stock {
  const texts = new Map<string, string>();
  const numbers = createTermNumbers();
  const symbols = new Map<string, { readonly at: number; readonly symbol: CallSymbol }>();
  const lines = new Map<string, Line>();
  const sources = createNumbered<Source>(limits.sourcesMax);
  const paths = createNumbered<string>(limits.pathsMax);

  function text(given: string): string {
    const found = texts.get(given);
    if (found !== undefined) return found;
    const own = toOwn(given);
    if (texts.size < limits.textsMax) texts.set(own, own);
    return own;
  }
  function toNumbered(symbol: CallSymbol) {
    const key = JSON.stringify([symbol.tool, symbol.program, symbol.keys]);
    const found = symbols.get(key);
    if (found !== undefined) return found;
    const { id, tool, program, keys } = symbol;
    const own = { id: text(id), tool: text(tool), program: text(program), keys: keys.map(text) };
    if (symbols.size >= limits.symbolsMax) return { at: undefined, symbol: own };
    const made = { at: symbols.size, symbol: own };
    symbols.set(key, made);
    return made;
  }
  return {
    text,
    terms: numbers.take,
    release: numbers.release,
    line(given) {
      const numbered = given.map(toNumbered);
      // What has no number leaves a gap, and no line that is kept has one.
      const key = numbered.map(({ at }) => at ?? '-').join(' ');
      const found = lines.get(key);
      if (found !== undefined) return found;
      const own = numbered.map(({ symbol }) => symbol);
      const made = {
        symbols: own,
        tools: own.map(({ tool }) => tool),
        places: squeeze(own.map(({ id }) => id)),
      };
      if (lines.size < limits.linesMax && numbered.every(({ at }) => at !== undefined)) lines.set(key, made);
      return made;
    },
    packSource: sources.pack,
    unpackSource: sources.unpack,
    packPaths: paths.pack,
    unpackPaths: paths.unpack,
  };
}
