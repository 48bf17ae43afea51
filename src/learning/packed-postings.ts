/**
 * The inverted index in columns of numbers: some twenty bytes a term of a wording, where objects take hundreds. Each place
 * of the columns is one term of one wording and is chained to the others of its term. Wordings come and go, each at the
 * cost of its own terms; room that one leaves is given to the next of its length.
 */
import type { Slots } from './asked-index.ts';
import type { Term } from './terms.ts';

type Numbers = Uint8Array | Uint32Array | Float64Array;

const firstRoom = 256;
/** What a term costs besides its letters: its entry in a map, and the columns of terms. */
const bytesOfTerm = 150;
const nothing: Slots = { size: 0, get: () => undefined, forEach: () => undefined };

/** The column itself, or a longer one with the same numbers where it has no such row. */
export function reach<Column extends Numbers>(column: Column, row: number): Column {
  if (row < column.length) return column;
  const Kind = column.constructor as new (length: number) => Column;
  const longer = new Kind(Math.max(firstRoom, row + 1, Math.ceil(column.length * 1.5)));
  longer.set(column);
  return longer;
}

/** By place: 0 is no place. By term and by slot: numbers that are used again. */
export class PackedPostings {
  #termAt = new Uint32Array();
  #weightAt = new Uint8Array();
  #slotAt = new Uint32Array();
  #nextAt = new Uint32Array();
  #previousAt = new Uint32Array();
  #placesEnd = 1;
  readonly #freePlaces = new Map<number, number[]>();

  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #freeTerms: number[] = [];
  #letters = 0;
  #firstOf = new Uint32Array();
  #sizeOf = new Uint32Array();

  #startOf = new Uint32Array();
  #lengthOf = new Uint32Array();

  /** What all of it takes, about. */
  get bytes(): number {
    const columns = [this.#termAt, this.#slotAt, this.#nextAt, this.#previousAt, this.#weightAt];
    const all = [...columns, this.#firstOf, this.#sizeOf, this.#startOf, this.#lengthOf];
    const counted = all.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return counted + this.#letters + this.#numbers.size * bytesOfTerm;
  }

  add(slot: number, terms: readonly Term[]): void {
    const start = this.#take(terms.length);
    this.#startOf = reach(this.#startOf, slot);
    this.#lengthOf = reach(this.#lengthOf, slot);
    this.#startOf[slot] = start;
    this.#lengthOf[slot] = terms.length;
    terms.forEach(({ term, weight }, nth) => {
      const place = start + nth;
      const number = this.#numbers.get(term) ?? this.#number(term);
      const first = this.#firstOf[number] ?? 0;
      this.#termAt[place] = number;
      this.#weightAt[place] = weight;
      this.#slotAt[place] = slot;
      this.#nextAt[place] = first;
      this.#previousAt[place] = 0;
      if (first !== 0) this.#previousAt[first] = place;
      this.#firstOf[number] = place;
      this.#sizeOf[number] = (this.#sizeOf[number] ?? 0) + 1;
    });
  }

  drop(slot: number): void {
    const start = this.#startOf[slot] ?? 0;
    const length = this.#lengthOf[slot] ?? 0;
    for (let place = start; place < start + length; place += 1) {
      const number = this.#termAt[place] ?? 0;
      const next = this.#nextAt[place] ?? 0;
      const previous = this.#previousAt[place] ?? 0;
      if (next !== 0) this.#previousAt[next] = previous;
      if (previous !== 0) this.#nextAt[previous] = next;
      else this.#firstOf[number] = next;
      const size = (this.#sizeOf[number] ?? 1) - 1;
      this.#sizeOf[number] = size;
      if (size === 0) this.#forget(number);
    }
    this.#lengthOf[slot] = 0;
    if (length === 0) return;
    const free = this.#freePlaces.get(length);
    if (free === undefined) this.#freePlaces.set(length, [start]);
    else free.push(start);
  }

  /** A term's number, as long as a wording has it. */
  numberOf(term: string): number | undefined {
    return this.#numbers.get(term);
  }

  sizeOf(number: number | undefined): number {
    return number === undefined ? 0 : (this.#sizeOf[number] ?? 0);
  }

  /** The terms of a wording in the order in which they came. */
  eachTerm(slot: number, visit: (number: number, weight: number) => void): void {
    const start = this.#startOf[slot] ?? 0;
    const end = start + (this.#lengthOf[slot] ?? 0);
    for (let place = start; place < end; place += 1)
      visit(this.#termAt[place] ?? 0, this.#weightAt[place] ?? 0);
  }

  /** What a term weighs in a wording, undefined where that does not have it. */
  weightIn(slot: number, number: number): number | undefined {
    const start = this.#startOf[slot] ?? 0;
    const end = start + (this.#lengthOf[slot] ?? 0);
    for (let place = start; place < end; place += 1)
      if (this.#termAt[place] === number) return this.#weightAt[place];
    return undefined;
  }

  slotsWith(number: number | undefined): Slots {
    if (number === undefined) return nothing;
    return {
      size: this.sizeOf(number),
      get: (slot) => this.weightIn(slot, number),
      forEach: (visit) => {
        for (let place = this.#firstOf[number] ?? 0; place !== 0; place = this.#nextAt[place] ?? 0)
          visit(this.#weightAt[place] ?? 0, this.#slotAt[place] ?? 0);
      },
    };
  }

  #take(length: number): number {
    const free = this.#freePlaces.get(length)?.pop();
    if (free !== undefined) return free;
    const start = this.#placesEnd;
    this.#placesEnd += length;
    const last = this.#placesEnd - 1;
    this.#termAt = reach(this.#termAt, last);
    this.#weightAt = reach(this.#weightAt, last);
    this.#slotAt = reach(this.#slotAt, last);
    this.#nextAt = reach(this.#nextAt, last);
    this.#previousAt = reach(this.#previousAt, last);
    return start;
  }

  #number(term: string): number {
    const number = this.#freeTerms.pop() ?? this.#texts.length;
    this.#numbers.set(term, number);
    this.#texts[number] = term;
    this.#letters += term.length;
    this.#firstOf = reach(this.#firstOf, number);
    this.#sizeOf = reach(this.#sizeOf, number);
    return number;
  }

  #forget(number: number): void {
    const term = this.#texts[number] ?? '';
    this.#numbers.delete(term);
    this.#texts[number] = '';
    this.#letters -= term.length;
    this.#freeTerms.push(number);
  }
}
