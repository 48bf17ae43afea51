/**
 * Foreign values made fit for an episode: texts cut to the house's limits, results parsed where they are JSON, and
 * an allowance that keeps an episode small, whatever a transcript holds. Nothing here guesses: what is cut is left out.
 */
import { limits } from '../../machines/words/limits.ts';

/** Arguments and results kept of one episode, in characters of JSON, all together. */
const episodeCharsMax = 4 * 1024 * 1024;

/** Names of tools, servers and agents; together they still fit an event's 300 characters. */
export const nameCharsMax = limits.toldNameMax;
export const serverCharsMax = 90;

/** A foreign value as a word to look up; objects are none, and must not be asked to make one of themselves. */
export function toWord(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Keeps values as long as one of them is small and all of them together stay under the maximum. */
export interface Allowance {
  /** The value, or undefined when it is too large, too deep or no longer affordable. */
  readonly keep: (value: unknown) => unknown;
  /** Characters kept so far. */
  readonly used: () => number;
}

/** A fresh allowance, one for each episode. */
export function createAllowance(): Allowance {
  let left = episodeCharsMax;
  return {
    keep: (value) => {
      const size = measure(value, Math.min(left, limits.recordedBytesMax));
      if (size === undefined) return undefined;
      left -= size;
      return value;
    },
    used: () => episodeCharsMax - left,
  };
}

/** A task as a person would read it, cut to the limit and without what no database text may hold. */
export function toTaskText(text: string): string {
  return toCleanText(text, limits.taskTextMax).trim();
}

/** A text of at most so many characters, well-formed and without NUL. */
export function toCleanText(text: string, charsMax: number): string {
  const cut = text.slice(0, charsMax).toWellFormed().replaceAll('\0', ' ');
  // Joined anew: a slice would keep the whole of a long text in memory for as long as the episode lives.
  return text.length > charsMax ? cut.split('').join('') : cut;
}

/** A result's text as a value: parsed where it is JSON, else the text itself. */
export function toResult(text: string): unknown {
  if (text.length > limits.recordedBytesMax || !/^\s*(?:[[{"\d-]|true|false|null)/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    // A number that JavaScript would write differently (a long id, 1.0) is safer as the text it was.
    return typeof value === 'number' && String(value) !== text.trim() ? text : value;
  } catch {
    return text;
  }
}

/** ISO 8601 in UTC, or undefined for anything that is no such time. */
export function toTime(text: unknown): string | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]{5,20}(?:Z|[+-]\d\d:\d\d)$/.test(text)) {
    return undefined;
  }
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** About how many characters a value has as JSON; undefined past the maximum. Walks level by level: depth is foreign. */
function measure(value: unknown, charsMax: number): number | undefined {
  let size = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limits.messageDepthMax) return undefined;
    const below: unknown[] = [];
    for (const item of level) {
      size += ownChars(item);
      if (size > charsMax) return undefined;
      if (Array.isArray(item)) for (const element of item) below.push(element);
      else if (typeof item === 'object' && item !== null) below.push(...Object.values(item));
    }
    level = below;
  }
  return size;
}

function ownChars(item: unknown): number {
  if (typeof item === 'string') return item.length + 2;
  if (Array.isArray(item)) return item.length + 2;
  if (typeof item !== 'object' || item === null) return 4;
  let chars = 2;
  for (const key in item) chars += key.length + 4;
  return chars;
}
