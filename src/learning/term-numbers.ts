/**
 * Terms with numbers, so that whoever counts them needs no texts. A number stands for one term as long as any case has it;
 * then both are let go and the number is given to another one, so that there are as many as the words of the cases known.
 */
import type { Term } from './terms.ts';

/** A term with its number; equal terms of one learner have one number, whatever they weigh. */
export interface KnownTerm extends Term {
  readonly at: number;
}

export interface TermNumbers {
  /** The terms with their numbers, which are theirs until they are released. */
  take(this: void, terms: readonly Term[]): readonly KnownTerm[];
  release(this: void, terms: readonly KnownTerm[]): void;
}

/** What a term weighs for whoever took it first, how often it was taken, and what else it weighs for others. */
interface Word extends KnownTerm {
  uses: number;
  others: readonly KnownTerm[];
}

const none: readonly KnownTerm[] = [];

/** Has given no number yet. */
export function createTermNumbers(): TermNumbers {
  const words = new Map<string, Word>();
  /** Numbers that were given and that no term has. */
  const free: number[] = [];

  function begin(given: string, weight: number): Word {
    const term = toOwn(given);
    const word = { at: free.pop() ?? words.size, term, weight, uses: 0, others: none };
    words.set(term, word);
    return word;
  }
  function takeOne({ term, weight }: Term): KnownTerm {
    const word = words.get(term) ?? begin(term, weight);
    word.uses += 1;
    if (word.weight === weight) return word;
    const found = word.others.find((each) => each.weight === weight);
    if (found !== undefined) return found;
    const made = { at: word.at, term: word.term, weight };
    word.others = [...word.others, made];
    return made;
  }
  function release({ term }: KnownTerm): void {
    const word = words.get(term);
    if (word === undefined) return;
    word.uses -= 1;
    if (word.uses > 0) return;
    words.delete(term);
    free.push(word.at);
  }
  return {
    take: (terms) => terms.map(takeOne),
    release: (terms) => terms.forEach(release),
  };
}

/** A text of its own: a part of another one would keep that one alive. */
export function toOwn(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
