/**
 * What a statement says without how it is said: its words in their order, without articles, case and what only opens it.
 * Two wordings with one gist are one memory, and the second one is not kept: so whatever could change the meaning stays
 * in it, endings, signs such as `<` and words such as "off", "of" and "is" included. In doubt, both are kept.
 */
import { isEmptyWord, toPlain, toStem } from './words.ts';

/** One word or sign of a statement: as it stands there in small letters, and without its ending for what is only likened. */
export interface GistWord {
  readonly word: string;
  readonly stem: string;
}

/** Words and signs read of one text: more than the longest memory has. */
const wordsMax = 40_000;
/** How a statement is begun without saying anything: "Please remember that …", "FYI …", "OK, …". */
const opening =
  /^(?:\s*(?:(?:ok(?:ay)?|hi|hello|well|note|remember)\s*[,:!]|(?:note|remember)\s+that(?=\s)|(?:fyi|please|kindly)(?=[\s,:])[,:]?)){1,4}(?=\s)/i;
/** Behind "a", these say something else than without it ("few tests", "5 a day"); before it as well. */
const counting = new Set('few little lot number and or'.split(' '));
const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bcan['’]t\b|\bcannot\b/gi, 'can not'],
  [/\bwon['’]t\b/gi, 'will not'],
  [/n['’]t\b/gi, ' not'],
];
/** Scripts without spaces are read sign by sign. */
const unspaced = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Khmer}\p{sc=Lao}\p{sc=Myanmar}]\p{M}*`;
const letter = String.raw`(?!${unspaced})[\p{L}\p{N}]`;
/** A name or number with what holds it together and belongs to it: `v1.2`, `-5`, `--force`, `c++`, `50%`. */
const name =
  String.raw`(?:(?<![\p{L}\p{N}])[-+−]{1,2})?[\p{Sc}#]?${letter}(?:${letter}|[\p{M}%])*` +
  String.raw`(?:[._\-/:@+](?:${letter}|\p{M})+)*(?:\+\+|[#+])?`;
/** Signs that say something alone: comparisons, arrows, ticks and crosses, currencies, a question. */
const sign = String.raw`!?\p{Sm}+|\p{So}|\p{Sc}|[%/?^&]`;
const token = new RegExp(`${unspaced}|${name}|${sign}`, 'gu');

/** What makes the gist, in its order. */
export function toGistWords(text: string): readonly GistWord[] {
  let plain = text.normalize('NFKC').replace(opening, '');
  for (const [short, long] of contractions) plain = plain.replace(short, long);
  const all: string[] = [];
  for (const [word] of plain.matchAll(token)) {
    if (all.length >= wordsMax) break;
    all.push(word);
  }
  return all.flatMap((spelt, at) => {
    const word = spelt.toLowerCase();
    return word === 'the' || isArticle(all, at) ? [] : [{ word, stem: toStem(word) }];
  });
}

/** "A" can be a name as well, and is an article for sure in small letters, or as the first word, before another word. */
function isArticle(all: readonly string[], at: number): boolean {
  const spelt = all[at] ?? '';
  const isSpeltSo = spelt === 'a' || spelt === 'an' || (at === 0 && /^an?$/i.test(spelt));
  const next = all[at + 1]?.toLowerCase() ?? '';
  return isSpeltSo && /^\p{L}{2}/u.test(next) && !counting.has(next) && !/\p{N}/u.test(all[at - 1] ?? '');
}

/** One line that is equal for wordings of one statement; for a text without any telling word it is the text itself. */
export function toGist(text: string): string {
  const gist = toGistWords(text)
    .map(({ word }) => word)
    .join(' ');
  return gist === '' ? toPlain(text).replace(/\s+/g, ' ').trim() : gist;
}

/** How much two texts share of the words that tell what they are about, 0 to 1. */
export function findLikeness(one: string, other: string): number {
  const [a, b] = [toTelling(one), toTelling(other)];
  const shared = [...a].filter((stem) => b.has(stem)).length;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** Whether a word tells what a statement is about; "on" and "<" only turn it. */
export function isTelling({ word }: GistWord): boolean {
  return !isEmptyWord(word) && /[\p{L}\p{N}]/u.test(word);
}

function toTelling(text: string): ReadonlySet<string> {
  return new Set(toGistWords(text).filter(isTelling).map(toStemOf));
}

function toStemOf({ stem }: GistWord): string {
  return stem;
}
