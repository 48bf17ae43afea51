/**
 * Takes a member out of an object in a JSON text, together with its comma and, where it had lines of its own, with these.
 * Its neighbours and their comments stay as they are written, and nothing is left between two braces.
 */
import * as jsonc from './jsonc.ts';

/** The text without the member; the same text where there is none. */
export function removeJson(text: string, path: readonly string[]): string {
  const root = jsonc.parseTree(text, [], { allowTrailingComma: true });
  const property = root === undefined ? undefined : jsonc.findNodeAtLocation(root, [...path])?.parent;
  const parent = property?.parent;
  if (property === undefined || parent?.children === undefined) return text;
  const before = parent.children[parent.children.indexOf(property) - 1];
  const comma = findComma(text, property.offset + property.length);
  const [from, to] = toCut(
    text,
    property.offset,
    comma === undefined ? property.offset + property.length : comma + 1,
  );
  let left = text.slice(0, from);
  if (comma === undefined && before !== undefined) {
    // It was the last one, so that the comma of the one before it parts nothing any more.
    const parting = findComma(text, before.offset + before.length) ?? from;
    left = left.slice(0, parting) + left.slice(parting + 1);
  }
  if (parent.children.length > 1) return left + text.slice(to);
  const right = text.slice(to);
  const isBlank = /\{\s*$/.test(left) && /^\s*\}/.test(right);
  return isBlank ? left.trimEnd() + right.trimStart() : left + right;
}

/** The comma behind a member, comments in between allowed. */
function findComma(text: string, from: number): number | undefined {
  const scanner = jsonc.createScanner(text, true);
  scanner.setPosition(from);
  scanner.scan();
  const at = scanner.getTokenOffset();
  return text[at] === ',' ? at : undefined;
}

/** What to cut: whole lines where nothing else stands on them, else up to the next word. */
function toCut(text: string, from: number, to: number): readonly [number, number] {
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const rest = /^[ \t]*\r?\n/.exec(text.slice(to))?.[0];
  if (rest !== undefined && text.slice(lineStart, from).trim() === '') return [lineStart, to + rest.length];
  return [from, to + (/^[ \t]*/.exec(text.slice(to))?.[0].length ?? 0)];
}
