/**
 * Ranking: which words of a question are worth looking for, what a match of them says, and how several orders become
 * one. A word that half of all memories have says one bit; one that a thousandth has says ten.
 */

/** How often a word was met in a sample of a namespace's memories. */
export interface WordWeight {
  readonly word: string;
  readonly hits: number;
  readonly sampled: number;
  /** About how many memories there are in all. */
  readonly about: number;
}

/** What to look for: memories with any of these words, or with all of them. */
export interface WordChoice {
  readonly words: readonly string[];
  readonly together: boolean;
}

/** What is expected of a word before anything was counted: this many memories, one in a hundred of which has it. */
const priorMemories = 50;
const priorShare = 0.01;
/** Of words that are all common, so many must be there together. */
const togetherMax = 3;
/** Reciprocal rank fusion: how much the first places are ahead. */
const fusionConstant = 60;

function toShare({ hits, sampled }: WordWeight): number {
  return (hits + priorMemories * priorShare) / (sampled + priorMemories);
}

/** What meeting this word says, in bits. */
export function toBits(weight: WordWeight): number {
  return -Math.log2(toShare(weight));
}

/**
 * Words whose matches stay few enough to be looked at one by one: the rarest first, as many as fit. Where even the
 * rarest is too common, the rarest ones are asked for together.
 */
export function chooseWords(weights: readonly WordWeight[], lookedAtMax: number): WordChoice {
  const byRarity = [...weights].sort((a, b) => a.hits - b.hits || (a.word < b.word ? -1 : 1));
  if ((byRarity[0]?.about ?? 0) <= lookedAtMax)
    return { words: byRarity.map(({ word }) => word), together: false };
  const words: string[] = [];
  let expected = 0;
  for (const weight of byRarity) {
    // A word that the sample lacks may still have a few hundred: half a hit is counted for it.
    expected += (Math.max(weight.hits, 0.5) / weight.sampled) * weight.about;
    if (expected > lookedAtMax) break;
    words.push(weight.word);
  }
  if (words.length > 0) return { words, together: false };
  return { words: byRarity.slice(0, togetherMax).map(({ word }) => word), together: true };
}

/** What a memory's matched words say of a question, 0 to 1: the share of the question, and how much it is at all. */
export function toRelevance(weights: readonly WordWeight[], matched: readonly string[]): number {
  const asked = sumBits(weights);
  if (asked <= 0) return 0;
  const found = new Set(matched);
  const met = sumBits(weights.filter(({ word }) => found.has(word)));
  return Math.sqrt(met / asked) * (1 - 2 ** (-met / 6));
}

function sumBits(weights: readonly WordWeight[]): number {
  return weights.reduce((sum, weight) => sum + toBits(weight), 0);
}

/** Several orders of ids, best first, as one: reciprocal ranks are added up. Equal sums keep the order of the lists. */
export function fuse(
  orders: readonly (readonly string[])[],
): readonly { readonly id: string; readonly score: number }[] {
  const scores = new Map<string, number>();
  for (const order of orders) {
    for (const [place, id] of order.entries())
      scores.set(id, (scores.get(id) ?? 0) + 1 / (fusionConstant + place + 1));
  }
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}
