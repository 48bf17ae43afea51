/**
 * Ranking: what a match of a question's words says, and how several orders become one. A word that half of all memories have says one bit; one that a thousandth has says ten.
 */

/** How often a word was met in a sample of a namespace's memories. */
export interface WordWeight {
  readonly word: string;
  readonly hits: number;
  readonly sampled: number;
}

/** What is expected of a word before anything was counted: this many memories, one in a hundred of which has it. */
const priorMemories = 50;
const priorShare = 0.01;
/** Reciprocal rank fusion: how much the first places are ahead. */
const fusionConstant = 60;

function toShare({ hits, sampled }: WordWeight): number {
  return (hits + priorMemories * priorShare) / (sampled + priorMemories);
}

/** What meeting this word says, in bits. */
export function toBits(weight: WordWeight): number {
  return -Math.log2(toShare(weight));
}

/** What a memory's matched words say of a question, 0 to 1: the share of the question, and how much it is at all. */
export function toRelevances(weights: readonly WordWeight[]): (matched: readonly string[]) => number {
  const bits = new Map(weights.map((weight) => [weight.word, toBits(weight)]));
  let asked = 0;
  for (const said of bits.values()) asked += said;
  return (matched) => {
    if (asked <= 0) return 0;
    let met = 0;
    for (const word of matched) met += bits.get(word) ?? 0;
    return Math.sqrt(met / asked) * (1 - 2 ** (-met / 6));
  };
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
