/**
 * SOPs made ready for asking: one document a wording, an inverted index over terms, and for each term how much it says
 * about the procedure (terms whose SOPs work alike weigh more than names and values). SOPs come and go one by one, each
 * at the same small cost; weights and lengths are counted when a question needs them. Nothing may depend on what was
 * there before: an index that was changed answers exactly as one that is made anew.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';
import { createSequenceBook, type Interned, type SequenceBook } from './likeness.ts';
import { createPostings, type Posted } from './postings.ts';
import { type Term, toNameWords, toStem, toTerms } from './terms.ts';

/** What is stored of a SOP and needed to rank it. */
export type ServedSop = Pick<
  LearnedSop,
  'sopId' | 'trigger' | 'triggerFrom' | 'steps' | 'procedure' | 'confidence' | 'occurrences' | 'wordings'
>;

export interface IndexedSop {
  readonly sop: ServedSop;
  readonly sequence: Interned;
  /** The procedure's tools, each once. */
  readonly tools: readonly string[];
  /** Stems of its wordings and of its tools' names. */
  readonly words: ReadonlySet<string>;
  readonly documents: readonly Document[];
}

export interface Document extends Posted {
  readonly of: IndexedSop;
  readonly terms: readonly Term[];
  /** Stems of this wording. */
  readonly words: ReadonlySet<string>;
  /** Its place in an order that has nothing to do with what it says, nor with when it came. */
  readonly lot: number;
  /** Its place among the wordings of its SOP. */
  readonly at: number;
  /** Length without weights of terms: never counted anew. */
  readonly plainNorm: number;
  norm: number;
  /** The index's changes at which `norm` was counted. */
  normAt: number;
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

/** What a term says about procedures: estimated from `sampleMax` documents, drawn to the middle by `shrink` pairs. */
export const lifting = { sampleMax: 24, shrink: 4, share: 1, named: 0.4 } as const;

/** An empty index. */
export function createTermIndex(): TermIndex {
  const book = createSequenceBook();
  const sops = new Map<string, IndexedSop>();
  const postings = createPostings<Document>({ compareLots, sampleMax: lifting.sampleMax });
  const names = createNameCounts();
  const uses = new Map<Interned, number>();
  const lifts = new Map<string, { readonly lift: number; readonly stamp: number }>();

  function remove(sopId: string): void {
    const indexed = sops.get(sopId);
    if (indexed === undefined) return;
    sops.delete(sopId);
    names.count(indexed.tools, -1);
    if (bump(uses, indexed.sequence, -1) === 0) book.forget(indexed.sequence);
    for (const document of indexed.documents) {
      postings.drop(document);
      for (const { term } of document.terms)
        if (postings.postingOf(term).slots.size === 0) lifts.delete(term);
    }
  }

  function put(sop: ServedSop): void {
    remove(sop.sopId);
    const indexed = toIndexed(sop, book);
    sops.set(sop.sopId, indexed);
    names.count(indexed.tools, 1);
    bump(uses, indexed.sequence, 1);
    for (const document of indexed.documents) postings.add(document);
  }

  const idfOf = (term: string) =>
    1 + Math.log((postings.count + 20) / (postings.postingOf(term).slots.size + 1));

  function liftOf(term: string): number {
    const { sample, slots, stamp } = postings.postingOf(term);
    if (slots.size === 0) return 1;
    const known = lifts.get(term);
    if (known?.stamp === stamp) return known.lift;
    const lift = toLift(sample);
    lifts.set(term, { lift, stamp });
    return lift;
  }

  const weightOf = (term: string) => idfOf(term) * liftOf(term) * (1 + lifting.named * names.rarityOf(term));

  function normOf(document: Document): number {
    const { changes } = postings;
    if (document.normAt === changes) return document.norm;
    let sum = 0;
    for (const { term, weight } of document.terms) sum += (weight * idfOf(term)) ** 2;
    document.norm = Math.sqrt(sum) || 1;
    document.normAt = changes;
    return document.norm;
  }

  const { documents } = postings;
  const slotsWith = (term: string) => postings.postingOf(term).slots;
  return { book, sops, put, remove, documents, slotsWith, weightOf, idfOf, normOf };
}

function toIndexed(sop: ServedSop, book: SequenceBook): IndexedSop {
  const sequence = book.intern(sop.procedure.map((step) => step.tool));
  const tools = [...new Set(sequence.symbols)];
  const words = new Set(tools.flatMap(toToolStems));
  const documents: Document[] = [];
  const indexed = { sop, sequence, tools, words, documents };
  for (const text of [sop.trigger, ...sop.wordings]) {
    const terms = toTerms(text, true);
    const own = new Set(terms.flatMap(({ term }) => (isWord(term) ? [term] : [])));
    for (const word of own) words.add(word);
    const plainNorm = Math.sqrt(terms.reduce((sum, { weight }) => sum + weight * weight, 0)) || 1;
    const at = documents.length;
    const lot = toLot(`${sop.sopId} ${at}`);
    documents.push({ of: indexed, slot: -1, terms, words: own, lot, at, plainNorm, norm: 0, normAt: -1 });
  }
  return indexed;
}

/** Stems of the words of a tool's name. */
export function toToolStems(tool: string): string[] {
  return toNameWords(tool).map(toStem);
}

/** Whole words only: no pairs, beginnings or value classes. */
export function isWord(term: string): boolean {
  return !/^[~#]| /.test(term);
}

function bump<Key>(counts: Map<Key, number>, key: Key, by: number): number {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
  return next;
}

/** Where documents are otherwise equal, the order in which they stand: that of their lots. */
export function compareLots(a: Document, b: Document): number {
  if (a.lot !== b.lot) return a.lot - b.lot;
  if (a.of.sop.sopId !== b.of.sop.sopId) return a.of.sop.sopId < b.of.sop.sopId ? -1 : 1;
  return a.at - b.at;
}

/** A number from 0 to 2^32 - 1 that looks like chance and is the same for the same text (FNV-1a). */
function toLot(text: string): number {
  let lot = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) lot = Math.imul(lot ^ text.charCodeAt(at), 0x01000193);
  return lot >>> 0;
}

/** How many different tools have a word in their name. */
function createNameCounts() {
  const tools = new Map<string, number>();
  const words = new Map<string, number>();
  return {
    count(used: readonly string[], by: 1 | -1): void {
      for (const tool of used) {
        const times = bump(tools, tool, by);
        if (times !== (by === 1 ? 1 : 0)) continue;
        for (const word of new Set(toToolStems(tool))) bump(words, word, by);
      }
    },
    /** 1 for a word that one tool alone has in its name, 0 for one that all or none have. */
    rarityOf(word: string): number {
      const having = words.get(word);
      return having === undefined ? 0 : Math.log(tools.size / having) / Math.log(tools.size + 1);
    },
  };
}

/** Around 1: how concentrated the tools are that follow where a term stands. */
function toLift(sample: readonly Document[]): number {
  const sums = new Map<string, number>();
  let count = 0;
  let squares = 0;
  for (const { of } of sample) {
    const { tools } = of;
    const unit = 1 / Math.sqrt(Math.max(1, tools.length));
    for (const tool of tools) {
      const sum = sums.get(tool) ?? 0;
      squares += unit * (2 * sum + unit);
      sums.set(tool, sum + unit);
    }
    count += 1;
  }
  const pairs = count * (count - 1);
  const alike = pairs === 0 ? 0 : Math.max(0, squares - count) / pairs;
  return 1 + lifting.share * ((alike * pairs + 0.5 * lifting.shrink) / (pairs + lifting.shrink) - 0.5);
}
