/**
 * How alike two procedures are: half set-F1 (which symbols), half longest common subsequence over the longer length
 * (in which order). Sequences are interned, so that each pair is compared once.
 */
import { bounds } from './bounds.ts';
import { createHeldOnce, Held } from './held.ts';
import { createStock, type Stock } from './stock.ts';

export type Sequence = readonly string[];

/** A sequence with a number; equal sequences of one book have one number. */
export interface Interned {
  readonly at: number;
  readonly symbols: Sequence;
  /** The symbols as one text: the tie-breaker that does not depend on the order of arrival. */
  readonly key: string;
}

export interface SequenceBook {
  /** What else cases have in common. */
  readonly stock: Stock;
  /** The sequence of these symbols, for one more who has it. */
  intern(this: void, symbols: Sequence): Interned;
  likeness(a: Interned, b: Interned): number;
  /** One less has this sequence. True where that was the last one: it is forgotten. */
  release(this: void, sequence: Interned): boolean;
}

/** Remembers sequences and how alike they are. */
export function createSequenceBook(): SequenceBook {
  const stock = createStock();
  const pairs = new Map<number, number>();
  /** Numbers are never given again: comparisons of a sequence that was forgotten may still be remembered. */
  let next = 0;
  const sequences = createHeldOnce<Sequence, Kept>({
    words: (symbols) => symbols,
    isSame: (kept, symbols) => isSame(kept.symbols, symbols),
    keyOf: ({ symbols }) => symbols,
    make: (symbols) => {
      next += 1;
      return new Kept(next, symbols);
    },
  });
  return {
    stock,
    intern: sequences.take,
    likeness(a, b) {
      if (a.at === b.at) return 1;
      const pair = Math.min(a.at, b.at) * 0x4000000 + Math.max(a.at, b.at);
      const found = pairs.get(pair);
      if (found !== undefined) return found;
      if (pairs.size >= bounds.likenessesMax) pairs.clear();
      const value = likeness(a.symbols, b.symbols);
      pairs.set(pair, value);
      return value;
    },
    release: (sequence) => sequence instanceof Kept && sequences.release(sequence),
  };
}

/** A sequence makes its key when it is asked for first, which is where two weigh the same: for some that is again and again. */
class Kept extends Held implements Interned {
  readonly at: number;
  readonly symbols: Sequence;
  #key: string | undefined;

  constructor(at: number, symbols: Sequence) {
    super();
    this.at = at;
    this.symbols = symbols;
  }

  get key(): string {
    return (this.#key ??= this.symbols.join('\n'));
  }
}

const isSame = (a: Sequence, b: Sequence) =>
  a.length === b.length && a.every((symbol, at) => symbol === b[at]);

/** 0 to 1: half set-F1, half LCS over the longer length. */
export function likeness(a: Sequence, b: Sequence): number {
  if (a.length === 0 && b.length === 0) return 1;
  if (a.length === 0 || b.length === 0) return 0;
  const shared = setF1(a, b);
  return shared === 0 ? 0 : 0.5 * shared + (0.5 * lcsLength(a, b)) / Math.max(a.length, b.length);
}

export function setF1(a: Sequence, b: Sequence): number {
  const left = new Set(a);
  const right = new Set(b);
  let both = 0;
  for (const symbol of left) if (right.has(symbol)) both += 1;
  return left.size + right.size === 0 ? 1 : (2 * both) / (left.size + right.size);
}

/** Length of the longest common subsequence. */
export function lcsLength(a: Sequence, b: Sequence): number {
  let previous = new Uint16Array(b.length + 1);
  let current = new Uint16Array(b.length + 1);
  for (const symbol of a) {
    for (let at = 1; at <= b.length; at += 1) {
      current[at] =
        symbol === b[at - 1]
          ? (previous[at - 1] ?? 0) + 1
          : Math.max(previous[at] ?? 0, current[at - 1] ?? 0);
    }
    [previous, current] = [current, previous];
  }
  return previous[b.length] ?? 0;
}
