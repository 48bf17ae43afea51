/**
 * Characters that people do not see though models read them: invisible ones, those that turn the direction of reading,
 * tags. They are found, named and shown as escapes; meaning for programs (names of properties, values) is never touched.
 */

/** Format and ignorable characters, controls but tab and line ends, line separators, lone surrogates. */
const hidden =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these are the characters looked for
  /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cs}\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/gu;

/** What joins and colours emoji is seen: it is part of the picture. */
const emoji = /\p{Extended_Pictographic}(?:\ufe0f|\u200d\p{Extended_Pictographic}|[\u{1f3fb}-\u{1f3ff}])*/gu;

/** The hidden characters of a text, each once, as `U+202E`. */
export function findHidden(text: string): readonly string[] {
  const found = text.replace(emoji, '').match(hidden) ?? [];
  return [...new Set(found.map(toCodePoint))];
}

/** The text with every hidden character written out, `\u{202e}`. */
export function showHidden(text: string): string {
  if (findHidden(text).length === 0) return text;
  let shown = '';
  let at = 0;
  for (const picture of text.matchAll(emoji)) {
    shown += text.slice(at, picture.index).replace(hidden, toEscape) + picture[0];
    at = picture.index + picture[0].length;
  }
  return shown + text.slice(at).replace(hidden, toEscape);
}

/** What two names have in common that people cannot tell apart: no hidden characters, one width, one case. */
export function toSkeleton(name: string): string {
  return name.normalize('NFKC').replace(hidden, '').toLowerCase().normalize('NFKC');
}

/** Where a definition hides something. */
export interface HiddenFlag {
  /** RFC 6901. */
  readonly path: string;
  readonly characters: readonly string[];
}

/** Flags of one definition are as many at most. */
const flagsMax = 100;

/** Every text of a definition, keys too, that holds hidden characters. */
export function flagHidden(definition: unknown): readonly HiddenFlag[] {
  const flags: HiddenFlag[] = [];
  const look = (text: string, path: string): void => {
    const characters = findHidden(text);
    if (characters.length > 0 && flags.length < flagsMax) flags.push({ path: showHidden(path), characters });
  };
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string') return look(value, path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const below = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      look(key, below);
      visit(item, below);
    }
  };
  visit(definition, '');
  return flags;
}

const texts = new Set(['title', 'description']);
/** What stands below these is data: a default value may well have a description of its own. */
const data = new Set(['default', 'examples', 'enum', 'const', '_meta']);

const shownOnes = new WeakMap<object, object>();

/** The definition as clients get it: hidden characters of its titles and descriptions are written out. */
export function toShownDefinition<T extends Readonly<Record<string, unknown>>>(definition: T): T {
  const known = shownOnes.get(definition);
  if (known !== undefined) return known as T;
  const shown = showTexts(definition) as T;
  shownOnes.set(definition, shown);
  return shown;
}

/** The very same value where nothing is hidden. */
function showTexts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(showTexts);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  let isSame = true;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const shown =
      texts.has(key) && typeof item === 'string' ? showHidden(item) : data.has(key) ? item : showTexts(item);
    isSame &&= shown === item;
    return [key, shown];
  });
  return isSame ? value : Object.fromEntries(entries);
}

function toCodePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function toEscape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
