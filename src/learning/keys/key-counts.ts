/**
 * What is counted of a tool's calls to find the argument key that tells them apart. Whatever is counted can be taken back;
 * people, wordings and what stands around a call are counted in buckets, so that a tool's counts stay small.
 */
import { hashText } from '../foresight/hashing.ts';
import { getOr } from '../get-or.ts';
import type { CallSymbol } from '../symbol.ts';
import type { Choice } from './choices.ts';

export const keyBounds = {
  /** Tools that are counted: beyond that half of their lots are let go. */
  toolsMax: 5_000,
  /** Keys of one tool, and words of one key, that are counted: what has more is no choice. */
  keysMax: 24,
  wordsMax: 32,
  /** Buckets of one count. */
  bucketsMax: 64,
} as const;

/** What a word may decide: the call's other arguments, what was called before, what was called after. */
export const sides = ['others', 'before', 'after'] as const;
export type Side = (typeof sides)[number];

export type Buckets = Map<number, number>;

export interface WordCounts {
  calls: number;
  /** Calls whose word stands in the task. */
  asked: number;
  /** Episodes in which an agent chose the word itself. */
  episodes: number;
  readonly wordings: Buckets;
  readonly principals: Buckets;
  readonly decided: Readonly<Record<Side, Buckets>>;
}

export interface KeyCounts {
  calls: number;
  /** True once it had more words than are counted. */
  isWide: boolean;
  readonly words: Map<string, WordCounts>;
}

export interface ToolCounts {
  calls: number;
  /** True once it had more keys than are counted; then none is. */
  isWide: boolean;
  readonly keys: Map<string, KeyCounts>;
}

/** A call with what it chose. */
export interface ChosenCall {
  readonly symbol: CallSymbol;
  readonly choices: readonly Choice[];
}

/** Whose calls these are. */
export interface Caller {
  readonly principal: string;
  readonly wording: string;
}

/** What one call is counted with. */
export interface Counting {
  readonly caller: Caller;
  /** What was counted for the episode already. */
  readonly chose: Set<string>;
  readonly sign: 1 | -1;
}

/** Counts the `at`th of an episode's calls, or takes it back. */
export function countCall(
  counts: ToolCounts,
  calls: readonly ChosenCall[],
  at: number,
  counting: Counting,
): void {
  const { caller, chose, sign } = counting;
  counts.calls += sign;
  const call = calls[at];
  for (const [key, word, origin] of call?.choices ?? []) {
    const said = countWord(counts, key, word, sign);
    if (said === undefined) continue;
    if (origin === 'task') said.asked += sign;
    for (const side of sides) add(said.decided[side], toBucket(toSide(side, calls, at, key)), sign);
    const choice = `${call?.symbol.tool ?? ''}\n${key}\n${word}`;
    if (origin === 'result' || chose.has(choice)) continue;
    chose.add(choice);
    said.episodes += sign;
    add(said.wordings, toBucket(caller.wording), sign);
    add(said.principals, toBucket(caller.principal), sign);
  }
}

/** The counts of a word, with one call more or less; undefined where there are too many. */
function countWord(tool: ToolCounts, key: string, word: string, sign: 1 | -1): WordCounts | undefined {
  const { keys } = tool;
  if (!tool.isWide && !keys.has(key) && keys.size >= keyBounds.keysMax) {
    tool.isWide = true;
    keys.clear();
  }
  if (tool.isWide) return undefined;
  const own = getOr(keys, key, () => ({ calls: 0, isWide: false, words: new Map() }));
  own.calls += sign;
  if (own.calls === 0) keys.delete(key);
  if (!own.isWide && !own.words.has(word) && own.words.size >= keyBounds.wordsMax) {
    own.isWide = true;
    own.words.clear();
  }
  if (own.isWide) return undefined;
  const said = getOr(own.words, word, noWord);
  said.calls += sign;
  if (said.calls === 0) own.words.delete(word);
  return said;
}

/** What stands at a side of a call: names, and of calls of the same tool what they chose. */
function toSide(side: Side, calls: readonly ChosenCall[], at: number, key: string): string {
  const call = calls[at];
  if (side === 'others') return call?.symbol.keys.join(' ') ?? '';
  const beside = calls[side === 'before' ? at - 1 : at + 1];
  if (beside === undefined) return '';
  const { tool, program } = beside.symbol;
  const word = tool === call?.symbol.tool ? beside.choices.find(([own]) => own === key)?.[1] : undefined;
  return `${tool} ${word ?? program}`;
}

const toBucket = (text: string) => hashText(text) % keyBounds.bucketsMax;

const noWord = (): WordCounts => ({
  calls: 0,
  asked: 0,
  episodes: 0,
  wordings: new Map(),
  principals: new Map(),
  decided: { others: new Map(), before: new Map(), after: new Map() },
});

function add(buckets: Buckets, bucket: number, sign: 1 | -1): void {
  const count = (buckets.get(bucket) ?? 0) + sign;
  if (count === 0) buckets.delete(bucket);
  else buckets.set(bucket, count);
}
