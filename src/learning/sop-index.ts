/**
 * SOPs made ready for asking: one document a wording, an inverted index over terms, and for each term how much it says
 * about the procedure (terms whose SOPs work alike weigh more than names and values). SOPs come and go one by one.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';
import { createSequenceBook, type Interned, type SequenceBook } from './likeness.ts';
import { type Term, toNameWords, toStem, toTerms } from './terms.ts';

/** What is stored of a SOP and needed to rank it. */
export type ServedSop = Pick<
  LearnedSop,
  'sopId' | 'trigger' | 'triggerFrom' | 'steps' | 'procedure' | 'confidence' | 'occurrences' | 'wordings'
>;

export interface IndexedSop {
  readonly sop: ServedSop;
  readonly sequence: Interned;
  /** Stems of its wordings and of its tools' names. */
  readonly words: ReadonlySet<string>;
  readonly documents: readonly Document[];
}

export interface Document {
  readonly of: IndexedSop;
  /** Its number while it is indexed; numbers are used again. */
  readonly slot: number;
  readonly terms: readonly Term[];
  norm: number;
  /** The index version for which `norm` holds. */
  normVersion: number;
}

export interface TermIndex {
  readonly book: SequenceBook;
  readonly sops: ReadonlyMap<string, IndexedSop>;
  put(sop: ServedSop): void;
  remove(sopId: string): void;
  /** Documents by slot. */
  readonly documents: readonly (Document | undefined)[];
  /** Slots of the documents with a term, and the term's weight in each. */
  slotsWith(term: string): ReadonlyMap<number, number>;
  /** What a term weighs: how rare it is, and how alike the procedures are that share it. */
  weightOf(term: string): number;
  /** Rarity alone. */
  idfOf(term: string): number;
  normOf(document: Document): number;
}

const nothing: ReadonlyMap<number, number> = new Map();
/** Weights are counted anew when this many-th part of the documents changed. */
const staleShare = 500;
/** What a term says about procedures: estimated from `sampleMax` documents, drawn to the middle by `shrink` pairs. */
export const lifting = { sampleMax: 48, shrink: 4, share: 1 } as const;

/** An empty index. */
export function createTermIndex(): TermIndex {
  const book = createSequenceBook();
  const sops = new Map<string, IndexedSop>();
  const postings = createPostings();
  const lifts = new Map<string, number>();
  let version = 0;
  let changes = 0;

  /** Weights move with every change; in a large index one change moves them too little to count them anew. */
  function touch(): void {
    changes += 1;
    if (changes * staleShare < postings.count) return;
    changes = 0;
    version += 1;
    lifts.clear();
  }

  function remove(sopId: string): void {
    const indexed = sops.get(sopId);
    if (indexed === undefined) return;
    sops.delete(sopId);
    for (const document of indexed.documents) postings.drop(document);
    touch();
  }

  function put(sop: ServedSop): void {
    remove(sop.sopId);
    const indexed = toIndexed(sop, book, () => postings.takeSlot());
    sops.set(sop.sopId, indexed);
    for (const document of indexed.documents) postings.add(document);
    touch();
  }

  const idfOf = (term: string) => 1 + Math.log((postings.count + 20) / (postings.slotsWith(term).size + 1));

  function liftOf(term: string): number {
    const known = lifts.get(term);
    if (known !== undefined) return known;
    const slots = postings.slotsWith(term);
    const lift = slots.size === 0 ? 1 : toLift(slots, postings.documents);
    lifts.set(term, lift);
    return lift;
  }

  const weightOf = (term: string) => idfOf(term) * liftOf(term);

  function normOf(document: Document): number {
    if (document.normVersion === version) return document.norm;
    let sum = 0;
    for (const { term, weight } of document.terms) sum += (weight * weightOf(term)) ** 2;
    document.norm = Math.sqrt(sum) || 1;
    document.normVersion = version;
    return document.norm;
  }

  const { documents, slotsWith } = postings;
  return { book, sops, put, remove, documents, slotsWith, weightOf, idfOf, normOf };
}

interface Postings {
  readonly documents: readonly (Document | undefined)[];
  readonly count: number;
  readonly slotsWith: (term: string) => ReadonlyMap<number, number>;
  readonly takeSlot: () => number;
  readonly add: (document: Document) => void;
  readonly drop: (document: Document) => void;
}

/** The inverted index: for each term the slots of its documents. */
function createPostings(): Postings {
  const byTerm = new Map<string, Map<number, number>>();
  const documents: (Document | undefined)[] = [];
  const free: number[] = [];
  let count = 0;
  return {
    documents,
    get count() {
      return count;
    },
    slotsWith: (term) => byTerm.get(term) ?? nothing,
    takeSlot: () => free.pop() ?? documents.push(undefined) - 1,
    add(document) {
      count += 1;
      documents[document.slot] = document;
      for (const { term, weight } of document.terms) {
        const posting = byTerm.get(term);
        if (posting === undefined) byTerm.set(term, new Map([[document.slot, weight]]));
        else posting.set(document.slot, weight);
      }
    },
    drop({ slot, terms }) {
      count -= 1;
      documents[slot] = undefined;
      free.push(slot);
      for (const { term } of terms) {
        const posting = byTerm.get(term);
        posting?.delete(slot);
        if (posting?.size === 0) byTerm.delete(term);
      }
    },
  };
}

function toIndexed(sop: ServedSop, book: SequenceBook, toSlot: () => number): IndexedSop {
  const sequence = book.intern(sop.procedure.map((step) => step.tool));
  const words = new Set(sop.procedure.flatMap((step) => toNameWords(step.tool).map(toStem)));
  const documents: Document[] = [];
  const indexed = { sop, sequence, words, documents };
  for (const text of [sop.trigger, ...sop.wordings]) {
    const terms = toTerms(text, true);
    for (const { term } of terms) if (isWord(term)) words.add(term);
    documents.push({ of: indexed, slot: toSlot(), terms, norm: 0, normVersion: -1 });
  }
  return indexed;
}

/** Whole words only: no pairs, letter groups or value classes. */
export function isWord(term: string): boolean {
  return !/^[~#]| /.test(term);
}

/** Between 0.5 and 1.5: how concentrated the tools are that follow where a term stands. */
function toLift(posting: ReadonlyMap<number, number>, slots: readonly (Document | undefined)[]): number {
  const sums = new Map<string, number>();
  let count = 0;
  for (const slot of posting.keys()) {
    const tools = new Set(slots[slot]?.of.sequence.symbols);
    const unit = 1 / Math.sqrt(Math.max(1, tools.size));
    for (const tool of tools) sums.set(tool, (sums.get(tool) ?? 0) + unit);
    count += 1;
    if (count >= lifting.sampleMax) break;
  }
  let squares = 0;
  for (const sum of sums.values()) squares += sum * sum;
  const pairs = count * (count - 1);
  const alike = pairs === 0 ? 0 : Math.max(0, squares - count) / pairs;
  return 1 + lifting.share * ((alike * pairs + 0.5 * lifting.shrink) / (pairs + lifting.shrink) - 0.5);
}
