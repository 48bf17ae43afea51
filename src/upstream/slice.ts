/**
 * Slices JSON text without parsing it: the raw text of an object's members or of an array's elements, byte for byte.
 * It accepts exactly what JSON.parse accepts (a property test holds it to that), in linear time and without recursion,
 * and it must never guess: what is malformed, too deep or ambiguous (a wanted key that occurs twice) is refused.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { limits } from '../../machines/words/limits.ts';
import type { RawJson } from '../../machines/words/calls.ts';

/** One member of an object: its decoded key, and key and value as they were written. */
export interface RawMember {
  readonly key: string;
  readonly rawKey: RawJson;
  readonly raw: RawJson;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The raw text of the named top-level members; `undefined` where a member is absent. */
export function sliceMembers<K extends string>(
  json: RawJson,
  keys: readonly K[],
  depthMax: number = limits.messageDepthMax,
): { readonly [key in K]: RawJson | undefined } {
  const found = Object.create(null) as { [key in K]: RawJson | undefined }; // no prototype: a key may be __proto__
  for (const key of keys) found[key] = undefined;
  walkMembers(json, depthMax, (key, keyStart, keyEnd, start, end) => {
    const known = key ?? json.slice(keyStart + 1, keyEnd - 1);
    if (!(keys as readonly string[]).includes(known)) return;
    const wanted = known as K; // it is one of the keys set above
    if (found[wanted] !== undefined) {
      throw new DreyError('body_malformed', `the JSON object has the member "${known}" twice; write it once`);
    }
    found[wanted] = json.slice(start, end);
  });
  return found;
}

/** All members of an object, in their order; a key may occur twice. */
export function listMembers(json: RawJson, depthMax: number = limits.messageDepthMax): readonly RawMember[] {
  const members: RawMember[] = [];
  walkMembers(json, depthMax, (key, keyStart, keyEnd, start, end) => {
    members.push({
      key: key ?? json.slice(keyStart + 1, keyEnd - 1),
      rawKey: json.slice(keyStart, keyEnd),
      raw: json.slice(start, end),
    });
  });
  return members;
}

/** The raw text of an array's elements, in their order. */
export function sliceElements(json: RawJson, depthMax: number = limits.messageDepthMax): readonly RawJson[] {
  const elements: RawJson[] = [];
  let at = skipSpace(json, 0);
  if (json.charCodeAt(at) !== openBracket) throw malformed(json, at, 'an array');
  at = skipSpace(json, at + 1);
  if (json.charCodeAt(at) === closeBracket) return endOfText(json, at + 1, elements);
  for (;;) {
    const end = skipValue(json, at, depthMax - 1);
    elements.push(json.slice(at, end));
    at = skipSpace(json, end);
    const code = json.charCodeAt(at);
    if (code === closeBracket) return endOfText(json, at + 1, elements);
    if (code !== comma) throw malformed(json, at, '"," or "]"');
    at = skipSpace(json, at + 1);
  }
}

/** Throws `body_malformed` unless the text is one JSON value within the depth. */
export function assertJson(json: RawJson, depthMax: number = limits.messageDepthMax): void {
  endOfText(json, skipValue(json, skipSpace(json, 0), depthMax), undefined);
}

/** `key` is undefined where the key has no escapes: then the visitor slices it itself, or not at all. */
type VisitMember = (
  key: string | undefined,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
) => void;

function walkMembers(json: RawJson, depthMax: number, visit: VisitMember): void {
  let at = skipSpace(json, 0);
  if (json.charCodeAt(at) !== openBrace) throw malformed(json, at, 'an object');
  at = skipSpace(json, at + 1);
  if (json.charCodeAt(at) === closeBrace) return endOfText(json, at + 1, undefined);
  for (;;) {
    const keyEnd = skipString(json, at);
    const start = skipSpace(json, skipColon(json, keyEnd));
    const end = skipValue(json, start, depthMax - 1);
    visit(decodedKey(json, at, keyEnd), at, keyEnd, start, end);
    at = skipSpace(json, end);
    const code = json.charCodeAt(at);
    if (code === closeBrace) return endOfText(json, at + 1, undefined);
    if (code !== comma) throw malformed(json, at, '"," or "}"');
    at = skipSpace(json, at + 1);
  }
}

/** A key written with escapes ("\u0069d" is "id") is decoded, so that nobody hides a member from us. */
function decodedKey(json: RawJson, start: number, end: number): string | undefined {
  const escape = json.indexOf('\\', start);
  if (escape === -1 || escape >= end) return undefined;
  return String(JSON.parse(json.slice(start, end)));
}

function endOfText<T>(json: RawJson, at: number, answer: T): T {
  const end = skipSpace(json, at);
  if (end !== json.length) throw malformed(json, end, 'the end');
  return answer;
}

/** Skips one value that begins at `start`; open containers are kept in a list, so that depth costs no stack. */
function skipValue(json: RawJson, start: number, depthMax: number): number {
  const closers: number[] = [];
  let at = start;
  for (;;) {
    const opener = json.charCodeAt(at);
    if (opener === openBrace || opener === openBracket) {
      if (closers.length >= depthMax) {
        throw new DreyError('body_malformed', `the JSON is nested deeper than allowed at character ${at}`);
      }
      const closer = opener + 2; // "}" follows "{" by two in ASCII, and "]" follows "["
      at = skipSpace(json, at + 1);
      if (json.charCodeAt(at) !== closer) {
        closers.push(closer);
        if (closer === closeBrace) at = skipKey(json, at);
        continue;
      }
      at += 1;
    } else {
      at = skipScalar(json, at, opener);
    }
    at = closeContainers(json, at, closers);
    if (closers.length === 0) return at;
  }
}

/** After a value: closes what ends here and stops before the next value, or where nothing is open any more. */
function closeContainers(json: RawJson, after: number, closers: number[]): number {
  let at = after;
  for (let closer = closers.at(-1); closer !== undefined; closer = closers.at(-1)) {
    at = skipSpace(json, at);
    const code = json.charCodeAt(at);
    if (code === closer) {
      closers.pop();
      at += 1;
      continue;
    }
    if (code !== comma) throw malformed(json, at, closer === closeBrace ? '"," or "}"' : '"," or "]"');
    at = skipSpace(json, at + 1);
    return closer === closeBrace ? skipKey(json, at) : at;
  }
  return at;
}

function skipKey(json: RawJson, at: number): number {
  return skipSpace(json, skipColon(json, skipString(json, at)));
}

function skipColon(json: RawJson, after: number): number {
  const at = skipSpace(json, after);
  if (json.charCodeAt(at) !== colon) throw malformed(json, at, '":"');
  return at + 1;
}

function skipScalar(json: RawJson, at: number, code: number): number {
  if (code === quote) return skipString(json, at);
  if (json.startsWith('true', at) || json.startsWith('null', at)) return at + 4;
  if (json.startsWith('false', at)) return at + 5;
  number.lastIndex = at;
  if (!number.test(json)) throw malformed(json, at, 'a value');
  return number.lastIndex;
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** A run of characters without meaning; native code is faster than ours on long runs, and slower on short ones. */
// oxlint-disable-next-line no-control-regex -- JSON forbids control characters in strings
const plainRun = /[^"\\\u0000-\u001f]*/y;
const longRun = 24;

function skipString(json: RawJson, start: number): number {
  if (json.charCodeAt(start) !== quote) throw malformed(json, start, 'a string');
  let at = start + 1;
  for (let run = 0; ;) {
    const code = json.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) {
      at = skipEscape(json, at);
      run = 0;
    } else if (code >= 0x20) {
      at += 1;
      run += 1;
      if (run < longRun) continue;
      plainRun.lastIndex = at;
      plainRun.test(json);
      at = plainRun.lastIndex;
    } else {
      throw malformed(json, at, 'the end of a string'); // a control character, or NaN past the text's end
    }
  }
}

const simpleEscapes = new Set('"\\/bfnrt'.split('').map((letter) => letter.charCodeAt(0)));

function skipEscape(json: RawJson, at: number): number {
  const letter = json.charCodeAt(at + 1);
  if (simpleEscapes.has(letter)) return at + 2;
  const isUnicode =
    letter === 0x75 && [2, 3, 4, 5].every((offset) => isHexDigit(json.charCodeAt(at + offset)));
  if (!isUnicode) throw malformed(json, at, 'a JSON escape');
  return at + 6;
}

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

function skipSpace(json: RawJson, start: number): number {
  let at = start;
  for (;;) {
    const code = json.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

function malformed(json: RawJson, at: number, expected: string): DreyError {
  const place = at >= json.length ? 'at its end' : `at character ${at}`;
  return new DreyError('body_malformed', `the JSON is malformed ${place}; expected ${expected}`);
}
