/**
 * Which clusters a case's words speak of: for each term the clusters that have it, looked through rarest first. Counts
 * are integers and the last case is taken out first, so that taking one back leaves exactly what was there before: what
 * came last stands last in every list.
 */
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import { ClusterLists } from './cluster-lists.ts';
import { reach } from './packed-postings.ts';
import type { KnownTerm } from './term-numbers.ts';

/** What is looked for. */
export interface Worded {
  readonly members: readonly Case[];
  /** Its number among the clusters: those made later have higher ones. */
  slot: number;
  /** For each term its number, its weight, and its place in the term's list. */
  terms: number[];
}
/** Numbers that a cluster has for each term. */
const stride = 3;
/** Lists up to this length take no more room than they need: most are short, and stay so. */
const exactMax = 48;

export interface Near<Cluster> {
  readonly cluster: Cluster;
  /** Cosine of the case and the mean of the cluster's members. */
  readonly text: number;
}

/** A case's terms that clusters have, what they weigh now, and its length. */
export interface Asking {
  readonly terms: readonly { readonly at: number; readonly term: string; readonly scaled: number }[];
  readonly norm: number;
}

/** Looks clusters up by words. */
export class ClusterWords<Cluster extends Worded> {
  /** For each term the clusters that have it and how often. */
  readonly #lists = new ClusterLists();
  readonly #clusters: Cluster[] = [];
  /** How many members each cluster has, and what it scores while one looks. */
  readonly #members: number[] = [];
  readonly #scores: number[] = [];
  /** What each term weighs in the case that is being compared. */
  #scaled = new Float64Array();
  /** What the terms of the case weigh that is being added or taken back. */
  #wanted = new Uint32Array();
  readonly #weights = new TermWeights();
  #compared: Asking | undefined;

  add(cluster: Cluster, one: Case): void {
    if (cluster.members.length === 1) this.#open(cluster);
    this.#members[cluster.slot] = cluster.members.length;
    const { terms, slot } = cluster;
    const lists = this.#lists;
    this.#want(one.terms);
    for (let place = 0; place < terms.length; place += stride) {
      const weight = this.#takeWanted(terms[place] ?? 0);
      if (weight > 0) this.#weigh(cluster, place, weight);
    }
    const fresh: number[] = [];
    for (const { at } of one.terms) {
      const weight = this.#takeWanted(at);
      // What only the latest of very many members say adds nothing to what a cluster is about.
      if (weight === 0 || terms.length + fresh.length >= bounds.clusterTermsMax * stride) continue;
      fresh.push(at, weight, lists.sizeOf(at));
      lists.push(at, slot, weight);
    }
    if (fresh.length > 0 && terms.length + fresh.length <= exactMax) cluster.terms = terms.concat(fresh);
    else for (const number of fresh) terms.push(number);
    this.#weights.cases += 1;
  }

  /** Takes the case back that was added last, and which the cluster no longer has. */
  takeBack(cluster: Cluster, one: Case): void {
    const { terms, slot } = cluster;
    this.#want(one.terms);
    for (let place = terms.length - stride; place >= 0; place -= stride) {
      const at = terms[place] ?? 0;
      const weight = this.#takeWanted(at);
      if (weight === 0) continue;
      if ((terms[place + 1] ?? 0) > weight) {
        this.#weigh(cluster, place, -weight);
        continue;
      }
      terms.length = place;
      this.#lists.pop(at);
    }
    for (const { at } of one.terms) this.#takeWanted(at);
    this.#weights.cases -= 1;
    this.#members[slot] = cluster.members.length;
    if (cluster.members.length > 0) return;
    this.#clusters.pop();
    this.#members.pop();
    this.#scores.pop();
  }

  ask(one: Case): Asking {
    let norm = 0;
    const terms: { at: number; term: string; scaled: number }[] = [];
    for (const { at, term, weight } of one.terms) {
      const size = this.#lists.sizeOf(at);
      const idf = this.#weights.idf(size);
      norm += (weight * idf) ** 2;
      if (size > 0) terms.push({ at, term, scaled: weight * idf * idf });
    }
    return { terms, norm };
  }

  likeness(asking: Asking, cluster: Cluster): number {
    this.#compare(asking);
    let dot = 0;
    let other = 0;
    const { terms } = cluster;
    for (let place = 0; place < terms.length; place += stride) {
      const at = terms[place] ?? 0;
      const weight = terms[place + 1] ?? 0;
      dot += (this.#scaled[at] ?? 0) * weight;
      other += (weight * this.#weights.idf(this.#lists.sizeOf(at))) ** 2;
    }
    return dot === 0 ? 0 : dot / Math.sqrt(asking.norm * other);
  }

  /** The clusters that share most of a case's terms. */
  nearest(asking: Asking): Near<Cluster>[] {
    const found: number[] = [];
    const scores = this.#scores;
    let looked = 0;
    const lists = this.#lists;
    const sizeOf = ({ at }: { readonly at: number }) => lists.sizeOf(at);
    const rarestFirst = asking.terms.toSorted((a, b) => sizeOf(a) - sizeOf(b) || (a.term < b.term ? -1 : 1));
    const see = (slot: number, share: number) => {
      const before = scores[slot] ?? 0;
      if (before === 0) found.push(slot);
      scores[slot] = before + share / (this.#members[slot] ?? 1);
    };
    for (const { at, scaled } of rarestFirst) {
      const size = lists.sizeOf(at);
      // What very many clusters have says little, and looking through them would cost the more the longer a namespace lives.
      if (looked + size > bounds.postingsMax && found.length > 0) break;
      const count = Math.min(size, bounds.postingsMax - looked);
      if (count === 0) continue;
      see(lists.firstOf(at), scaled * lists.firstWeightOf(at));
      const rest = lists.restOf(at);
      for (let place = 0; place < 2 * (count - 1); place += 2)
        see(rest[place] ?? 0, scaled * (rest[place + 1] ?? 0));
      looked += count;
    }
    const best = this.#takeBest(found, bounds.candidatesMax);
    for (const slot of found) scores[slot] = 0;
    return best.map((cluster) => ({ cluster, text: this.likeness(asking, cluster) }));
  }

  /** Those with the highest scores, the older first among equals; sorting all of them would cost more. */
  #takeBest(found: readonly number[], max: number): Cluster[] {
    const best: number[] = [];
    const score = (slot: number) => this.#scores[slot] ?? 0;
    // Slots are given in order of time.
    const isBefore = (a: number, b: number) => score(a) > score(b) || (score(a) === score(b) && a < b);
    for (const slot of found) {
      const last = best[max - 1];
      if (last !== undefined && !isBefore(slot, last)) continue;
      let place = Math.min(best.length, max - 1);
      for (; place > 0; place -= 1) {
        const other = best[place - 1];
        if (other === undefined || isBefore(other, slot)) break;
        best[place] = other;
      }
      best[place] = slot;
    }
    return best.flatMap((slot) => this.#clusters[slot] ?? []);
  }

  #open(cluster: Cluster): void {
    cluster.slot = this.#clusters.length;
    this.#clusters.push(cluster);
    this.#members.push(0);
    this.#scores.push(0);
  }

  /** Adds to what a cluster has of a term. */
  #weigh({ terms }: Cluster, place: number, weight: number): void {
    const sum = (terms[place + 1] ?? 0) + weight;
    terms[place + 1] = sum;
    this.#lists.weigh(terms[place] ?? 0, terms[place + 2] ?? 0, sum);
  }

  #want(terms: readonly KnownTerm[]): void {
    for (const { at, weight } of terms) {
      this.#lists.reach(at);
      this.#scaled = reach(this.#scaled, at);
      this.#wanted = reach(this.#wanted, at);
      this.#wanted[at] = weight;
    }
  }

  /** The weight of a wanted term, once; 0 for any other. */
  #takeWanted(at: number): number {
    const weight = this.#wanted[at] ?? 0;
    if (weight > 0) this.#wanted[at] = 0;
    return weight;
  }

  #compare(asking: Asking): void {
    if (this.#compared === asking) return;
    for (const { at } of this.#compared?.terms ?? []) this.#scaled[at] = 0;
    for (const { at, scaled } of asking.terms) this.#scaled[at] = scaled;
    this.#compared = asking;
  }
}

/** How telling a term is that so many clusters have, among so many cases; worked out once for each number of cases. */
class TermWeights {
  cases = 0;
  readonly #known: number[] = [];
  readonly #knownFor: number[] = [];

  idf(size: number): number {
    if (this.#knownFor[size] === this.cases) return this.#known[size] ?? 0;
    while (this.#known.length <= size) {
      this.#known.push(0);
      this.#knownFor.push(-1);
    }
    const idf = 1 + Math.log((this.cases + 20) / (size + 1));
    this.#known[size] = idf;
    this.#knownFor[size] = this.cases;
    return idf;
  }
}
