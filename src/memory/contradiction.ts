/**
 * Whether two statements look as if they could not both hold. Three signs count: the same with and without a negation,
 * the same with opposite words, and the same about one thing with another value. It only ever suggests a link.
 */
import { isTelling, toGistWords } from './gist.ts';
import type { GistWord } from './gist.ts';

export interface Contradiction {
  /** How sure, 0 to 1. */
  readonly confidence: number;
  readonly sign: 'negation' | 'opposite' | 'value';
}

/** Telling words that two statements must share to be about one thing; one is enough where only a sign turns them. */
const sharedMin = 2;
const sharedWithSignMin = 1;
/** Words that may differ in one place. */
const differingMax = 3;

const pairs = [
  'enabled disabled',
  'enable disable',
  'on off',
  'true false',
  'yes no',
  'allowed forbidden',
  'allow deny',
  'required optional',
  'open closed',
  'public private',
  'start stop',
  'started stopped',
  'up down',
  'synchronous asynchronous',
  'likes dislikes',
  'like dislike',
  'prefer avoid',
  'prefers avoids',
  'use avoid',
  'uses avoids',
  'supported unsupported',
  'safe unsafe',
  'light dark',
  'tabs spaces',
  'before after',
  'in out',
  'over under',
  'above below',
  'always sometimes',
  'include exclude',
  'includes excludes',
  'included excluded',
  'add remove',
  'more less',
  'connected disconnected',
  'allowed disallowed',
  'activate deactivate',
  'active inactive',
  'first last',
  'minimum maximum',
  'increase decrease',
] as const;
const opposites = new Map<string, Set<string>>();
for (const pair of pairs) {
  const [one = '', other = ''] = pair.split(' ');
  opposites.set(one, (opposites.get(one) ?? new Set()).add(other));
  opposites.set(other, (opposites.get(other) ?? new Set()).add(one));
}

/** What turns a statement round, in some languages; sentences in others are only compared word by word. */
const negations = new Set(
  (
    'not no never none neither nor without nicht kein keine keinen keinem keiner nie niemals ohne pas jamais sans nunca jamás ' +
    'не нет никогда без لا لم لن ليس 不 未 没 沒 無 无'
  ).split(' '),
);
/** What says the same as nothing in its place, beside a negation there. */
const affirmations = new Set('always ever ne всегда 已 了'.split(' '));
/** Words that may stand in one of two contradicting statements only; a gist keeps them, as they can change what is meant. */
const loose = new Set(
  (
    'am and are at be do does for has have having is it its of that there these this those with actually basically note ok okay ' +
    'please really remember simply well'
  ).split(' '),
);
/** What makes the opposite of a word in front of it; shorter words than that only look as if. */
const turning = ['un', 'non-'];
const turnedLettersMin = 4;
/** A number, version, date, address, path, name with a sign in it, or a comparison: what a statement gives as value. */
const value = /\d|[/@:.]|\p{Sm}|\p{So}/u;

/** The sign by which two statements contradict each other; undefined where there is none. */
export function findContradiction(one: string, other: string): Contradiction | undefined {
  const [a, b] = [toHeldWords(one), toHeldWords(other)];
  if (countNegations(a) % 2 !== countNegations(b) % 2) {
    const { left, right, shared } = findDifference(a.filter(isPlain), b.filter(isPlain));
    const isTheSame = left.length + right.length === 0 && shared >= sharedWithSignMin;
    return isTheSame ? { confidence: 0.9, sign: 'negation' } : undefined;
  }
  const { left, right, shared } = findDifference(a.filter(isNoNegation), b.filter(isNoNegation));
  if (left.length + right.length === 0 || left.length > differingMax || right.length > differingMax)
    return undefined;
  if (shared >= sharedWithSignMin && isOpposite(left, right)) return { confidence: 0.8, sign: 'opposite' };
  return shared >= sharedMin && isOtherValue(left, right) ? { confidence: 0.7, sign: 'value' } : undefined;
}

function toHeldWords(text: string): readonly GistWord[] {
  return toGistWords(text).filter(({ word }) => !loose.has(word));
}

function countNegations(words: readonly GistWord[]): number {
  return words.filter((word) => !isNoNegation(word)).length;
}

function isNoNegation({ word }: GistWord): boolean {
  return !negations.has(word);
}

function isPlain(word: GistWord): boolean {
  return isNoNegation(word) && !affirmations.has(word.word);
}

interface Difference {
  readonly left: readonly GistWord[];
  readonly right: readonly GistWord[];
  /** Equal words before and behind it that tell what both are about. */
  readonly shared: number;
}

/** The one place in which they differ: what remains when equal beginnings and ends are taken away. */
function findDifference(a: readonly GistWord[], b: readonly GistWord[]): Difference {
  const shorter = Math.min(a.length, b.length);
  let before = 0;
  while (before < shorter && a[before]?.stem === b[before]?.stem) before += 1;
  let behind = 0;
  while (behind < shorter - before && a.at(-1 - behind)?.stem === b.at(-1 - behind)?.stem) behind += 1;
  return {
    left: a.slice(before, a.length - behind),
    right: b.slice(before, b.length - behind),
    shared: [...a.slice(0, before), ...a.slice(a.length - behind)].filter(isTelling).length,
  };
}

function isOpposite(left: readonly GistWord[], right: readonly GistWord[]): boolean {
  if (left.length !== 1 || right.length !== 1) return false;
  const [one = '', other = ''] = [left[0]?.word, right[0]?.word];
  const isTurned =
    Math.min(one.length, other.length) >= turnedLettersMin &&
    turning.some((prefix) => one === `${prefix}${other}` || other === `${prefix}${one}`);
  return isTurned || (opposites.get(one)?.has(other) ?? false);
}

/** Both give a value there, and another one. */
function isOtherValue(left: readonly GistWord[], right: readonly GistWord[]): boolean {
  if (left.length === 0 || right.length === 0) return false;
  const has = (words: readonly GistWord[]): boolean => words.some(({ word }) => value.test(word));
  return has(left) && has(right);
}
