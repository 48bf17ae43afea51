/**
 * The inverted index: for each term the documents that have it. Documents come and go one by one, each at the cost of
 * its own terms; every list is stamped when it changes, so that whatever was derived from it knows when it is out of date.
 */
import type { Term } from './terms.ts';

/** What the index needs to know of a document. */
export interface Posted {
  /** Its number while it is indexed; numbers are used again. */
  slot: number;
  readonly terms: readonly Term[];
}

export interface Posting<Document> {
  /** The term's weight by slot. */
  readonly slots: ReadonlyMap<number, number>;
  /** The index's changes when this list changed last: no two contents of a term have the same stamp. */
  readonly stamp: number;
  /** The first documents in the order of lots, whatever came and went before. */
  readonly sample: readonly Document[];
}

export interface Postings<Document extends Posted> {
  readonly documents: readonly (Document | undefined)[];
  /** Documents that are there. */
  readonly count: number;
  /** Documents that ever came or went. */
  readonly changes: number;
  postingOf(this: void, term: string): Posting<Document>;
  add(document: Document): void;
  drop(document: Document): void;
}

export interface PostingsOptions<Document> {
  /** An order of all documents that depends on nothing but themselves. */
  readonly compareLots: (a: Document, b: Document) => number;
  readonly sampleMax: number;
}

/** An empty inverted index. */
export function createPostings<Document extends Posted>(
  options: PostingsOptions<Document>,
): Postings<Document> {
  const byTerm = new Map<string, List<Document>>();
  const documents: (Document | undefined)[] = [];
  const nothing: Posting<Document> = { slots: new Map(), stamp: 0, sample: [] };
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
        let list = byTerm.get(term);
        if (list === undefined) byTerm.set(term, (list = new List(documents, options)));
        list.add(document, weight, changes);
      }
    },
    drop(document) {
      count -= 1;
      changes += 1;
      documents[document.slot] = undefined;
      free.push(document.slot);
      for (const { term } of document.terms) {
        const list = byTerm.get(term);
        if (list === undefined) continue;
        list.drop(document, changes);
        if (list.slots.size === 0) byTerm.delete(term);
      }
    },
  };
}

/** The documents of one term. Its sample is kept as they come and drawn anew only when one of it goes. */
class List<Document extends Posted> implements Posting<Document> {
  readonly slots = new Map<number, number>();
  stamp = 0;
  readonly #all: readonly (Document | undefined)[];
  readonly #options: PostingsOptions<Document>;
  #sample: Document[] = [];
  #isShort = false;

  constructor(all: readonly (Document | undefined)[], options: PostingsOptions<Document>) {
    this.#all = all;
    this.#options = options;
  }

  get sample(): readonly Document[] {
    if (!this.#isShort) return this.#sample;
    this.#isShort = false;
    this.#sample = [];
    for (const slot of this.slots.keys()) {
      const document = this.#all[slot];
      if (document !== undefined) this.#draw(document);
    }
    return this.#sample;
  }

  add(document: Document, weight: number, stamp: number): void {
    this.slots.set(document.slot, weight);
    this.stamp = stamp;
    if (!this.#isShort) this.#draw(document);
  }

  drop(document: Document, stamp: number): void {
    this.slots.delete(document.slot);
    this.stamp = stamp;
    const at = this.#sample.indexOf(document);
    if (at < 0) return;
    this.#sample.splice(at, 1);
    if (this.slots.size > this.#sample.length) this.#isShort = true;
  }

  #draw(document: Document): void {
    const { compareLots, sampleMax } = this.#options;
    const last = this.#sample.at(-1);
    const isFull = this.#sample.length >= sampleMax;
    if (isFull && last !== undefined && compareLots(document, last) > 0) return;
    let place = this.#sample.length;
    for (let before = this.#sample[place - 1]; before !== undefined; before = this.#sample[place - 1]) {
      if (compareLots(document, before) > 0) break;
      place -= 1;
    }
    this.#sample.splice(place, 0, document);
    if (isFull) this.#sample.pop();
  }
}
