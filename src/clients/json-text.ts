/**
 * Changes members of a JSON text, comments and trailing commas allowed, and leaves everything else as it was: indentation,
 * line ends, comments, the order of keys. A change that would say something else than meant is refused.
 */
import * as jsonc from './jsonc.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { isObject, isSame } from './client.ts';
import { insertJson } from './json-insert.ts';
import { removeJson } from './json-remove.ts';
import type { Change, Json } from './client.ts';

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
  let now = before;
  for (const change of changes) {
    now = change.value === undefined ? removeJson(now, change.path) : putJson(now, change);
  }
  const meant = changes.reduce<Json>(withChange, parseJsonText(before) ?? {});
  if (isSame(parseJsonText(now), meant)) return now;
  throw new DreyError('config_invalid', 'The file cannot be changed without changing what else it says.');
}

function putJson(text: string, change: Change): string {
  const formattingOptions = toFormat(text);
  const put = insertJson(text, change, formattingOptions);
  if (put !== undefined) return put;
  return jsonc.applyEdits(text, jsonc.modify(text, [...change.path], change.value, { formattingOptions }));
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
