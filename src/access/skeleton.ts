/**
 * A text as a pattern should read it: look-alike characters as plain ones, invisible ones left out, escapes of URLs,
 * JSON and HTML undone; with the way back to the places of the original. It is for finding only and is never kept.
 */

/** What is read instead of a text, and where each character of it stands there. */
export interface Skeleton {
  readonly text: string;
  /** Where the character at a place of `text` begins in the original; at the length of `text`, the original's length. */
  toStart(at: number): number;
}

/** Characters that are not what they look like, or cannot be seen. */
const disguised =
  /[\u00ad\u00b2\u00b3\u00b9\u034f\u0370-\u03ff\u0400-\u04ff\u061c\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u209f\u2100-\u214f\u2460-\u24ff\u2776-\u2793\u3164\ufe00-\ufe0f\ufe13\ufe50-\ufe6b\ufeff\uff01-\uff5e\uffa0]|\ud835|\udb40|\ud83c[\udd00-\uddff]/;
const escaped = /%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|&#(?:\d{2,7}|x[0-9A-Fa-f]{2,6});/;
const escapes = /%([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|&#(?:(\d{2,7})|x([0-9A-Fa-f]{2,6}));/y;
/** Escapes of escapes are undone this often. */
const roundsMax = 3;

const invisible =
  /^[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\u{e0000}-\u{e01ef}]$/u;

/** Letters of other alphabets that nobody tells from Latin ones. */
const lookalikes = new Map(
  [
    ...['АA', 'ВB', 'СC', 'ЕE', 'НH', 'ІI', 'ЈJ', 'КK', 'МM', 'ОO', 'РP', 'ЅS', 'ТT', 'ХX', 'УY', 'ԚQ', 'ԜW'],
    ...['аa', 'сc', 'еe', 'һh', 'іi', 'јj', 'оo', 'рp', 'ѕs', 'хx', 'уy', 'ԛq', 'ԝw', 'ԁd'],
    ...['ΑA', 'ΒB', 'ΕE', 'ΖZ', 'ΗH', 'ΙI', 'ΚK', 'ΜM', 'ΝN', 'ΟO', 'ΡP', 'ΤT', 'ΥY', 'ΧX', 'οo', 'νv', 'αa'],
  ].map((pair) => [pair.charAt(0), pair.charAt(1)]),
);

/** True where the text holds something that has to be undone before patterns can read it. */
export function isDisguised(text: string): boolean {
  return disguised.test(text) || escaped.test(text);
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
  const plain = invisible.test(character) ? '' : toPlain(character);
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
  for (let at = 0; at < text.length; ) {
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
  const code = decimal === undefined ? Number.parseInt(percent ?? unicode ?? hexadecimal ?? '0', 16) : Number(decimal);
  const isPlain = code === 9 || code === 10 || code === 13 || (code >= 32 && code < 127);
  return isPlain ? { plain: String.fromCharCode(code), length: whole.length } : undefined;
}
