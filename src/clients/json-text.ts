/**
 * Changes members of a JSON text, comments and trailing commas allowed, and leaves everything else as it was: indentation,
 * line ends, comments, the order of keys. A change that would say something else than meant is refused.
 */
import jsonc from 'jsonc-parser';
import { DreyError } from '../../machines/words/errors.ts';
import { isObject, isSame } from './client.ts';
import type { Json } from './client.ts';

/** Sets a member, or takes it out where the value is undefined. */
export interface Change {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Reads the object a file holds; undefined when it is none. An empty file is an empty object. */
export function parseJsonText(text: string): Json | undefined {
  if (text.trim() === '') return {};
  const errors: jsonc.ParseError[] = [];
  const value: unknown = jsonc.parse(text, errors, { allowTrailingComma: true });
  return errors.length === 0 && isObject(value) ? value : undefined;
}

/** The text with the changes made, in their order. */
export function changeJson(text: string, changes: readonly Change[]): string {
  const before = text.trim() === '' ? `{}${toEnd(text)}` : text;
  const formattingOptions = toFormat(before);
  let now = before;
  for (const { path, value } of changes) {
    now = jsonc.applyEdits(now, jsonc.modify(now, [...path], value, { formattingOptions }));
  }
  const meant = changes.reduce<Json>(withChange, parseJsonText(before) ?? {});
  if (isSame(parseJsonText(now), meant)) return now;
  throw new DreyError('config_invalid', 'The file cannot be changed without changing what else it says.');
}

/** The object with one member set or taken out; objects on the way are made. */
export function withChange(content: Json, { path, value }: Change): Json {
  const [key, ...rest] = path;
  if (key === undefined) return content;
  const held = content[key];
  const next = rest.length === 0 ? value : withChange(isObject(held) ? held : {}, { path: rest, value });
  const { [key]: _gone, ...others } = content;
  return next === undefined ? others : { ...content, [key]: next };
}

function toFormat(text: string): jsonc.FormattingOptions {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = /^\{\s*?\r?\n([ \t]+)/.exec(text.trimStart())?.[1];
  if (indent?.startsWith('\t') === true) return { insertSpaces: false, tabSize: 4, eol };
  return { insertSpaces: true, tabSize: indent?.length ?? 2, eol };
}

function toEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
