/**
 * The leaves of JSON arguments and results with their paths, lists' places kept apart, within bounds. JSON or a Python
 * literal inside a text (results of tools often are) is read through; anything odd is simply a text.
 */
import { bounds } from './bounds.ts';
import { readCutJson } from './cut-json.ts';
import { readLiteral } from './literals.ts';
import { isPlainObject } from './symbol.ts';

export type Primitive = string | number | boolean | null;

/** A leaf's place in the innermost list around it. */
export interface ListPlace {
  readonly index: number;
  readonly length: number;
  /** The element that holds the leaf. */
  readonly element: unknown;
}

export interface Leaf {
  /** Keys and indices from the root. */
  readonly path: readonly string[];
  readonly value: Primitive;
  readonly place: ListPlace | undefined;
}

/** Elements of one list that are looked at: the first ones and the last. */
const listElementsMax = 50;

/** Every primitive in a JSON value, in order, at most `max`. */
export function toLeaves(value: unknown, max: number): Leaf[] {
  const leaves: Leaf[] = [];
  walk(value, [], undefined, { leaves, max });
  return leaves;
}

interface Walk {
  readonly leaves: Leaf[];
  readonly max: number;
}

function walk(value: unknown, path: readonly string[], place: ListPlace | undefined, into: Walk): void {
  if (into.leaves.length >= into.max || path.length > bounds.depthMax) return;
  if (Array.isArray(value)) {
    const length = value.length;
    const last = length > listElementsMax ? [length - 1] : [];
    const indices = [...Array(Math.min(length, listElementsMax)).keys(), ...last];
    for (const index of indices) {
      const element: unknown = value[index];
      walk(element, [...path, String(index)], { index, length, element }, into);
    }
    return;
  }
  if (isPlainObject(value)) {
    for (const key of Object.keys(value)) walk(value[key], [...path, key], place, into);
    return;
  }
  if (typeof value === 'string') {
    const inner = readThrough(value);
    if (inner !== undefined) return walk(inner, path, place, into);
  }
  if (isPrimitive(value)) into.leaves.push({ path, value, place });
}

/** Characters of a Python literal that is read. */
const literalTextMax = 4_000;

/** Texts that were read last: every step of learning reads an episode's results once more. Nobody changes what was read. */
const lastRead = new Map<string, object | undefined>();
const lastReadMax = { texts: 256, characters: 1_000_000 } as const;
let charactersRead = 0;

/** What is inside a text, if the text is a JSON object or list, or a Python one. */
function readThrough(text: string): object | undefined {
  const first = /\S/.exec(text)?.[0];
  if (text.length > 70_000 || (first !== '{' && first !== '[' && first !== '(')) return undefined;
  if (lastRead.has(text)) return lastRead.get(text);
  if (lastRead.size >= lastReadMax.texts || charactersRead > lastReadMax.characters) {
    lastRead.clear();
    charactersRead = 0;
  }
  const inside = readInside(text);
  lastRead.set(text, inside);
  charactersRead += text.length;
  return inside;
}

function readInside(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return (text.length > literalTextMax ? undefined : readLiteral(text)) ?? readCut(text);
  }
}

/** Results are cut at a thousand characters or more; what is shorter is whole. */
function readCut(text: string): object | undefined {
  return text.length < 1_000 || text.startsWith('(') ? undefined : readCutJson(text);
}

export function isPrimitive(value: unknown): value is Primitive {
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  );
}

/** A JSON pointer (RFC 6901). */
export function toPointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');
}

/** True for a path made of names and places only: keys that are values (ids, e-mails, texts) are none. */
export function isNamedPath(path: readonly string[]): boolean {
  return path.every(
    (part) => /^(?:\d{1,4}|[A-Za-z_$][\w$.-]{0,60})$/.test(part) && !/[A-Za-z_-]\d{4,}/.test(part),
  );
}
