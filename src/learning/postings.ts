/**
 * The inverted index: for each term the slots of the documents that have it. Documents are appended; what is removed
 * leaves an empty slot, and a term's list is swept when half of it is empty, so that every change stays cheap.
 */
import type { Term } from './terms.ts';

/** What the index needs to know of a document. */
export interface Posted {
  slot: number;
  readonly terms: readonly Term[];
}

interface Posting {
  slots: number[];
  weights: number[];
  live: number;
  /** Documents that ever came or went. */
  changes: number;
}

const nothing: Readonly<Posting> = { slots: [], weights: [], live: 0, changes: 0 };
/** Lists shorter than this are not swept. */
const sweepMin = 16;

export interface Postings<Document extends Posted> {
  readonly documents: readonly (Document | undefined)[];
  /** Documents that are there. */
  readonly count: number;
  /** Documents that ever came or went. */
  readonly changes: number;
  slotsWith(this: void, term: string): Readonly<Posting>;
  add(document: Document): void;
  drop(document: Document): void;
}

/** An empty inverted index. */
export function createPostings<Document extends Posted>(): Postings<Document> {
  const byTerm = new Map<string, Posting>();
  let documents: (Document | undefined)[] = [];
  let count = 0;
  let changes = 0;

  function sweep(term: string, posting: Posting): void {
    if (posting.live === 0) byTerm.delete(term);
    else if (posting.slots.length >= sweepMin && posting.live * 2 < posting.slots.length) {
      const kept = posting.slots.map((slot) => documents[slot] !== undefined);
      posting.slots = posting.slots.filter((_, at) => kept[at]);
      posting.weights = posting.weights.filter((_, at) => kept[at]);
    }
  }

  return {
    get documents() {
      return documents;
    },
    get count() {
      return count;
    },
    get changes() {
      return changes;
    },
    slotsWith: (term) => byTerm.get(term) ?? nothing,
    add(document) {
      count += 1;
      changes += 1;
      document.slot = documents.push(document) - 1;
      for (const { term, weight } of document.terms) {
        const posting = byTerm.get(term) ?? { slots: [], weights: [], live: 0, changes: 0 };
        if (posting.changes === 0) byTerm.set(term, posting);
        posting.slots.push(document.slot);
        posting.weights.push(weight);
        posting.live += 1;
        posting.changes += 1;
      }
    },
    drop(document) {
      count -= 1;
      changes += 1;
      documents[document.slot] = undefined;
      for (const { term } of document.terms) {
        const posting = byTerm.get(term);
        if (posting === undefined) continue;
        posting.live -= 1;
        posting.changes += 1;
        sweep(term, posting);
      }
    },
  };
}
