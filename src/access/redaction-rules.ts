/**
 * Rules of redaction that a configuration adds. A pattern is a regular expression of which the time it takes is known
 * beforehand: nothing in it repeats without end, and the ways to read a text with it are counted and bounded.
 */
import { toNamesExpression } from './secret-patterns.ts';
import type { SecretPattern } from './secret-patterns.ts';
import { isSuspicious } from './suspicion.ts';

export interface RedactionRule {
  /** What the token says: `[redacted:<kind>:…]`. */
  readonly kind: string;
  readonly pattern: string;
}

/** What a configuration adds to redaction, or takes from it. */
export interface RedactionRules {
  /** Further names whose values are secrets. */
  readonly names: readonly string[];
  readonly patterns: readonly RedactionRule[];
  /** Names whose values are kept unless they hold a credential. */
  readonly keep: readonly string[];
  /** Whether what belongs to a person (addresses, numbers of cards, accounts and phones) is hidden. */
  readonly personal: boolean;
}

/** Characters of one pattern. */
export const patternCharactersMax = 200;
/** Ways in which one pattern may be tried at one place of a text. */
export const patternWaysMax = 1_024;
const repeatMax = 256;
const groupsDepthMax = 4;

/** The rules as patterns; throws a sentence about the first that cannot be used. */
export function toPatterns(rules: readonly RedactionRule[]): SecretPattern[] {
  return rules.map(({ kind, pattern }) => {
    const fault = findPatternFault(pattern);
    if (fault !== undefined) throw new Error(fault);
    const expression = new RegExp(pattern, 'gu');
    return { kind, hint: new RegExp(pattern, 'u'), expression };
  });
}

/** Our own look, and one for the names and patterns of a configuration. */
export function toSuspicion(
  names: readonly string[],
  patterns: readonly SecretPattern[],
): (text: string) => boolean {
  const further = toNamesExpression(names);
  if (further === undefined && patterns.length === 0) return isSuspicious;
  return (text) =>
    isSuspicious(text) || further?.test(text) === true || patterns.some(({ hint }) => hint.test(text));
}

/** What is wrong with a pattern, as a sentence; undefined when nothing is. */
export function findPatternFault(pattern: string): string | undefined {
  if (pattern.length > patternCharactersMax) return `it may have at most ${patternCharactersMax} characters`;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, 'u');
  } catch (error) {
    return `it is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (expression.test(''))
    return 'it matches nothing at all, which stands everywhere; name at least one character';
  const reader: Reader = { pattern, at: 0, depth: 0 };
  try {
    const ways = readChoice(reader);
    if (ways > patternWaysMax) {
      return `it can be tried in ${ways} ways at one place, ${patternWaysMax} are allowed; use fewer or smaller ranges such as {2,8}`;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

interface Reader {
  readonly pattern: string;
  at: number;
  depth: number;
}

/** Ways of an alternative are added, ways of what follows each other multiplied. */
function readChoice(reader: Reader): number {
  let sum = 0;
  for (;;) {
    sum += readSequence(reader);
    if (reader.pattern.charAt(reader.at) !== '|') return sum;
    reader.at += 1;
  }
}

function readSequence(reader: Reader): number {
  let ways = 1;
  while (reader.at < reader.pattern.length && !'|)'.includes(reader.pattern.charAt(reader.at))) {
    const own = readAtom(reader);
    ways = Math.min(Number.MAX_SAFE_INTEGER, ways * readRepeat(reader, own));
  }
  return ways;
}

function readAtom(reader: Reader): number {
  const { pattern } = reader;
  const character = pattern.charAt(reader.at);
  if (character === '(') return readGroup(reader);
  if (character === '[') {
    const [whole = '['] = /^\[(?:\\[^]|[^\]\\])*\]/.exec(pattern.slice(reader.at)) ?? [];
    reader.at += whole.length;
    return 1;
  }
  if (character === '\\') {
    if (/^\\(?:[1-9]|k<)/.test(pattern.slice(reader.at)))
      throw new Error('it refers back to a group; write the text out');
    const [whole = '\\'] =
      /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[^])/.exec(pattern.slice(reader.at)) ??
      [];
    reader.at += whole.length;
    return 1;
  }
  reader.at += 1;
  return 1;
}

function readGroup(reader: Reader): number {
  const rest = reader.pattern.slice(reader.at);
  if (/^\(\?(?:[=!]|<[=!])/.test(rest))
    throw new Error('it looks ahead or behind; use \\b, or leave that out');
  if (!rest.startsWith('(?:')) throw new Error('it has a group that captures; write (?:…)');
  if (reader.depth >= groupsDepthMax) throw new Error(`its groups lie more than ${groupsDepthMax} deep`);
  reader.at += 3;
  reader.depth += 1;
  const ways = readChoice(reader);
  reader.depth -= 1;
  reader.at += 1;
  return ways;
}

function readRepeat(reader: Reader, own: number): number {
  const rest = reader.pattern.slice(reader.at);
  const [whole = '', range, least = '', comma, most = ''] =
    /^(?:[*+?]|(\{(\d+)(,)?(\d*)\}))\??/.exec(rest) ?? [];
  if (whole === '') return own;
  reader.at += whole.length;
  if (whole.startsWith('*') || whole.startsWith('+') || (comma !== undefined && most === '')) {
    throw new Error(`it repeats without end (${whole}); give an end, such as {1,40}`);
  }
  const from = range === undefined ? 0 : Number(least);
  const to = range === undefined ? 1 : most === '' ? from : Number(most);
  if (to > repeatMax) throw new Error(`it repeats ${to} times; at most ${repeatMax} are allowed`);
  // What has one way only is tried once for each length; what has several, in all of their combinations.
  return own === 1 ? to - from + 1 : (to - from + 1) * own ** Math.max(1, to);
}
