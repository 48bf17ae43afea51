/**
 * The inverted index: for each term the documents that have it. Documents come and go one by one, each at the cost of
 * its own terms; how much changed is counted, so that whatever was derived from a list knows when it is out of date.
 */
import type { Term } from './terms.ts';

/** What the index needs to know of a document. */
export interface Posted {
  /** Its number while it is indexed; numbers are used again. */
  slot: number;
  readonly terms: readonly Term[];
}

export interface Posting {
  /** The term's weight by slot. */
  readonly slots: ReadonlyMap<number, number>;
  /** Documents that ever came or went. */
  readonly changes: number;
}

export interface Postings<Document extends Posted> {
  readonly documents: readonly (Document | undefined)[];
  /** Documents that are there. */
  readonly count: number;
  /** Documents that ever came or went. */
  readonly changes: number;
  postingOf(this: void, term: string): Posting;
  add(document: Document): void;
  drop(document: Document): void;
}

const nothing: Posting = { slots: new Map(), changes: 0 };

/** An empty inverted index. */
export function createPostings<Document extends Posted>(): Postings<Document> {
  const byTerm = new Map<string, { readonly slots: Map<number, number>; changes: number }>();
  const documents: (Document | undefined)[] = [];
  const free: number[] = [];
  let count = 0;
  let changes = 0;
  return {
    documents,
    get count() {
      return count;
    },
    get changes() {
      return changes;
    },
    postingOf: (term) => byTerm.get(term) ?? nothing,
    add(document) {
      count += 1;
      changes += 1;
      document.slot = free.pop() ?? documents.length;
      documents[document.slot] = document;
      for (const { term, weight } of document.terms) {
        let posting = byTerm.get(term);
        if (posting === undefined) byTerm.set(term, (posting = { slots: new Map(), changes: 0 }));
        posting.slots.set(document.slot, weight);
        posting.changes += 1;
      }
    },
    drop({ slot, terms }) {
      count -= 1;
      changes += 1;
      documents[slot] = undefined;
      free.push(slot);
      for (const { term } of terms) {
        const posting = byTerm.get(term);
        if (posting === undefined) continue;
        posting.slots.delete(slot);
        posting.changes += 1;
        if (posting.slots.size === 0) byTerm.delete(term);
      }
    },
  };
}
