/**
 * What indexes over SOPs count alike, however they keep it: what a wording says, what a term weighs, how tools are named.
 * Nothing here may depend on what was there before or in which order it came.
 */
import { type Term, toNameWords, toStem, toTerms } from './terms.ts';

/** What a term says about procedures: estimated from `sampleMax` documents, drawn to the middle by `shrink` pairs. */
export const lifting = { sampleMax: 24, shrink: 4, share: 1, named: 0.4 } as const;

/** One wording of a SOP, as far as it depends on nothing else. */
export interface WordingFacts {
  readonly terms: readonly Term[];
  /** Its place in an order that has nothing to do with what it says, nor with when it came. */
  readonly lot: number;
  /** Length without weights of terms: never counted anew. */
  readonly plainNorm: number;
}

/** The wording that stands at a place of a SOP. */
export function toWordingFacts(text: string, sopId: string, at: number): WordingFacts {
  const terms = toTerms(text, true);
  const plainNorm = Math.sqrt(terms.reduce((sum, { weight }) => sum + weight * weight, 0)) || 1;
  return { terms, plainNorm, lot: toLot(`${sopId} ${at}`) };
}

/** What a term weighs by how many wordings of all have it. */
export function toIdf(all: number, having: number): number {
  return 1 + Math.log((all + 20) / (having + 1));
}

/** Stems of the words of a tool's name. */
export function toToolStems(tool: string): string[] {
  return toNameWords(tool).map(toStem);
}

/** Whole words only: no pairs, beginnings or value classes. */
export function isWord(term: string): boolean {
  return !/^[~#]| /.test(term);
}

/** Counts up or down; what nobody has any more is forgotten. */
export function bump<Key>(counts: Map<Key, number>, key: Key, by: number): number {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
  return next;
}

/** A number from 0 to 2^32 - 1 that looks like chance and is the same for the same text (FNV-1a). */
function toLot(text: string): number {
  let lot = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) lot = Math.imul(lot ^ text.charCodeAt(at), 0x01000193);
  return lot >>> 0;
}

/** How many different tools have a word in their name. */
export function createNameCounts() {
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

/** Around 1: how concentrated the tools are that follow where a term stands; of a sample's SOPs the tools of each. */
export function toLift(sample: readonly (readonly string[])[]): number {
  const sums = new Map<string, number>();
  let count = 0;
  let squares = 0;
  for (const tools of sample) {
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
