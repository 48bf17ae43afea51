/**
 * Text of others made fit for a terminal: control characters, escape sequences and characters that turn the reading
 * direction are shown as escapes. A tool's name or a task must never move the cursor or pass for something else.
 */

/** Controls (C0, DEL, C1), lone surrogates, invisible and direction-changing format characters, tags. */
const unsafe =
  // oxlint-disable-next-line no-control-regex -- these are the characters looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}\u{e0000}-\u{e007f}]/gu;

/** The same without what is white space between JSON's tokens. */
const unsafeInJson =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}\u{e0000}-\u{e007f}]/gu;

const short = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** One line that is safe to print; what was unsafe is visible. */
export function toSafeText(text: string): string {
  return text.replace(unsafe, (found) => short.get(found) ?? toEscape(found));
}

/** Several lines that are safe to print; line ends stay. */
export function toSafeLines(text: string): string[] {
  return text.split(/\r\n|[\n\r]/).map((line) => toSafeText(line.replaceAll('\t', '  ')));
}

/** JSON with the same meaning in which everything unsafe for a terminal is escaped. */
export function toSafeJson(json: string): string {
  return json.replace(unsafeInJson, toEscape);
}

function toEscape(found: string): string {
  return found
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
