/**
 * Whether two statements look as if they could not both hold. Three signs count: the same with and without a negation,
 * the same with opposite words, and the same about one thing with another value. It only ever suggests a link.
 */
import { toGistWords } from './gist.ts';
import type { GistWord } from './gist.ts';

export interface Contradiction {
  /** How sure, 0 to 1. */
  readonly confidence: number;
  readonly sign: 'negation' | 'opposite' | 'value';
}

/** Words that two statements must share to be about one thing. */
const sharedMin = 2;
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

/** A number, version, date, address, path or name with a sign in it: what a statement gives as value. */
const value = /\d|[/@:.]/;

/** The sign by which two statements contradict each other; undefined where there is none. */
export function findContradiction(one: string, other: string): Contradiction | undefined {
  const [a, b] = [toGistWords(one), toGistWords(other)];
  const isNegated = countNegations(a) % 2 !== countNegations(b) % 2;
  const [plainA, plainB] = [a.filter(isNoNegation), b.filter(isNoNegation)];
  const { left, right, shared } = findDifference(plainA, plainB);
  if (shared < sharedMin && !(isNegated && left.length + right.length === 0 && shared >= 1)) return undefined;
  if (left.length + right.length === 0) return isNegated ? { confidence: 0.9, sign: 'negation' } : undefined;
  if (left.length > differingMax || right.length > differingMax) return undefined;
  if (isNegated) return undefined;
  if (isOpposite(left, right)) return { confidence: 0.8, sign: 'opposite' };
  return isOtherValue(left, right) ? { confidence: 0.7, sign: 'value' } : undefined;
}

function countNegations(words: readonly GistWord[]): number {
  return words.filter(({ stem }) => stem === 'not').length;
}

function isNoNegation({ stem }: GistWord): boolean {
  return stem !== 'not';
}

interface Difference {
  readonly left: readonly GistWord[];
  readonly right: readonly GistWord[];
  /** Equal words before and behind it. */
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
    shared: before + behind,
  };
}

function isOpposite(left: readonly GistWord[], right: readonly GistWord[]): boolean {
  if (left.length !== 1 || right.length !== 1) return false;
  return opposites.get(left[0]?.word ?? '')?.has(right[0]?.word ?? '') ?? false;
}

/** Both give a value there, and another one. */
function isOtherValue(left: readonly GistWord[], right: readonly GistWord[]): boolean {
  if (left.length === 0 || right.length === 0) return false;
  const has = (words: readonly GistWord[]): boolean => words.some(({ word }) => value.test(word));
  return has(left) && has(right);
}
