/**
 * Others' texts as they may be shown: cut to a length, and with everything that could turn, hide or colour the text
 * written out. React sets them as text; nothing here is ever markup.
 */
export const shownMax = 400;

/**
 * Controls, marks that turn the direction of text, and what is not seen at all; tab and new line stay. What joins and
 * colours an emoji is seen: such a picture is found first and stays as it is.
 */
const unseen =
  /((?:\p{Extended_Pictographic}(?:\ufe0f|[\u{1f3fb}-\u{1f3ff}])?(?:\u200d(?=\p{Extended_Pictographic}))?)+|[0-9#*]\ufe0f\u20e3)|(?![\t\n])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/gu;

/** A text that is safe to look at. */
export function toShown(text: string, max = shownMax): string {
  const cut = text.length > max;
  const kept = cut ? text.slice(0, max) : text;
  const plain = kept.replaceAll(unseen, (sign, picture: string | undefined) => picture ?? toCode(sign));
  return cut ? `${plain}… (${toSize(text.length)})` : plain;
}

function toCode(sign: string): string {
  return `‹U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`;
}

/** Any value as one readable text. */
export function toText(value: unknown, max = shownMax): string {
  if (typeof value === 'string') return toShown(value, max);
  return toShown(JSON.stringify(value, undefined, 2) ?? '', max);
}

/** A number of characters, for people. */
function toSize(characters: number): string {
  return `${new Intl.NumberFormat('en').format(characters)} characters`;
}

/** Milliseconds, short. */
export function toMs(ms: number): string {
  if (ms >= 10_000) return `${Math.round(ms / 1_000)} s`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** A count, with its thousands apart. */
export const toCount = (count: number): string => new Intl.NumberFormat('en').format(count);

/** A count with its word. */
export const toPlural = (count: number, one: string): string =>
  `${toCount(count)} ${count === 1 ? one : `${one}s`}`;

/** How long ago a moment was. */
export function toAgo(iso: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1_000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** A length of time in seconds, short. */
export function toDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return toTwo(seconds, [3_600, 'h'], [60, 'min']);
  return toTwo(seconds, [86_400, 'd'], [3_600, 'h']);
}

/** A length in two units; the smaller one is left out where there is none of it. */
function toTwo(
  seconds: number,
  [large, name]: readonly [number, string],
  [small, rest]: readonly [number, string],
): string {
  const left = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${name}${left === 0 ? '' : ` ${left} ${rest}`}`;
}

/** Bytes, short. */
export function toBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1_000 && unit < units.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
