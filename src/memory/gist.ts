/**
 * What a statement says without how it is said: its words in their order, without articles, fillers, case and English
 * endings. Two wordings with one gist are one memory, and the second one is not kept: so whatever could change the meaning
 * stays in it, signs such as `<` and words such as "off", "under" and "or" included.
 */
import { isEmptyWord, toPlain, toStem } from './words.ts';

/** One word or sign of a statement: as it stands there, and as it is compared. */
export interface GistWord {
  readonly word: string;
  readonly stem: string;
}

/** Words and signs read of one text: more than the longest memory has. */
const wordsMax = 40_000;
/** Words without which a statement says the same. */
const light = new Set(
  (
    'a am an and are at be do does for has have having is it its of that the there these this those with ' +
    'actually basically fyi hi kindly note ok okay please really remember simply well'
  ).split(' '),
);
const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bcan['’]t\b|\bcannot\b/g, 'can not'],
  [/\bwon['’]t\b/g, 'will not'],
  [/n['’]t\b/g, ' not'],
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
  let plain = toPlain(text);
  for (const [short, long] of contractions) plain = plain.replace(short, long);
  const words: GistWord[] = [];
  for (const [word] of plain.matchAll(token)) {
    if (words.length >= wordsMax) break;
    if (!light.has(word)) words.push({ word, stem: toStem(word) });
  }
  return words;
}

/** One line that is equal for wordings of one statement; for a text without any telling word it is the text itself. */
export function toGist(text: string): string {
  const gist = toGistWords(text).map(toStemOf).join(' ');
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
