/**
 * Takes tables out of a TOML text and puts one in, line by line, so that comments and everything else stay. Whether the
 * result says what was meant is checked by parsing it: what is written in a way this cannot cut is refused, not guessed.
 */
import { parse, stringify } from 'smol-toml';
import { DreyError } from '../../machines/words/errors.ts';
import { isObject, isSame } from './client.ts';
import type { Change, Json } from './client.ts';
import { withChange } from './json-text.ts';

/** Reads a TOML text; undefined when it is none. */
export function parseTomlText(text: string): Json | undefined {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch {
    return undefined;
  }
}

/** The text with tables taken out (value undefined) or put in, where the first one stood or at the end. */
export function changeToml(text: string, changes: readonly Change[]): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const before = parseTomlText(text) ?? {};
  const gone = changes.map(({ path }) => path);
  const added = changes.flatMap(({ path, value }) => (isObject(value) ? [toTable(path, value, eol)] : []));
  const result = rewrite(text, gone, added, eol);
  if (isSame(parseTomlText(result), changes.reduce<Json>(withChange, before))) return result;
  throw new DreyError(
    'config_invalid',
    'The file writes its servers in a way that cannot be cut out safely, such as an inline table.',
  );
}

function rewrite(
  text: string,
  gone: readonly (readonly string[])[],
  added: readonly string[],
  eol: string,
): string {
  const lines = text.split(/(?<=\n)/);
  const kept: string[] = [];
  let put = added.length === 0;
  for (let at = 0; at < lines.length;) {
    const header = toHeader(lines[at] ?? '');
    if (header === undefined || !gone.some((path) => isWithin(header, path))) {
      kept.push(lines[at] ?? '');
      at += 1;
      continue;
    }
    if (!put) kept.push(...added);
    put = true;
    at = toTableEnd(lines, at);
    // The blank line that parted the table from the next one goes with it.
    if (isBlank(lines[at]) && (isBlank(kept.at(-1)) || kept.length === 0)) at += 1;
  }
  const whole = kept.join('');
  if (put) return whole;
  const gap = whole === '' ? '' : whole.endsWith('\n') ? eol : `${eol}${eol}`;
  return `${whole}${gap}${added.join('')}`;
}

/** The line after a table's last setting; comments and blank lines below it belong to what follows. */
function toTableEnd(lines: readonly string[], start: number): number {
  let next = start + 1;
  while (next < lines.length && toHeader(lines[next] ?? '') === undefined) next += 1;
  while (next > start + 1 && (isBlank(lines[next - 1]) || /^\s*#/.test(lines[next - 1] ?? ''))) next -= 1;
  return next;
}

function isBlank(line: string | undefined): boolean {
  return line !== undefined && line.trim() === '';
}

/** The keys of a table's header line. */
function toHeader(line: string): string[] | undefined {
  if (!/^\s*\[/.test(line)) return undefined;
  const content = parseTomlText(line);
  if (content === undefined) return undefined;
  const keys: string[] = [];
  for (let at: unknown = content; isObject(at);) {
    const [key] = Object.keys(at);
    if (key === undefined) break;
    keys.push(key);
    at = at[key];
  }
  return keys;
}

function isWithin(keys: readonly string[], path: readonly string[]): boolean {
  return path.every((key, index) => keys[index] === key);
}

/** One table with its header. */
export function toTable(path: readonly string[], value: Json, eol = '\n'): string {
  const header = path.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key))).join('.');
  return `[${header}]${eol}${stringify(value).trimEnd().replaceAll('\n', eol)}${eol}`;
}
