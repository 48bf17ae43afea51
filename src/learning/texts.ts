/** How texts and values are compared: without case, by whole words, by the class of value. */

/** What a hidden value was: an address, digits, or something like an id. */
const hiddenClass = /^\[redacted:(?:(email)|(phone|card)|[a-z0-9]{1,20}):[0-9a-f]{8,16}\]$/;

/** What kind of thing a value is. */
export function toValueClass(value: string): string {
  const hidden = value.startsWith('[redacted:') ? hiddenClass.exec(value) : null;
  if (hidden !== null) return hidden[1] ?? (hidden[2] === undefined ? 'id' : 'number');
  if (/^[^\s@]+@[^\s@]+\.\w+$/.test(value)) return 'email';
  if (/^https?:\/\//i.test(value)) return 'url';
  if (/^\d{4}-\d\d-\d\d/.test(value)) return 'date';
  if (/^\d{1,2}:\d\d/.test(value)) return 'time';
  if (/^[+-]?[\d.,]+$/.test(value)) return 'number';
  if (/[/\\]/.test(value) || /^[\w-]+\.[a-z]{1,4}$/i.test(value)) return 'path';
  if (/\d/.test(value) && !/\s/.test(value)) return 'id';
  return /\s/.test(value) ? 'text' : 'word';
}

/** Lower case, `_` and `-` between letters as spaces: `total_visits` equals `total visits`. */
export function toComparable(text: string): string {
  const lower = text.toLowerCase();
  const spaced = /[_-]/.test(lower) ? lower.replace(/(?<=\p{L})[_-](?=\p{L})/gu, ' ') : lower;
  return (/\s/.test(spaced) ? spaced.replace(/\s+/g, ' ') : spaced).trim();
}

const wordCharacter = /[\p{L}\p{N}_]/u;

/** Where a part stands in a text as whole words, the first few places. */
export function findAllWhole(text: string, part: string): number[] {
  const places: number[] = [];
  for (let at = findWhole(text, part); at >= 0 && places.length < 5;) {
    places.push(at);
    at = findWhole(text, part, at + part.length);
  }
  return places;
}

/** Where a part stands in a text as whole words, from a place on; -1 where it does not. */
export function findWhole(text: string, part: string, from = 0): number {
  if (part === '') return -1;
  for (
    let at = text.indexOf(part, from), tries = 0;
    at >= 0 && tries < 50;
    at = text.indexOf(part, at + 1), tries += 1
  ) {
    const before =
      at === 0 || !wordCharacter.test(text.charAt(at - 1)) || !wordCharacter.test(part.charAt(0));
    const end = at + part.length;
    const after =
      end >= text.length || !wordCharacter.test(text.charAt(end)) || !wordCharacter.test(part.at(-1) ?? '');
    if (before && after) return at;
  }
  return -1;
}

/** True where a text holds a part as whole words. */
export function holds(text: string, part: string): boolean {
  return findWhole(text, part) >= 0;
}
