/**
 * Puts a new member behind the last one of an object in a JSON text, written the way its neighbours are, without
 * touching a byte of them. Where this does not know how, it says so and somebody else does it.
 */
import * as jsonc from './jsonc.ts';
import type { Change } from './client.ts';

export interface Format {
  readonly eol?: string;
  readonly insertSpaces?: boolean;
  readonly tabSize?: number;
}

/** Lists of words up to so many characters stand on one line. */
const lineCharsMax = 80;

/** The text with the member put in; undefined where it is there already or there is no plain place for it. */
export function insertJson(text: string, { path, value }: Change, format: Format): string | undefined {
  const root = jsonc.parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined) return undefined;
  let parent = root;
  let depth = 0;
  for (; depth < path.length; depth += 1) {
    const next = jsonc.findNodeAtLocation(root, path.slice(0, depth + 1));
    if (next === undefined) break;
    parent = next;
  }
  const missing = path.slice(depth);
  const [key] = missing;
  if (key === undefined || parent.type !== 'object') return undefined;
  const nested = missing.slice(1).reduceRight<unknown>((held, name) => ({ [name]: held }), value);
  const eol = format.eol ?? '\n';
  const unit = format.insertSpaces === false ? '\t' : ' '.repeat(format.tabSize ?? 2);
  const first = parent.children?.[0];
  const last = parent.children?.at(-1);
  if (first !== undefined && last !== undefined) {
    const indent = toIndent(text, first.offset);
    const at = last.offset + last.length;
    const member =
      indent === undefined
        ? `,${JSON.stringify(key)}:${JSON.stringify(nested)}`
        : `,${eol}${indent}${JSON.stringify(key)}: ${toText(nested, unit, indent, eol)}`;
    return text.slice(0, at) + member + text.slice(at);
  }
  const end = parent.offset + parent.length;
  if (text.slice(parent.offset + 1, end - 1).trim() !== '') return undefined;
  const base = toLineIndent(text, parent.offset);
  const member = `${eol}${base}${unit}${JSON.stringify(key)}: ${toText(nested, unit, base + unit, eol)}${eol}${base}`;
  return `${text.slice(0, parent.offset)}{${member}}${text.slice(end)}`;
}

/** White space before what begins a line at the offset; undefined where something else stands before it. */
function toIndent(text: string, offset: number): string | undefined {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^[ \t]*$/.test(before) && text.lastIndexOf('\n', offset - 1) >= 0 ? before : undefined;
}

function toLineIndent(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

function toText(value: unknown, unit: string, indent: string, eol: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = indent + unit;
  if (Array.isArray(value)) {
    const items = value.map((item) => toText(item, unit, inner, eol));
    const line = `[${items.join(', ')}]`;
    if (items.length === 0 || (line.length <= lineCharsMax && !line.includes(eol))) return line;
    return `[${eol}${items.map((item) => inner + item).join(`,${eol}`)}${eol}${indent}]`;
  }
  const members = Object.entries(value)
    .filter(([, held]) => held !== undefined)
    .map(([name, held]) => `${inner}${JSON.stringify(name)}: ${toText(held, unit, inner, eol)}`);
  return members.length === 0 ? '{}' : `{${eol}${members.join(`,${eol}`)}${eol}${indent}}`;
}
