/**
 * Objects and lists of JSON that stand inside a text, as people and programs write them into sentences: what they hold is
 * looked at by name and neighbour, which no pattern over the text can do. How much is tried is bounded.
 */

export interface Embedded {
  readonly start: number;
  readonly end: number;
  readonly value: unknown;
}

/** Beginnings that are tried in one text; what stands behind them is left to the patterns. */
const triesMax = 64;
/** How often the text is read in all, however its brackets stand. */
const readingsMax = 4;
/** The shortest that can hold something: `["a","b"]`. */
const charactersMin = 9;

/** The outermost ones, in order. */
export function findEmbedded(text: string): Embedded[] {
  const found: Embedded[] = [];
  const begin = /[{[]/g;
  let room = text.length * readingsMax;
  for (let tries = 0; tries < triesMax && room > 0; tries += 1) {
    const match = begin.exec(text);
    if (match === null) break;
    const end = findEnd(text, match.index);
    room -= (end ?? text.length) - match.index;
    if (end === undefined) continue;
    const value = end - match.index < charactersMin ? undefined : parse(text.slice(match.index, end));
    if (value === undefined) continue;
    found.push({ start: match.index, end, value });
    begin.lastIndex = end;
  }
  return found;
}

/** Behind the bracket that closes the one here. */
function findEnd(text: string, start: number): number | undefined {
  let depth = 0;
  let isQuoted = false;
  for (let at = start; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (isQuoted) {
      if (sign === '\\') at += 1;
      else if (sign === '"') isQuoted = false;
    } else if (sign === '"') isQuoted = true;
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
