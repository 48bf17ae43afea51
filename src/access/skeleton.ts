/**
 * A text as a pattern should read it: look-alike characters as plain ones, invisible ones left out, escapes of URLs,
 * JSON and HTML undone; with the way back to the places of the original. It is for finding only and is never kept.
 */

/** What is read instead of a text, and where each character of it stands there. */
export interface Skeleton {
  readonly text: string;
  /** Where the character at a place of `text` begins in the original; at the length of `text`, the original's length. */
  readonly toStart: (at: number) => number;
}

const escaped = /%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|&#(?:\d{2,7}|x[0-9A-Fa-f]{2,6});/;
const escapes = /%([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|&#(?:(\d{2,7})|x([0-9A-Fa-f]{2,6}));/y;
/** Escapes of escapes are undone this often. */
const roundsMax = 3;

/** First and last of the characters that cannot be seen: joiners, marks of direction, fillers, selectors, tags. */
const invisible: readonly (readonly [number, number])[] = [
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xe0000, 0xe01ef],
];

/** Letters of other alphabets that nobody tells from Latin ones. */
const lookalikes = new Map(
  [
    'АA',
    'ВB',
    'СC',
    'ЕE',
    'НH',
    'ІI',
    'ЈJ',
    'КK',
    'МM',
    'ОO',
    'РP',
    'ЅS',
    'ТT',
    'ХX',
    'УY',
    'ԚQ',
    'ԜW',
    'аa',
    'сc',
    'еe',
    'һh',
    'іi',
    'јj',
    'оo',
    'рp',
    'ѕs',
    'хx',
    'уy',
    'ԛq',
    'ԝw',
    'ԁd',
    'ΑA',
    'ΒB',
    'ΕE',
    'ΖZ',
    'ΗH',
    'ΙI',
    'ΚK',
    'ΜM',
    'ΝN',
    'ΟO',
    'ΡP',
    'ΤT',
    'ΥY',
    'ΧX',
    'οo',
    'νv',
    'αa',
  ].map((pair) => [pair.charAt(0), pair.charAt(1)]),
);

/** True where the text holds something that has to be undone before patterns can read it. */
export function isDisguised(text: string): boolean {
  if (escaped.test(text)) return true;
  for (const character of text) if (character >= '\x80' && foldOne(character) !== character) return true;
  return false;
}

/** The text as patterns should read it; undefined where that is the text itself. */
export function toSkeleton(text: string): Skeleton | undefined {
  if (!isDisguised(text)) return undefined;
  let shown = fold(text);
  for (let round = 0; round < roundsMax && escaped.test(shown.text); round += 1) shown = unescape(shown);
  const { text: plain, starts } = shown;
  if (plain === text) return undefined;
  return { text: plain, toStart: (at) => starts[at] ?? text.length };
}

interface Shown {
  readonly text: string;
  readonly starts: readonly number[];
}

const foldedMax = 4_000;
const folded = new Map<string, string>();

function fold(text: string): Shown {
  const parts: string[] = [];
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = character < '\x80' ? character : foldOne(character);
    for (let unit = 0; unit < plain.length; unit += 1) starts.push(at);
    parts.push(plain);
    at += character.length;
  }
  starts.push(at);
  return { text: parts.join(''), starts };
}

function foldOne(character: string): string {
  const known = folded.get(character);
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  const isHidden = invisible.some(([first, last]) => code >= first && code <= last);
  const plain = isHidden ? '' : toPlain(character);
  if (folded.size >= foldedMax) folded.clear();
  folded.set(character, plain);
  return plain;
}

/** One plain character, or the character itself: nothing may become longer or disappear that can be seen. */
function toPlain(character: string): string {
  const alike = lookalikes.get(character);
  if (alike !== undefined) return alike;
  const normal = character.normalize('NFKC');
  if (/^[\x20-\x7e]$/.test(normal)) return normal;
  const digit = /^\p{Nd}$/u.test(character) ? toDigit(character) : undefined;
  return digit ?? character;
}

/** Decimal digits stand in tens, in order, in every script. */
function toDigit(character: string): string | undefined {
  let zero = character.codePointAt(0) ?? 0;
  for (let value = 0; value < 10; value += 1, zero -= 1) {
    if (!/^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) return String(value);
  }
  return undefined;
}

function unescape({ text, starts }: Shown): Shown {
  const parts: string[] = [];
  const places: number[] = [];
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    const found = code === 37 || code === 92 || code === 38 ? readEscape(text, at) : undefined;
    parts.push(found?.plain ?? text.charAt(at));
    places.push(starts[at] ?? 0);
    at += found?.length ?? 1;
  }
  places.push(starts.at(-1) ?? 0);
  return { text: parts.join(''), starts: places };
}

function readEscape(text: string, at: number): { plain: string; length: number } | undefined {
  escapes.lastIndex = at;
  const match = escapes.exec(text);
  if (match === null) return undefined;
  const [whole, percent, unicode, decimal, hexadecimal] = match;
  const code =
    decimal === undefined ? Number.parseInt(percent ?? unicode ?? hexadecimal ?? '0', 16) : Number(decimal);
  const isPlain = code === 9 || code === 10 || code === 13 || (code >= 32 && code < 127);
  return isPlain ? { plain: String.fromCharCode(code), length: whole.length } : undefined;
}
