/**
 * What a task says that may be an argument: words, numbers, what stands in quotes, names and dates of several words, the
 * rest of a line after a colon; each with the words before it. It never looks further than a task's first 2,000 characters.
 */
import { toHiddenKind } from '../terms.ts';
import { toComparable, toValueClass } from '../texts.ts';

export const mentionBounds = { textMax: 2_000, mentionsMax: 200 } as const;

/** A word or phrase of the task with what stands before it. */
export interface Mention {
  readonly value: string;
  /** The value as values are compared. */
  readonly normal: string;
  readonly kind: string;
  /** The word before, and the two before. */
  readonly after: string;
  readonly afterTwo: string;
}

/** How values are compared: lower case, numbers as numbers. */
export function toNormal(value: unknown): string {
  const text = toComparable(String(value));
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? String(number) : text;
}

/** A part of the text that may be a value. */
interface Token {
  readonly at: number;
  readonly value: string;
  readonly kind: string;
}

const tokens =
  /"([^"\n]{1,80})"|“([^”\n]{1,80})”|'([^'\n]{1,80})'(?!\w)|[$€£]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|\[redacted:[a-z0-9]{1,20}:[0-9a-f]{8,16}\]|(?:(?!\[redacted:)[^\s"()“”,;])+/gu;
const months = '(?:January|February|March|April|May|June|July|August|September|October|November|December)';
const ordinal = String.raw`\d{1,2}(?:st|nd|rd|th)?`;
const phrases: readonly (readonly [string, RegExp])[] = [
  ['day', new RegExp(`\\b(?:${months} ${ordinal}|${ordinal} ${months})(?:,? \\d{4})?`, 'g')],
  ['name', /(?<![\p{L}\p{N}])(?:\d+ )?\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+)+/gu],
  ['line', /(?<=: )[^\s:"'][^\n:]{0,78}[^\s.](?=\.?\s*$)/gmu],
];

/** What the task mentions, in the order in which it stands there. */
export function toMentions(task: string): Mention[] {
  const text = task.slice(0, mentionBounds.textMax).replaceAll('**', '');
  const words = toTokens(text);
  const all = [...words, ...phrases.flatMap(([kind, pattern]) => toPhrases(text, kind, pattern))];
  return all
    .sort((a, b) => a.at - b.at)
    .slice(0, mentionBounds.mentionsMax)
    .map((token) => toMention(token, toBefore(words, token.at)));
}

function toBefore(words: readonly Token[], at: number): Token[] {
  const end = words.findIndex((word) => word.at >= at);
  const count = end < 0 ? words.length : end;
  return words.slice(Math.max(0, count - 2), count);
}

function toMention({ value, kind }: Token, before: readonly Token[]): Mention {
  const [one, after] = [before.at(-2), before.at(-1)].map((each) =>
    each === undefined ? '' : toContext(each),
  );
  return { value, normal: toNormal(value), kind, after: after ?? '', afterTwo: `${one} ${after}` };
}

const toContext = ({ kind, value }: Token) => (kind === 'word' ? value.toLowerCase() : kind);

function toTokens(text: string): Token[] {
  return [...text.matchAll(tokens)].flatMap((match): Token[] => {
    const quoted = match[1] ?? match[2] ?? match[3];
    const value = quoted === undefined ? trimWord(match[0]) : trimQuoted(quoted);
    if (value === '') return [];
    const plain = quoted === undefined ? toPlainNumber(value) : value;
    return [{ at: match.index, value: plain, kind: quoted === undefined ? toValueClass(plain) : 'quoted' }];
  });
}

/** Without signs around it; what was hidden whole keeps its brackets. */
function trimWord(word: string): string {
  return toHiddenKind(word) === undefined ? word.replace(/^['{[(]+|[.:!?'\]})]+$/g, '') : word;
}

/** `"Beloved,"` means Beloved; a sentence keeps its end. */
function trimQuoted(quoted: string): string {
  const trimmed = quoted.trim().replace(/[,;]+$/, '');
  return trimmed.split(' ').length > 3 ? trimmed : trimmed.replace(/\.$/, '');
}

/** `$1,500.00` as 1500.00. */
function toPlainNumber(value: string): string {
  return /^[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$/.test(value) ? value.replace(/[$€£,]/g, '') : value;
}

function toPhrases(text: string, kind: string, pattern: RegExp): Token[] {
  return [...text.matchAll(pattern)]
    .map(({ 0: found, index }) => {
      const value = kind === 'name' ? dropFirstWord(text, index, found) : found.trim();
      return { at: index + found.length - value.length, value, kind };
    })
    .filter(({ value }) => value.includes(' '));
}

/** A sentence's first word has a capital as well. */
function dropFirstWord(text: string, at: number, value: string): string {
  const isFirst = at === 0 || /[.!?\n]\s*$/.test(text.slice(Math.max(0, at - 3), at));
  const parts = value.split(' ');
  return isFirst && parts.length > 2 ? parts.slice(1).join(' ') : value;
}
