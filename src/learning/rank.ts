/**
 * Which SOPs fit a task: text match x prior x confidence. The nearest wordings vote for procedures, a SOP is worth what
 * it would be expected to get right, and where no wording clearly matches the answer is empty: better silent than wrong.
 */
import type { AskedIndex, AskedSop, RankedIdentity } from './asked-index.ts';
import { isWord } from './index-facts.ts';
import { findNeighbours, type Neighbour, weigh } from './neighbours.ts';
import { createTermIndex, type ServedSop } from './sop-index.ts';
import { type Term, toTerms } from './terms.ts';

export interface RankQuery {
  readonly task: string;
  readonly limit: number;
  readonly minConfidence: number;
  /** Share of the best one's worth below which another is no answer; `ranking.nearBest` where nothing is said. */
  readonly nearBest?: number;
}

/** A SOP that fits, how well (0 to 1), and the terms that say so. */
export interface RankedSop<Sop extends RankedIdentity = ServedSop> {
  readonly sop: Sop;
  readonly relevance: number;
  readonly matched: readonly string[];
}

/** SOPs ready for asking; they can be changed one by one. */
export interface SopIndex {
  readonly size: number;
  put(sop: ServedSop): void;
  remove(sopId: string): void;
  rank(query: RankQuery): RankedSop[];
}

export const ranking = {
  neighbours: 60,
  /** Sharpness of the vote: (similarity / best)^(power x best). Where even the nearest is far, many have a say. */
  power: 4,
  /** Share of the task's weight that a SOP's words must cover, and the least similarity of its nearest wording. */
  coverageMin: 0.1,
  similarityMin: 0.1,
  /**
   * The relevance it takes to be served to somebody who wants to be sure, times how sure: .45 at .7. Chosen on training halves of
   * small namespaces, where it serves more of what recurs and less of what is new than bounds of coverage and similarity did.
   */
  clear: 0.64,
  /** From this confidence on one matching word is not enough. */
  sureFrom: 0.5,
  /** Share of the best SOP's worth below which another is not served, and below which it is not even arranged (`arrange`). */
  nearBest: 0.7,
  arranged: 0.4,
  /** Shares of the worth that similarity and the SOP's own confidence decide. */
  near: 0.2,
  sure: 0.2,
  matchedMax: 12,
} as const;

/** Builds an index over SOPs; to spread the work over many turns, start with none and `put` them one by one. */
export function createIndex(sops: readonly ServedSop[]): SopIndex {
  const index = createTermIndex();
  for (const sop of sops) index.put(sop);
  return {
    get size() {
      return index.size;
    },
    put: (sop) => index.put(sop),
    remove: (sopId) => index.remove(sopId),
    rank: (query) => rankIn(index, query),
  };
}

/** Ranks SOPs once; for many questions build the index once. */
export function rank(query: RankQuery & { readonly sops: readonly ServedSop[] }): RankedSop[] {
  return createIndex(query.sops).rank(query);
}

/** Ranks what an index holds, whichever keeps it. */
export function rankIn<Sop extends RankedIdentity>(
  index: AskedIndex<Sop>,
  query: RankQuery,
): RankedSop<Sop>[] {
  const terms = toTerms(query.task, true);
  if (terms.length === 0 || query.limit <= 0 || index.size === 0) return [];
  const weighed = weigh(index, terms);
  const neighbours = findNeighbours(index, weighed, ranking.neighbours);
  const top = neighbours[0];
  const sure = Math.min(1, Math.max(0, query.minConfidence));
  if (top === undefined || top.similarity < ranking.similarityMin) return [];
  const words = terms.filter(({ term }) => isWord(term));
  const votes = toVotes(neighbours, top.similarity);
  const ranked: (RankedSop<Sop> & { readonly worth: number })[] = [];
  for (const [indexed, { similarity }] of votes) {
    const match = toMatch(index, words, indexed);
    if (match.coverage < ranking.coverageMin || similarity < ranking.similarityMin) continue;
    if (sure >= ranking.sureFrom && words.length > 2 && match.matched.length < 2) continue;
    const expected = toExpected(index, indexed, votes);
    const relevance = toRelevance(similarity, match.coverage, expected);
    if (relevance < ranking.clear * sure) continue;
    const worth =
      expected *
      (1 - ranking.near + (ranking.near * similarity) / top.similarity) *
      (1 - ranking.sure + ranking.sure * indexed.sop.confidence);
    ranked.push({ sop: indexed.sop, relevance, matched: match.matched, worth });
  }
  // A sure SOP is no answer where an unsure one fits much better: then the right answer is not known yet.
  const least = (query.nearBest ?? ranking.nearBest) * Math.max(0, ...ranked.map((each) => each.worth));
  return ranked
    .filter((each) => each.sop.confidence >= query.minConfidence && each.worth >= least)
    .sort((a, b) => b.worth - a.worth || (a.sop.sopId < b.sop.sopId ? -1 : 1))
    .slice(0, query.limit)
    .map(({ sop, relevance, matched }) => ({ sop, relevance, matched }));
}

interface Vote {
  similarity: number;
  weight: number;
}

function toVotes<Sop extends RankedIdentity>(
  neighbours: readonly Neighbour<Sop>[],
  best: number,
): Map<AskedSop<Sop>, Vote> {
  const votes = new Map<AskedSop<Sop>, Vote>();
  for (const { wording, similarity } of neighbours) {
    const vote = votes.get(wording.of) ?? { similarity, weight: 0 };
    vote.weight += (similarity / best) ** (ranking.power * best);
    votes.set(wording.of, vote);
  }
  return votes;
}

/** How alike a SOP's procedure is to what the neighbours vote for: the score it may expect. */
function toExpected<Sop extends RankedIdentity>(
  index: AskedIndex<Sop>,
  indexed: AskedSop<Sop>,
  votes: ReadonlyMap<AskedSop<Sop>, Vote>,
): number {
  let sum = 0;
  let weights = 0;
  for (const [other, { weight }] of votes) {
    sum += weight * index.book.likeness(indexed.sequence, other.sequence);
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}

interface Match {
  readonly coverage: number;
  readonly matched: readonly string[];
}

/** The share of the task's words, by weight, that stand in a SOP's wordings or tool names. */
function toMatch<Sop extends RankedIdentity>(
  index: AskedIndex<Sop>,
  words: readonly Term[],
  indexed: AskedSop<Sop>,
): Match {
  let all = 0;
  let covered = 0;
  const matched: { readonly term: string; readonly weight: number }[] = [];
  for (const { term, weight } of words) {
    const scaled = weight * index.idfOf(term);
    all += scaled;
    if (!indexed.words.has(term)) continue;
    covered += scaled;
    matched.push({ term, weight: scaled });
  }
  const strongest = matched.sort((a, b) => b.weight - a.weight || (a.term < b.term ? -1 : 1));
  return {
    coverage: all === 0 ? 0 : covered / all,
    matched: strongest.slice(0, ranking.matchedMax).map(({ term }) => term),
  };
}

function toRelevance(similarity: number, coverage: number, expected: number): number {
  return Math.round(Math.min(1, Math.sqrt(similarity * coverage) * (0.5 + 0.5 * expected)) * 10_000) / 10_000;
}
