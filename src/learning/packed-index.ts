/**
 * SOPs of a big namespace made ready for asking, in a fraction of the room that the other index (sop-index.ts) takes. It
 * keeps what ranking looks at and nothing to show; whoever asks reads what is found by its id. It must answer exactly as
 * the other one, whatever came and went.
 */
import {
  type AskedIndex,
  type AskedSop,
  compareLots,
  type RankedIdentity,
  type Wording,
} from './asked-index.ts';
import {
  createNameCounts,
  isWord,
  lifting,
  toIdf,
  toLift,
  toToolStems,
  toWordingFacts,
} from './index-facts.ts';
import { createSequenceBook, type Interned } from './likeness.ts';
import { PackedPostings, reach } from './packed-postings.ts';
import { type RankedSop, rankIn, type RankQuery } from './rank.ts';

/** What ranking needs to know of a SOP that answers tasks; parts of others do not. */
export interface PackedSop extends RankedIdentity {
  readonly trigger: string;
  readonly wordings: readonly string[];
  /** The tools of its steps, in their order. */
  readonly tools: readonly string[];
}

export interface PackedIndex {
  readonly size: number;
  /** What it takes, about. */
  readonly bytes: number;
  put(sop: PackedSop): void;
  remove(sopId: string): void;
  rank(query: RankQuery): RankedSop<RankedIdentity>[];
}

/** What a SOP takes besides its wordings, and a line of tools besides its letters. */
const bytesOfSop = 320;
const bytesOfLine = 600;
/** Weights of terms that are remembered until a wording with the term comes or goes. */
const liftsMax = 10_000;

/** SOPs of one line of tools share what follows from that. */
interface Line {
  readonly sequence: Interned;
  readonly tools: readonly string[];
  readonly stems: ReadonlySet<string>;
}

interface Known extends RankedIdentity {
  readonly line: Line;
  readonly slots: readonly number[];
}

/** An empty one. */
export function createPackedIndex(): PackedIndex {
  const index = new Packed();
  return {
    get size() {
      return index.size;
    },
    get bytes() {
      return index.bytes;
    },
    put: (sop) => index.put(sop),
    remove: (sopId) => index.remove(sopId),
    rank: (query) => index.rank(query),
  };
}

class Packed implements AskedIndex<RankedIdentity> {
  readonly book = createSequenceBook();
  readonly #postings = new PackedPostings();
  readonly #names = createNameCounts();
  readonly #known = new Map<string, Known>();
  readonly #lines = new Map<Interned, Line>();
  readonly #lifts = new Map<number, number>();
  /** What this question has met: wordings of one SOP have the very same. */
  readonly #met = new Map<Known, AskedSop<RankedIdentity>>();

  readonly #ofSlot: (Known | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #atOf = new Uint32Array();
  #lotOf = new Uint32Array();
  #plainNormOf = new Float64Array();
  #normOf = new Float64Array();
  #countedOf = new Float64Array();
  #dots = new Float64Array();
  #count = 0;
  #changes = 0;

  get size(): number {
    return this.#known.size;
  }

  get bytes(): number {
    const perSlot = 2 * 4 + 4 * 8 + 8;
    return (
      this.#postings.bytes +
      this.#lotOf.length * perSlot +
      this.#known.size * bytesOfSop +
      this.#lines.size * bytesOfLine
    );
  }

  get dots(): Float64Array {
    this.#dots = reach(this.#dots, this.#ofSlot.length);
    return this.#dots;
  }

  put(sop: PackedSop): void {
    this.remove(sop.sopId);
    const line = this.#toLine(sop.tools);
    const slots: number[] = [];
    const known = { sopId: sop.sopId, confidence: sop.confidence, line, slots };
    this.#known.set(sop.sopId, known);
    this.#names.count(line.tools, 1);
    for (const text of [sop.trigger, ...sop.wordings]) slots.push(this.#add(known, text, slots.length));
  }

  remove(sopId: string): void {
    const known = this.#known.get(sopId);
    if (known === undefined) return;
    const { line, slots } = known;
    this.#known.delete(sopId);
    this.#names.count(line.tools, -1);
    if (this.book.release(line.sequence)) this.#lines.delete(line.sequence);
    for (const slot of slots) {
      this.#touch(slot);
      this.#postings.drop(slot);
      this.#ofSlot[slot] = undefined;
      this.#freeSlots.push(slot);
      this.#count -= 1;
    }
  }

  rank(query: RankQuery): RankedSop<RankedIdentity>[] {
    const ranked = rankIn(this, query);
    this.#met.clear();
    return ranked;
  }

  wordingAt(slot: number): Wording<RankedIdentity> | undefined {
    const known = this.#ofSlot[slot];
    if (known === undefined) return undefined;
    return { of: this.#toAsked(known), slot, lot: this.#lotOf[slot] ?? 0, at: this.#atOf[slot] ?? 0 };
  }

  lotAt(slot: number): number {
    return this.#lotOf[slot] ?? 0;
  }

  plainNormAt(slot: number): number {
    return this.#plainNormOf[slot] ?? 1;
  }

  normAt(slot: number): number {
    if (this.#countedOf[slot] === this.#changes) return this.#normOf[slot] ?? 1;
    let sum = 0;
    this.#postings.eachTerm(slot, (number, weight) => {
      sum += (weight * toIdf(this.#count, this.#postings.sizeOf(number))) ** 2;
    });
    const norm = Math.sqrt(sum) || 1;
    this.#normOf[slot] = norm;
    this.#countedOf[slot] = this.#changes;
    return norm;
  }

  slotsWith(term: string): ReturnType<PackedPostings['slotsWith']> {
    return this.#postings.slotsWith(this.#postings.numberOf(term));
  }

  weightOf(term: string): number {
    return this.idfOf(term) * this.#liftOf(term) * (1 + lifting.named * this.#names.rarityOf(term));
  }

  idfOf(term: string): number {
    return toIdf(this.#count, this.#postings.sizeOf(this.#postings.numberOf(term)));
  }

  #add(known: Known, text: string, at: number): number {
    const { terms, lot, plainNorm } = toWordingFacts(text, known.sopId, at);
    const slot = this.#freeSlots.pop() ?? this.#ofSlot.length;
    this.#ofSlot[slot] = known;
    this.#atOf = reach(this.#atOf, slot);
    this.#lotOf = reach(this.#lotOf, slot);
    this.#plainNormOf = reach(this.#plainNormOf, slot);
    this.#normOf = reach(this.#normOf, slot);
    this.#countedOf = reach(this.#countedOf, slot);
    this.#atOf[slot] = at;
    this.#lotOf[slot] = lot;
    this.#plainNormOf[slot] = plainNorm;
    this.#count += 1;
    this.#postings.add(slot, terms);
    this.#touch(slot);
    return slot;
  }

  /** What was counted with a wording's terms is out of date. */
  #touch(slot: number): void {
    this.#changes += 1;
    this.#postings.eachTerm(slot, (number) => this.#lifts.delete(number));
  }

  #toLine(symbols: readonly string[]): Line {
    const sequence = this.book.intern(symbols.map(this.book.stock.text));
    const found = this.#lines.get(sequence);
    if (found !== undefined) return found;
    const tools = [...new Set(sequence.symbols)];
    const line = { sequence, tools, stems: new Set(tools.flatMap(toToolStems)) };
    this.#lines.set(sequence, line);
    return line;
  }

  #toAsked(known: Known): AskedSop<RankedIdentity> {
    const met = this.#met.get(known);
    if (met !== undefined) return met;
    const { line, slots } = known;
    const has = (term: string): boolean => {
      if (line.stems.has(term)) return true;
      const number = isWord(term) ? this.#postings.numberOf(term) : undefined;
      return (
        number !== undefined && slots.some((slot) => this.#postings.weightIn(slot, number) !== undefined)
      );
    };
    const asked = { sop: known, sequence: line.sequence, words: { has } };
    this.#met.set(known, asked);
    return asked;
  }

  #liftOf(term: string): number {
    const number = this.#postings.numberOf(term);
    if (number === undefined) return 1;
    const counted = this.#lifts.get(number);
    if (counted !== undefined) return counted;
    if (this.#lifts.size >= liftsMax) this.#lifts.clear();
    const lift = toLift(this.#sample(number).map((slot) => this.#ofSlot[slot]?.line.tools ?? []));
    this.#lifts.set(number, lift);
    return lift;
  }

  /** The first wordings with a term in the order of lots. */
  #sample(number: number): readonly number[] {
    const sample: number[] = [];
    const compare = (a: number, b: number): number => {
      const [lotA = 0, lotB = 0] = [this.#lotOf[a], this.#lotOf[b]];
      if (lotA !== lotB) return lotA - lotB;
      const [one, other] = [this.wordingAt(a), this.wordingAt(b)];
      return one === undefined || other === undefined ? 0 : compareLots(one, other);
    };
    this.#postings.slotsWith(number).forEach((_weight, slot) => {
      const last = sample.at(-1);
      const isFull = sample.length >= lifting.sampleMax;
      if (isFull && last !== undefined && compare(slot, last) > 0) return;
      let place = sample.length;
      for (; place > 0 && compare(slot, sample[place - 1] ?? 0) < 0; place -= 1);
      sample.splice(place, 0, slot);
      if (isFull) sample.pop();
    });
    return sample;
  }
}
