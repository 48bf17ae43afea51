/**
 * What a text is about: stems, pairs of words and beginnings of words for comparing, and value classes (e-mail, path, number)
 * in place of values. Nothing that was redacted ever becomes a term.
 */
import { bounds } from './bounds.ts';

/** A term and how much it weighs before anybody counted it: integers, so that sums can be undone exactly. */
export interface Term {
  readonly term: string;
  readonly weight: number;
}

export const termWeights = { word: 4, name: 2, pair: 2, value: 1, letters: 1 } as const;

const redacted = /\[redacted:?[^\]]*\]?/gi;
/** A value that was hidden whole: it can be compared with others, never shown or told. */
const hiddenValue = /^\[redacted:([a-z0-9]{1,20}):[0-9a-f]{8,16}\]$/;
/** What was hidden in the way in which a text is masked: as the class of value it had. */
const hiddenClasses: Readonly<Record<string, string>> = {
  email: '{email}',
  phone: '{number}',
  card: '{number}',
};
/** Control characters and halves of characters: no database takes them. */
const unprintable = /[\p{Cc}\p{Cs}]/gu;
const values: readonly (readonly [string, RegExp])[] = [
  ['email', /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5}/g],
  ['url', /\bhttps?:\/\/[^\s"'<>)]{1,300}/gi],
  [
    'path',
    /(?<![\w.])(?:[A-Za-z]:\\|~?\.{0,2}\/)?(?:[\w.@-]{1,80}[/\\])+[\w.@-]{1,80}|(?<![\w/])~?\.{0,2}\/[\w.@-]{2,80}|\b[\w-]{1,60}\.(?:[a-z]{2,4}|json[lc]?|yaml)\b(?!\s*[(@])/gi,
  ],
  ['number', /(?<![A-Za-z{])[#$€£]?\d[\d.,:/-]*(?:[A-Za-z]{1,2}\b)?/g],
];
const idLike = /(?<![\p{L}\p{N}_{])#?[\p{L}\p{N}_-]{5,}/gu;
const placeholder = /\{[a-z][a-z_]{0,40}\}/g;
/** Placeholders that a question's own text can have as well. */
const classes = new Set(['{email}', '{url}', '{path}', '{number}', '{id}']);
const stopWords = new Set(
  (
    'a about after all also am an and any are as at be because been before being but by can could did do does doing done ' +
    'dear for from get give go had has have having hello help her here hers hey hi him his how i if in into is it its just ' +
    'know let like make may me might more most must my need no not now of off ok okay on once one only or other our out ' +
    'over own please provide same she should so some such tell than thank thanks that the their them then there these they ' +
    'this those through to too under until up us using use very want wanted was we were what when where which while who ' +
    'whom why will with would yes yet you your im id ive dont cant lets going able sure'
  ).split(' '),
);

/** The text with values replaced by their class, e.g. `Read {path}`, unless `keep` knows the value. */
export function maskValues(text: string, keep: (value: string) => boolean = () => false): string {
  let masked = text.slice(0, 2_000).replace(redacted, toHiddenClass).replace(unprintable, ' ');
  for (const [name, pattern] of values) {
    if (name === 'number') masked = masked.replace(idLike, (value) => (isIdLike(value) ? '{id}' : value));
    masked = masked.replace(pattern, (value) => (keep(value) ? value : `{${name}}`));
  }
  return masked.replace(/\s+/g, ' ').trim();
}

/** A part of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where e-mails, URLs, paths and numbers stand in a text; the more telling class first. */
export function findValueSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (const [, pattern] of values) {
    for (const match of text.matchAll(pattern)) {
      const span = { start: match.index, end: match.index + match[0].length };
      if (spans.every((other) => other.end <= span.start || span.end <= other.start)) spans.push(span);
    }
  }
  return spans;
}

/** True for order numbers, booking codes and keys: letters and digits mixed, or letters in wild case. */
export function isIdLike(text: string): boolean {
  if (!/^[\p{L}\p{N}_#-]{5,}$/u.test(text)) return false;
  if (/^\d+-\p{L}+$/u.test(text)) return false;
  if (!/\d/.test(text)) return /(?:\p{Ll}\p{Lu}.*){3}/u.test(text);
  return /\p{L}/u.test(text) && !/^(?:\p{Lu}?\p{Ll}+|\p{Lu}+)-?\d{1,2}$/u.test(text);
}

/** Every value (e-mail, URL, path, number) that stands in a text. */
export function findValues(text: string): string[] {
  const plain = text.slice(0, 2_000).replace(redacted, ' ');
  return values.flatMap(([, pattern]) => plain.match(pattern) ?? []);
}

/** Lower case without values and punctuation: equal for the same wording with other values. */
export function toWordingKey(text: string): string {
  return maskValues(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}{}]+/gu, ' ')
    .trim();
}

interface Word {
  readonly stem: string;
  readonly isName: boolean;
  readonly isStop: boolean;
}

function toWords(masked: string): Word[] {
  const found: Word[] = [];
  for (const match of masked.matchAll(/[\p{L}][\p{L}\p{M}'’]*/gu)) {
    const raw = match[0].replace(/['’]s$|['’]/gu, '');
    if (raw === '') continue;
    const before = masked.slice(Math.max(0, match.index - 2), match.index);
    const isName =
      /^\p{Lu}/u.test(raw) && match.index > 0 && !/[.!?:]\s?$/.test(before) && !/^\p{Lu}+$/u.test(raw);
    const lower = raw.toLowerCase();
    if (/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/u.test(lower)) {
      for (let at = 0; at < Math.min(lower.length - 1, 60); at += 1) {
        found.push({ stem: lower.slice(at, at + 2), isName: false, isStop: false });
      }
      continue;
    }
    found.push({ stem: toStem(lower.slice(0, 40)), isName, isStop: stopWords.has(lower) });
    if (found.length >= bounds.termsMax) break;
  }
  return found;
}

/** A light stem: plural, -ing, -ed and a final e go. */
export function toStem(word: string): string {
  let stem = word;
  if (stem.length > 4 && stem.endsWith('ies')) stem = `${stem.slice(0, -3)}y`;
  else if (stem.length > 3 && /[^su]s$/.test(stem)) stem = stem.slice(0, -1);
  if (stem.length > 5 && stem.endsWith('ing')) stem = stem.slice(0, -3);
  else if (stem.length > 4 && stem.endsWith('ed')) stem = stem.slice(0, -2);
  if (/([b-df-hj-kmnp-rtv-z])\1$/.test(stem) && stem.length > 4) stem = stem.slice(0, -1);
  if (stem.length > 4 && stem.endsWith('e')) stem = stem.slice(0, -1);
  return stem;
}

/** Words and value classes of a text; with `deep` also pairs of words and how words begin. */
export function toTerms(text: string, deep = false): Term[] {
  const masked = maskValues(text);
  const terms = new Map<string, number>();
  const put = (term: string, weight: number) => {
    if (terms.size < bounds.termsMax) terms.set(term, Math.max(weight, terms.get(term) ?? 0));
  };
  for (const [name] of masked.matchAll(placeholder)) {
    put(`#${name}`, classes.has(name) ? termWeights.value : termWeights.name);
  }
  const words = toWords(masked.replace(placeholder, ' . '));
  const content = words.filter((word) => !word.isStop && word.stem.length > 1);
  for (const word of content) put(word.stem, word.isName ? termWeights.name : termWeights.word);
  if (content.length === 0) for (const word of words) put(word.stem, termWeights.value);
  if (deep) putDeep(content, put);
  return [...terms].map(([term, weight]) => ({ term, weight }));
}

function putDeep(content: readonly Word[], put: (term: string, weight: number) => void): void {
  content.forEach((word, at) => {
    const next = content[at + 1];
    if (next !== undefined && !word.isName && !next.isName)
      put(`${word.stem} ${next.stem}`, termWeights.pair);
  });
  for (const word of content) {
    if (word.isName) continue;
    put(`~${word.stem.slice(0, 3)}`, termWeights.letters);
  }
}

/** Words of a tool or argument name: `fs__listDirectory` gives fs, list, directory. */
export function toNameWords(name: string): string[] {
  return name
    .slice(0, 300)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** True where a text holds something that was redacted. */
export function isRedacted(text: string): boolean {
  return /\[redacted/i.test(text);
}

/** The kind of a value that was hidden as a whole, so that it can still be compared; undefined for any other text. */
export function toHiddenKind(text: string): string | undefined {
  return hiddenValue.exec(text)?.[1];
}

function toHiddenClass(token: string): string {
  return hiddenClasses[toHiddenKind(token) ?? ''] ?? '…';
}
