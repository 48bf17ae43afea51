/**
 * For each term the clusters that have it, in the order in which they came to have it, and how often. Most terms of a long
 * history stand in one cluster: the first one of each is in columns of numbers, and only what has more has a list.
 */
import { reach } from './packed-postings.ts';

/** Lists up to this length take no more room than they need. */
const exactMax = 32;
/** The list of each term that one cluster has at most; it is replaced and never written to. */
const nothing: number[] = [];

/** Terms are numbers; places in a list are counted from 0. */
export class ClusterLists {
  #sizes = new Uint32Array();
  #first = new Uint32Array();
  #firstWeight = new Uint32Array();
  /** Clusters from the second one on and how often, by turns. */
  readonly #rest: number[][] = [];

  /** Makes room for a term. */
  reach(at: number): void {
    if (at < this.#rest.length) return;
    this.#sizes = reach(this.#sizes, at);
    this.#first = reach(this.#first, at);
    this.#firstWeight = reach(this.#firstWeight, at);
    while (this.#rest.length <= at) this.#rest.push(nothing);
  }

  sizeOf(at: number): number {
    return this.#sizes[at] ?? 0;
  }

  firstOf(at: number): number {
    return this.#first[at] ?? 0;
  }

  firstWeightOf(at: number): number {
    return this.#firstWeight[at] ?? 0;
  }

  restOf(at: number): readonly number[] {
    return this.#rest[at] ?? nothing;
  }

  push(at: number, slot: number, weight: number): void {
    const size = this.sizeOf(at);
    this.#sizes[at] = size + 1;
    if (size === 0) {
      this.#first[at] = slot;
      this.#firstWeight[at] = weight;
      return;
    }
    const rest = this.#rest[at] ?? nothing;
    if (rest.length < exactMax) this.#rest[at] = [...rest, slot, weight];
    else rest.push(slot, weight);
  }

  /** Takes the last one off. */
  pop(at: number): void {
    const size = this.sizeOf(at) - 1;
    this.#sizes[at] = size;
    if (size < 1) return;
    if (size === 1) this.#rest[at] = nothing;
    else (this.#rest[at] ?? []).length -= 2;
  }

  /** Says how often the cluster in a place has the term now. */
  weigh(at: number, place: number, weight: number): void {
    const rest = this.#rest[at];
    if (place === 0) this.#firstWeight[at] = weight;
    else if (rest !== undefined) rest[2 * place - 1] = weight;
  }
}
