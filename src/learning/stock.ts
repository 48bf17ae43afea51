/**
 * What the cases of one learner have in common, kept once: texts, terms, lines of calls, sources of arguments. All cases
 * hold what is kept here, so that nothing of it may ever change or be let go while the learner lives. Only the numbers of
 * terms have no maximum of their own: they are as many as the words of the cases.
 */
import type { CallSymbol } from './symbol.ts';
import type { Source } from './sources.ts';
import { squeeze } from './squeeze.ts';
import type { Term } from './terms.ts';

/** A term with its number; equal terms of one learner have one number, whatever they weigh. */
export interface KnownTerm extends Term {
  readonly at: number;
}

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
  line(this: void, symbols: readonly CallSymbol[]): Line;
  /** A source as a number; as itself where there are too many. */
  packSource(this: void, source: Source): number | Source;
  unpackSource(this: void, packed: number | Source): Source;
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
} as const;

/** Has nothing yet. */
export function createStock(limits: Readonly<Record<keyof typeof stockBounds, number>> = stockBounds): Stock {
  const texts = new Map<string, string>();
  const numbers = new Map<string, number>();
  const terms = new Map<string, KnownTerm>();
  const symbols = new Map<string, { readonly at: number; readonly symbol: CallSymbol }>();
  const lines = new Map<string, Line>();
  const sources: Source[] = [];
  const sourceNumbers = new Map<string, number>();

  function toKnown({ term, weight }: Term): KnownTerm {
    const key = `${weight} ${term}`;
    const found = terms.get(key);
    if (found !== undefined) return found;
    const own = toOwn(term);
    const at = numbers.get(own) ?? numbers.size;
    numbers.set(own, at);
    const made = { at, term: own, weight };
    terms.set(toOwn(key), made);
    return made;
  }
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
    terms: (given) => given.map(toKnown),
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
    packSource(source) {
      const key = JSON.stringify(source);
      const found = sourceNumbers.get(key);
      if (found !== undefined) return found;
      if (sources.length >= limits.sourcesMax) return source;
      sourceNumbers.set(key, sources.length);
      // What is read back is the source without what its texts were cut out of.
      return sources.push(JSON.parse(key) as Source) - 1;
    },
    unpackSource(packed) {
      const found = typeof packed === 'number' ? sources[packed] : packed;
      if (found === undefined) throw new RangeError('this source was never packed');
      return found;
    },
  };
}

/** A text of its own: a part of another one would keep that one alive. */
function toOwn(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
