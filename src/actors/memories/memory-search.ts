/**
 * Finding memories: words that are rare enough are looked for, what is found is ranked by what its words say, and orders
 * of several kinds of search become one. Every question costs a bounded number of rows, whatever its words.
 */
import type { MemoryKind } from '../../../machines/words/memories.ts';
import { chooseWords, fuse, toRelevance, toWords } from '../../memory/memory.ts';
import type { StoredMemory, Trx, Viewer } from '../../store/store.ts';
import { getMemories, searchMemories, weighMemoryWords } from '../../store/store.ts';

/** A memory and how well it answers the question, 0 to 1. */
export interface RankedMemory {
  readonly memory: StoredMemory;
  readonly relevance: number;
}

export interface MemoryQuestion {
  readonly text: string;
  readonly kinds?: readonly MemoryKind[] | undefined;
  readonly limit: number;
}

/** Rows that the words looked for should have, together. */
const lookedAtMax = 500;
/** Rows that are ranked again by what their words say. */
const rankedMax = 100;
/** How much importance moves a place in the order. */
const importancePull = 0.2;

/** The best memories for a text, best first. */
export async function findMemories(
  trx: Trx,
  viewer: Viewer,
  { text, kinds, limit }: MemoryQuestion,
): Promise<readonly RankedMemory[]> {
  const weights = await weighMemoryWords(trx, { text, terms: toWords(text) });
  if (weights.length === 0) return [];
  const { words, together } = chooseWords(weights, lookedAtMax);
  const every = weights.map(({ word }) => word);
  const found = await searchMemories(trx, viewer, { words, together, every, kinds, limit: rankedMax });
  const relevances = new Map(found.map(({ memoryId, matched }) => [memoryId, toRelevance(weights, matched)]));
  const byWords = [...found].sort(
    (a, b) => (relevances.get(b.memoryId) ?? 0) - (relevances.get(a.memoryId) ?? 0) || b.score - a.score,
  );
  const fused = fuse([byWords.map(({ memoryId }) => memoryId)]).slice(0, limit * 2);
  const places = new Map(fused.map(({ id, score }) => [id, score]));
  const memories = await getMemories(trx, viewer, [...places.keys()]);
  const pull = ({ memoryId, importance }: StoredMemory): number =>
    (places.get(memoryId) ?? 0) * (1 + importancePull * (importance - 0.5));
  return [...memories]
    .sort((a, b) => pull(b) - pull(a))
    .slice(0, limit)
    .map((memory) => ({ memory, relevance: relevances.get(memory.memoryId) ?? 0 }));
}
