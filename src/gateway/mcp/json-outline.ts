/**
 * The outline of a JSON text, found without building anything: how deep it nests and how many members it has.
 * Comparing the number of members with what `JSON.parse` kept shows duplicate keys, however they are escaped.
 */

export interface Outline {
  readonly depth: number;
  /** Colons outside of strings: one for each member of each object. */
  readonly members: number;
}

const quote = 0x22;
const backslash = 0x5c;

/** Depth and members of a JSON text; of a malformed one, whatever was counted. Stops counting beyond `depthMax`. */
export function outlineJson(text: string, depthMax: number): Outline {
  let depth = 0;
  let deepest = 0;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = stringEnd(text, at);
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (deepest > depthMax) break;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    } else if (code === 0x3a) {
      members += 1;
    }
  }
  return { depth: deepest, members };
}

/** The position of the quote that closes the string opened at `open`; the text's end where none does. */
function stringEnd(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

export interface MemberCount {
  readonly members: number;
  /** The widest object's number of keys. */
  readonly widest: number;
}

/** Members of a parsed value, all levels together; the value's depth must have been bounded before. */
export function countMembers(value: unknown): MemberCount {
  if (typeof value !== 'object' || value === null) return { members: 0, widest: 0 };
  const keys = Array.isArray(value) ? 0 : Object.keys(value).length;
  let members = keys;
  let widest = keys;
  for (const child of Object.values(value)) {
    if (typeof child !== 'object' || child === null) continue;
    const below = countMembers(child);
    members += below.members;
    if (below.widest > widest) widest = below.widest;
  }
  return { members, widest };
}
