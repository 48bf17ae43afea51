/**
 * Finding memories: words that are rare enough are looked for, what is found is ranked by what its words say, and orders
 * of several kinds of search become one. Every question costs a bounded number of rows, whatever its words.
 */
import type { MemoryKind } from '../../../machines/words/memories.ts';
import { fuse, isSlip, isSpellable, toRelevances, toWords } from '../../memory/memory.ts';
import type { FoundMemory, MemoriesLook, StoredMemory, Trx, Viewer } from '../../store/store.ts';
import { getMemories, lookForMemories, searchVectors } from '../../store/store.ts';

/** A memory and how well it answers the question, 0 to 1. */
export interface RankedMemory<Memory extends StoredMemory = StoredMemory> {
  readonly memory: Memory;
  readonly relevance: number;
}

export interface MemoryQuestion {
  readonly text: string;
  readonly kinds?: readonly MemoryKind[] | undefined;
  readonly limit: number;
  /** Words that nothing has are taken for misspelt ones as well. */
  readonly spelling?: boolean;
  /** What the text means, where that is known. */
  readonly meaning?: Meaning | undefined;
}

/** What a text means, in the space of one model. */
export interface Meaning {
  readonly space: string;
  readonly vector: readonly number[];
  /** What is less like it than this is not found by it. */
  readonly likenessMin: number;
}

/** Reads memories in the order in which they are named; the last question of a search. */
type ReadMemories<Memory> = (
  trx: Trx,
  viewer: Viewer,
  memoryIds: readonly string[],
) => Promise<readonly Memory[]>;

/** Rows that are ranked again by what their words say. */
const rankedMax = 100;
/** What is found by a word that was not asked for in these letters fits less. */
const slipPull = 0.7;
/** Found by its meaning alone, it fits less than one that says so in these words. */
const meaningPull = 0.7;
/** Rows that are looked for by their meaning. */
const nearMax = 50;
/** How much importance moves a place in the order. */
const importancePull = 0.2;

/** One kind of search: its order, best first, and how well each one fits. */
interface Hits {
  readonly order: readonly string[];
  readonly relevances: ReadonlyMap<string, number>;
}

/** The best memories for a text, best first. */
export async function findMemories(
  trx: Trx,
  viewer: Viewer,
  question: MemoryQuestion,
): Promise<readonly RankedMemory[]> {
  return findMemoriesAs(trx, viewer, question, getMemories);
}

/** The same, as `read` reads them: nothing is asked after it. */
export async function findMemoriesAs<Memory extends StoredMemory>(
  trx: Trx,
  viewer: Viewer,
  question: MemoryQuestion,
  read: ReadMemories<Memory>,
): Promise<readonly RankedMemory<Memory>[]> {
  const { text, limit, kinds } = question;
  const terms = toWords(text);
  const spelled = question.spelling === true ? terms.filter(isSpellable) : undefined;
  const look = await lookForMemories(trx, viewer, { text, terms, spelled, kinds, limit: rankedMax });
  const byWords = toHits(look);
  const bySlips = await findBySlips(trx, viewer, question, look);
  const byMeaning = await findByMeaning(trx, viewer, question);
  const lists = [byWords, bySlips, byMeaning].filter((hits) => hits !== undefined);
  const fused = fuse(lists.map(({ order }) => order)).slice(0, limit * 2);
  const places = new Map(fused.map(({ id, score }) => [id, score]));
  const memories = await read(trx, viewer, [...places.keys()]);
  const pull = ({ memoryId, importance }: StoredMemory): number =>
    (places.get(memoryId) ?? 0) * (1 + importancePull * (importance - 0.5));
  const fit = ({ memoryId }: StoredMemory): number =>
    Math.max(
      byWords.relevances.get(memoryId) ?? 0,
      (bySlips?.relevances.get(memoryId) ?? 0) * slipPull,
      (byMeaning?.relevances.get(memoryId) ?? 0) * meaningPull,
    );
  return [...memories]
    .sort((a, b) => pull(b) - pull(a))
    .slice(0, limit)
    .map((memory) => ({ memory, relevance: fit(memory) }));
}

function toHits({ weights, found }: MemoriesLook): Hits {
  const toFit = toRelevances(weights);
  const relevances = new Map(found.map(({ memoryId, matched }) => [memoryId, toFit(matched)]));
  const fit = ({ memoryId }: FoundMemory): number => relevances.get(memoryId) ?? 0;
  const order = [...found].sort((a, b) => fit(b) - fit(a) || b.score - a.score);
  return { order: order.map(({ memoryId }) => memoryId), relevances };
}

/** Those whose meaning is near; where nothing is known of that, no search at all. */
async function findByMeaning(
  trx: Trx,
  viewer: Viewer,
  { meaning, kinds }: MemoryQuestion,
): Promise<Hits | undefined> {
  if (meaning === undefined) return undefined;
  const found = await searchVectors(trx, viewer, { ...meaning, kinds, limit: nearMax });
  const near = found.filter(({ likeness }) => likeness >= meaning.likenessMin);
  return {
    order: near.map(({ memoryId }) => memoryId),
    relevances: new Map(near.map(({ memoryId, likeness }) => [memoryId, Math.min(likeness, 1)])),
  };
}

/** The same search once more, with known words in place of those that nothing was found by. */
async function findBySlips(
  trx: Trx,
  viewer: Viewer,
  { text, kinds }: MemoryQuestion,
  { weights, found, similar }: MemoriesLook,
): Promise<Hits | undefined> {
  const meant = similar.filter(({ wanted, word }) => isSlip(wanted, word)).map(({ word }) => word);
  if (meant.length === 0) return undefined;
  // What was spelt right counts as well: it tells which of the memories with the word meant is the right one.
  const met = new Set([
    ...weights.filter(({ hits }) => hits > 0).map(({ word }) => word),
    ...found.flatMap(({ matched }) => matched),
  ]);
  const terms = [...new Set([...meant, ...toWords(text).filter((word) => met.has(word))])];
  return toHits(await lookForMemories(trx, viewer, { text: '', terms, kinds, limit: rankedMax }));
}
