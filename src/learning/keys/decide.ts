/**
 * Which argument key tells the calls of a tool apart, if any: a pure function of what was counted. It asks for clear
 * evidence, since whatever it says changes the symbols of every call of the tool.
 */
import {
  type Buckets,
  type KeyCounts,
  type Side,
  sides,
  type ToolCounts,
  type WordCounts,
} from './key-counts.ts';

/** The key of a tool that tells its calls apart, and its words. */
export interface Discriminator {
  readonly key: string;
  readonly words: ReadonlySet<string>;
}

export const deciding = {
  /** A word needs so many episodes, of so many wordings; where several people share the namespace, of so many of them. */
  episodesMin: 3,
  wordingsMin: 2,
  principalsMin: 2,
  wordsMin: 2,
  wordsMax: 12,
  /** The share of the tool's calls that have such a word. */
  callsShare: 0.8,
  /** By how much better than without the word one knows what stands at a side. */
  decidedMin: 0.5,
  /** A key whose words are mostly those of the task is what the task is about: then only other arguments tell. */
  askedMax: 0.5,
  /** A key whose word the task nearly always says is given to the tool, as the user is that it logs in. */
  givenMax: 0.9,
} as const;

/** Looks at each key; the one that decides most, in the order of their names. */
export function decide({ calls, keys }: ToolCounts, shared: boolean): Discriminator | undefined {
  let best: Discriminator | undefined;
  let most: number = deciding.decidedMin;
  for (const [key, counts] of [...keys].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const words = findWords(counts, calls, shared);
    if (words === undefined) continue;
    const decided = Math.max(
      ...toSides(words).map((side) => toGain(words.map(([, own]) => own.decided[side]))),
    );
    if (decided < most || (best !== undefined && decided === most)) continue;
    most = decided;
    best = { key, words: new Set(words.map(([word]) => word)) };
  }
  return best;
}

type Worded = readonly (readonly [string, WordCounts])[];

/** The words that are well known, where they are a choice of few and nearly all that the tool is called with. */
function findWords(
  { isWide, words, calls: withKey }: KeyCounts,
  calls: number,
  shared: boolean,
): Worded | undefined {
  if (isWide || words.size < deciding.wordsMin || withKey < calls * deciding.callsShare) return undefined;
  const known = [...words].filter(
    ([, { episodes, wordings, principals }]) =>
      episodes >= deciding.episodesMin &&
      wordings.size >= deciding.wordingsMin &&
      (!shared || principals.size >= deciding.principalsMin),
  );
  if (known.length < deciding.wordsMin || known.length > deciding.wordsMax) return undefined;
  const covered = known.reduce((sum, [, own]) => sum + own.calls, 0);
  return covered < calls * deciding.callsShare ? undefined : known;
}

function toSides(words: Worded): readonly Side[] {
  const calls = words.reduce((sum, [, own]) => sum + own.calls, 0);
  const asked = words.reduce((sum, [, own]) => sum + own.asked, 0);
  if (asked > calls * deciding.givenMax) return none;
  return asked > calls * deciding.askedMax ? ['others'] : sides;
}

const none: readonly never[] = [];

/** The share of wrong guesses at a side that knowing the word spares (Goodman and Kruskal's lambda). */
function toGain(bySide: readonly Buckets[]): number {
  const all: Buckets = new Map();
  let known = 0;
  let calls = 0;
  for (const buckets of bySide) {
    known += Math.max(0, ...buckets.values());
    for (const [bucket, count] of buckets) {
      all.set(bucket, (all.get(bucket) ?? 0) + count);
      calls += count;
    }
  }
  const blind = Math.max(0, ...all.values());
  return calls === blind ? 0 : (known - blind) / (calls - blind);
}
