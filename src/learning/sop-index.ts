/**
 * SOPs made ready for asking: one document a wording, an inverted index over terms, and for each term how much it says
 * about the procedure (terms whose SOPs work alike weigh more than names and values). SOPs come and go one by one, each
 * at the same small cost; weights and lengths are counted when a question needs them. Nothing may depend on what was
 * there before: an index that was changed answers exactly as one that is made anew.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';
import { type AskedIndex, type AskedSop, compareLots, type Wording } from './asked-index.ts';
import {
  createNameCounts,
  isWord,
  lifting,
  toIdf,
  toLift,
  toToolStems,
  toWordingFacts,
} from './index-facts.ts';
import { createSequenceBook, type SequenceBook } from './likeness.ts';
import { reach } from './packed-postings.ts';
import { createPostings, type Posted } from './postings.ts';
import type { Term } from './terms.ts';

/** What is stored of a SOP and needed to rank it. */
export type ServedSop = Pick<
  LearnedSop,
  | 'sopId'
  | 'trigger'
  | 'triggerFrom'
  | 'steps'
  | 'procedure'
  | 'confidence'
  | 'occurrences'
  | 'wordings'
  | 'partOf'
>;

interface IndexedSop extends AskedSop<ServedSop> {
  /** The procedure's tools, each once. */
  readonly tools: readonly string[];
  readonly documents: readonly Document[];
}

interface Document extends Posted, Wording<ServedSop> {
  slot: number;
  readonly of: IndexedSop;
  readonly terms: readonly Term[];
  /** Length without weights of terms: never counted anew. */
  readonly plainNorm: number;
  norm: number;
  /** The index's changes at which `norm` was counted. */
  normAt: number;
}

export interface TermIndex extends AskedIndex<ServedSop> {
  put(sop: ServedSop): void;
  remove(sopId: string): void;
}

/** An empty index. */
export function createTermIndex(): TermIndex {
  const book = createSequenceBook();
  const sops = new Map<string, IndexedSop>();
  const postings = createPostings<Document>({ compareLots, sampleMax: lifting.sampleMax });
  const names = createNameCounts();
  const lifts = new Map<string, { readonly lift: number; readonly stamp: number }>();
  /** Lengths by slot: all that a question finds are asked for theirs. */
  let plainNorms = new Float64Array();
  let dots = new Float64Array();

  function remove(sopId: string): void {
    const indexed = sops.get(sopId);
    if (indexed === undefined) return;
    sops.delete(sopId);
    names.count(indexed.tools, -1);
    book.release(indexed.sequence);
    for (const document of indexed.documents) {
      postings.drop(document);
      for (const { term } of document.terms)
        if (postings.postingOf(term).slots.size === 0) lifts.delete(term);
    }
  }

  function put(sop: ServedSop): void {
    remove(sop.sopId);
    // A part is no answer to a task.
    if (sop.partOf !== undefined) return;
    const indexed = toIndexed(sop, book);
    sops.set(sop.sopId, indexed);
    names.count(indexed.tools, 1);
    for (const document of indexed.documents) {
      postings.add(document);
      plainNorms = reach(plainNorms, document.slot);
      plainNorms[document.slot] = document.plainNorm;
    }
  }

  const idfOf = (term: string) => toIdf(postings.count, postings.postingOf(term).slots.size);

  function liftOf(term: string): number {
    const { sample, slots, stamp } = postings.postingOf(term);
    if (slots.size === 0) return 1;
    const known = lifts.get(term);
    if (known?.stamp === stamp) return known.lift;
    const lift = toLift(sample.map(({ of }) => of.tools));
    lifts.set(term, { lift, stamp });
    return lift;
  }

  const normAt = (slot: number): number => {
    const document = postings.documents[slot];
    return document === undefined ? 1 : countNorm(document, postings.changes, idfOf);
  };

  return {
    book,
    get size() {
      return sops.size;
    },
    get dots() {
      const { length } = postings.documents;
      if (dots.length < length) dots = new Float64Array(Math.ceil(length * 1.25));
      return dots;
    },
    put,
    remove,
    wordingAt: (slot) => postings.documents[slot],
    lotAt: (slot) => postings.documents[slot]?.lot ?? 0,
    plainNormAt: (slot) => plainNorms[slot] ?? 1,
    normAt,
    slotsWith: (term) => postings.postingOf(term).slots,
    weightOf: (term) => idfOf(term) * liftOf(term) * (1 + lifting.named * names.rarityOf(term)),
    idfOf,
  };
}

/** Counted again only after something changed. */
function countNorm(document: Document, changes: number, idfOf: (term: string) => number): number {
  if (document.normAt === changes) return document.norm;
  let sum = 0;
  for (const { term, weight } of document.terms) sum += (weight * idfOf(term)) ** 2;
  document.norm = Math.sqrt(sum) || 1;
  document.normAt = changes;
  return document.norm;
}

function toIndexed(sop: ServedSop, book: SequenceBook): IndexedSop {
  const sequence = book.intern(sop.procedure.map((step) => step.tool));
  const tools = [...new Set(sequence.symbols)];
  const words = new Set(tools.flatMap(toToolStems));
  const documents: Document[] = [];
  const indexed = { sop, sequence, tools, words, documents };
  for (const text of [sop.trigger, ...sop.wordings]) {
    const at = documents.length;
    const facts = toWordingFacts(text, sop.sopId, at);
    for (const { term } of facts.terms) if (isWord(term)) words.add(term);
    documents.push({ ...facts, of: indexed, slot: -1, at, norm: 0, normAt: -1 });
  }
  return indexed;
}
