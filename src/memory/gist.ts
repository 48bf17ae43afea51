/**
 * What a statement says without how it is said: its stems in their order, without signs, fillers and case. Two wordings
 * with one gist are one memory; everything that could change the meaning (numbers, names, negations, order) stays in it.
 */
import { isEmptyWord, toPlain, toStem } from './words.ts';

/** One word of a statement: as it stands there, and as it is compared. */
export interface GistWord {
  readonly word: string;
  readonly stem: string;
}

/** Words read of one text. */
const wordsMax = 2_000;
/** What people put around a statement. */
const fillers = new Set(
  'actually always_note basically fyi hi kindly note ok okay please really remember simply that well'.split(
    ' ',
  ),
);
const negations = new Set(['not', 'no', 'never', 'none', 'neither', 'nor', 'without', 'cannot']);
const contracted = /n['’]t\b/g;
const token = /[\p{L}\p{N}$€£#][\p{L}\p{M}\p{N}%]*(?:[._\-/:@+][\p{L}\p{M}\p{N}]+)*/gu;

/** The words that make the gist, in their order. Prepositions and verbs like "is" carry no weight; "not" does. */
export function toGistWords(text: string): readonly GistWord[] {
  const words: GistWord[] = [];
  for (const [word] of toPlain(text).replace(contracted, ' not').matchAll(token)) {
    if (words.length >= wordsMax) break;
    if (isEmptyWord(word) || fillers.has(word)) continue;
    words.push({ word, stem: negations.has(word) ? 'not' : toStem(word) });
  }
  return words;
}

/** One line that is equal for wordings of one statement; for a text without any telling word it is the text itself. */
export function toGist(text: string): string {
  const gist = toGistWords(text)
    .map(({ stem }) => stem)
    .join(' ');
  return gist === '' ? toPlain(text).replace(/\s+/g, ' ').trim() : gist;
}

/** How much two texts share of their words, 0 to 1. */
export function findLikeness(one: string, other: string): number {
  const [a, b] = [new Set(toGistWords(one).map(toStemOf)), new Set(toGistWords(other).map(toStemOf))];
  const shared = [...a].filter((stem) => b.has(stem)).length;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}

function toStemOf({ stem }: GistWord): string {
  return stem;
}
